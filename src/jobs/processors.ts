/** The work of each stage, by the name that the machine invokes it with. One outcome each; failures are thrown. */
import type {
  ConfirmationOutcome,
  OrderInput,
  PaymentOutcome,
  RecallOutcome,
  RefundOutcome,
  ReleaseOutcome,
  ShippingOutcome,
  ValidationOutcome,
} from '../machines/order-types.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError } from '../platform/errors.ts';
import type { Mailer } from '../ports/mail.ts';
import type { Charge, PaymentGateway } from '../ports/payment.ts';
import type { Carrier } from '../ports/shipping.ts';
import type { StockLedger } from '../ports/stock.ts';
import type { UserRepository } from '../ports/users.ts';
import { confirmationOf } from './confirmation-text.ts';
import { checkAddress, claimsOf, refusalOf } from './validation.ts';

/** What a processor gets: the order as committed, the invocation's input, and how often it failed before. */
export interface Work<TInput> {
  record: OrderRecord;
  input: TInput;
  failedAttempts: number;
}

export interface ProcessorParts {
  stock: StockLedger;
  gateway: PaymentGateway;
  carrier: Carrier;
  mailer: Mailer;
  users: UserRepository;
  clock: Clock;
}

const skusOf = ({ lines }: OrderInput) => [...new Set(lines.map(({ sku }) => sku))];

function toPaymentOutcome(charge: Charge): PaymentOutcome {
  if (charge.status === 'captured') return { type: 'payment.captured', paymentId: charge.paymentId };
  if (charge.status === 'declined') return { type: 'payment.declined', reason: charge.reason };
  const reason = { code: 'payment_voided', detail: 'The payment had been called off before it was taken.' };
  return { type: 'payment.declined', reason };
}

/** The processors of the order machine; their names are its invocations' sources. */
export function createProcessors({ stock, gateway, carrier, mailer, users, clock }: ProcessorParts) {
  return {
    /**
     * Checks the address, then holds the stock while its price is right. What it holds of an order that it refuses
     * it does not give back: this very job may run twice at once, and the other run may have succeeded.
     */
    async 'validation.check'({ record }: Work<unknown>): Promise<ValidationOutcome> {
      const { input } = record;
      const badAddress = checkAddress(input.shippingAddress);
      if (badAddress) return { type: 'order.refused', reason: badAddress, heldSome: false };
      const { shortfalls, heldSome } = await stock.hold(input.orderId, claimsOf(input), clock.now());
      if (shortfalls.length === 0) return { type: 'stock.held' };
      return { type: 'order.refused', reason: refusalOf(shortfalls), heldSome };
    },

    /** Charges once: after a failed attempt the gateway is asked what became of it before it is repeated. */
    async 'payment.capture'({
      record,
      input,
      failedAttempts,
    }: Work<{ chargeKey: string }>): Promise<PaymentOutcome> {
      const known = failedAttempts > 0 ? await gateway.lookUp(input.chargeKey) : undefined;
      if (known) return toPaymentOutcome(known);
      const { orderId, amountMinor, currency, paymentToken } = record.input;
      const request = { key: input.chargeKey, orderId, amountMinor, currency, paymentToken };
      return toPaymentOutcome(await gateway.capture(request));
    },

    async 'shipping.book'({ record, input }: Work<{ shipmentKey: string }>): Promise<ShippingOutcome> {
      const { orderId, shippingAddress: address, lines } = record.input;
      const booking = await carrier.book({ key: input.shipmentKey, orderId, address, lines });
      if (booking.status === 'refused') return { type: 'shipment.refused', reason: booking.reason };
      const { shipmentId, trackingNumber } = booking;
      return { type: 'shipment.booked', shipmentId, carrier: booking.carrier, trackingNumber };
    },

    /** The parcel is on its way: what was held is sold, and the customer is told. */
    async 'confirmation.send'({ record, input }: Work<{ messageKey: string }>): Promise<ConfirmationOutcome> {
      await stock.sell(record._id, skusOf(record.input));
      const customer = await users.findById(record.input.customerId);
      if (customer === undefined)
        throw new RetryableError(`There is no user ${record.input.customerId} to write to.`);
      const message = {
        key: input.messageKey,
        to: customer.email,
        ...confirmationOf(record, customer.username),
      };
      return { type: 'confirmation.sent', messageId: (await mailer.send(message)).messageId };
    },

    async 'compensation.recall'({ input }: Work<{ shipmentKey: string }>): Promise<RecallOutcome> {
      await carrier.recall(input.shipmentKey);
      return { type: 'shipment.recalled' };
    },

    async 'compensation.refund'({
      input,
    }: Work<{ chargeKey: string; refundKey: string }>): Promise<RefundOutcome> {
      const { refundedMinor } = await gateway.undo(input.chargeKey, input.refundKey);
      return { type: 'payment.undone', refundedMinor };
    },

    async 'compensation.release'({ record }: Work<unknown>): Promise<ReleaseOutcome> {
      await stock.release(record._id, skusOf(record.input));
      return { type: 'stock.released' };
    },
  };
}

/**
 * What is done when an outcome comes too late: its invocation was ended meanwhile, by a cancel perhaps, and the
 * compensation may have looked before there was anything to undo. Payment and shipping need none: their
 * providers bar the key. @param record the order as it stands now
 */
export function createLateUndos({ stock }: Pick<ProcessorParts, 'stock'>): LateUndos {
  return {
    async 'validation.check'(record) {
      // An order that goes on may hold its stock by another run of the same invocation.
      if (record.status !== 'done' && record.snapshot.context.ending === undefined) return;
      await stock.release(record._id, skusOf(record.input));
    },
  };
}

/** Undoing late outcomes, by source. */
export type LateUndos = Readonly<Record<string, (record: OrderRecord) => Promise<void>>>;

/** The processors of a machine, by source. */
export type Processors = Readonly<Record<string, (work: Work<never>) => Promise<unknown>>>;
