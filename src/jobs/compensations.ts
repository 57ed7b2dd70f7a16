/** Undoing, wholly or in part: what each compensating state of the order asks for. Every step can be repeated. */
import type {
  AdjustmentOutcome,
  RecallOutcome,
  RefundOutcome,
  ReleaseOutcome,
  ReturnOutcome,
} from '../machines/order-types.ts';
import type { Adjustment, RefundRequest, TakeBack } from '../machines/order-work.ts';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import type { PaymentGateway } from '../ports/payment.ts';
import { type ProcessorParts, skusOf, type Work } from './work.ts';

/**
 * Gives back all that is left of a charge, once; bars it when nothing was captured.
 * @returns what was given back of it altogether, in minor units: an earlier refund may have come whose news had not
 */
async function undoCharge(gateway: PaymentGateway, chargeKey: string, refundKey: string): Promise<number> {
  const charge = await gateway.void(chargeKey);
  if (charge.status !== 'captured') return 0;
  const earlierMinor = charge.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const amountMinor = charge.amountMinor - earlierMinor;
  if (amountMinor === 0 || charge.refunds.some(({ key }) => key === refundKey)) return earlierMinor;
  try {
    return earlierMinor + (await gateway.refund({ chargeKey, refundKey, amountMinor })).amountMinor;
  } catch (error) {
    // Another refund, begun before the order was undone, came in between: what is left has to be looked up again.
    if (error instanceof TerminalError && error.code === 'conflict')
      throw new RetryableError(`The charge ${chargeKey} changed meanwhile.`, { cause: error });
    throw error;
  }
}

/** The compensations of the order machine, by source. */
export function createCompensations({ stock, gateway, carrier, clock }: ProcessorParts) {
  const giveBack = async (refund: RefundRequest | undefined): Promise<number> =>
    refund === undefined ? 0 : (await gateway.refund(refund)).amountMinor;

  return {
    async 'compensation.adjust'({ record, input }: Work<Adjustment>): Promise<AdjustmentOutcome> {
      if (input.recallKey !== undefined) await carrier.recall(input.recallKey);
      await stock.keep(record._id, input.keep);
      return { type: 'order.adjusted', refundedMinor: await giveBack(input.refund) };
    },

    async 'compensation.recall'({
      input,
    }: Work<{ shipmentKeys: string[] } | { shipmentKey: string }>): Promise<RecallOutcome> {
      // Orders of version 1 have one parcel.
      const keys = 'shipmentKeys' in input ? input.shipmentKeys : [input.shipmentKey];
      await Promise.all(keys.map((key) => carrier.recall(key)));
      return { type: 'shipment.recalled' };
    },

    async 'compensation.refund'({
      input: { chargeKey, refundKey },
    }: Work<{ chargeKey: string; refundKey: string }>): Promise<RefundOutcome> {
      return { type: 'payment.undone', refundedMinor: await undoCharge(gateway, chargeKey, refundKey) };
    },

    async 'compensation.release'({ record }: Work<unknown>): Promise<ReleaseOutcome> {
      await stock.release(record._id, skusOf(record.input));
      return { type: 'stock.released' };
    },

    async 'compensation.takeback'({ record, input }: Work<TakeBack>): Promise<ReturnOutcome> {
      const { returnKey: key, restock: units, refund } = input;
      if (units.length > 0) await stock.restock({ key, orderId: record._id, units }, clock.now());
      return { type: 'return.settled', refundedMinor: await giveBack(refund) };
    },
  };
}
