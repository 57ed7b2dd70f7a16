/** The work of each stage, by the name that the machine invokes it with. One outcome each; failures are thrown. */
import { LRUCache } from 'lru-cache';
import { bySku, keptLines } from '../machines/order-lines.ts';
import type {
  ConfirmationOutcome,
  LineQuantity,
  LocationOutcome,
  NoticeOutcome,
  OrderInput,
  OrderLine,
  PaymentOutcome,
  ShippingOutcome,
  ValidationOutcome,
} from '../machines/order-types.ts';
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import { RetryableError } from '../platform/errors.ts';
import type { NoticeTemplate } from '../ports/notifier.ts';
import type { Charge } from '../ports/payment.ts';
import type { Booking } from '../ports/shipping.ts';
import type { SaleUnits } from '../ports/stock.ts';
import type { User } from '../ports/users.ts';
import { createCompensations } from './compensations.ts';
import { checkAddress, claimsOf, refusalOf } from './validation.ts';
import { type ProcessorParts, skusOf, type Work } from './work.ts';

/** How long a customer's new address may be unknown here. */
const RECIPIENT_TTL_MS = 5_000;
const RECIPIENTS_MAX = 1_000;

/** The units of each product that the order has kept: none, where all of them were cancelled; and under which token. */
function keptUnits({ input, snapshot }: OrderRecord): SaleUnits[] {
  const { held } = snapshot.context;
  const tokenOf = (sku: string) => {
    const other = held?.others?.find((each) => each.sku === sku);
    return other ? other.token : held?.token;
  };
  const kept = bySku(input, keptLines({ ...snapshot.context, input }));
  const units = new Map(kept.map(({ sku, quantity }) => [sku, quantity]));
  return skusOf(input).map((sku) => {
    const token = tokenOf(sku);
    return { sku, quantity: units.get(sku) ?? 0, ...(token !== undefined && { token }) };
  });
}

function toPaymentOutcome(charge: Charge): PaymentOutcome {
  switch (charge.status) {
    case 'captured':
      return { type: 'payment.captured', paymentId: charge.paymentId, amountMinor: charge.amountMinor };
    case 'pending':
      return { type: 'payment.pending', paymentId: charge.paymentId };
    case 'declined':
      return { type: 'payment.declined', reason: charge.reason };
    case 'voided': {
      const detail = 'The payment had been called off before it was taken.';
      return { type: 'payment.declined', reason: { code: 'payment_voided', detail } };
    }
  }
}

/** The lines of a parcel as the carrier takes them. */
const contentsOf = ({ lines }: OrderInput, parcel: LineQuantity[] | undefined): OrderLine[] =>
  parcel?.flatMap(({ line, quantity }) => {
    const placed = lines[line - 1];
    return placed ? [{ ...placed, quantity }] : [];
  }) ?? lines;

/** Payment and shipping: idempotent at their providers. */
function forwardStages({ gateway, carrier }: ProcessorParts) {
  const book = (
    { input }: OrderRecord,
    key: string,
    parcel: LineQuantity[] | undefined,
  ): Promise<Booking> => {
    const { orderId, shippingAddress: address } = input;
    return carrier.book({ key, orderId, address, lines: contentsOf(input, parcel) });
  };
  return {
    /** Charges once: after a failed attempt the gateway is asked what became of it before it is repeated, by an operator too. */
    async 'payment.capture'({
      record,
      input: { chargeKey, amountMinor = record.input.amountMinor, paymentToken },
      failedAttempts,
    }: Work<{ chargeKey: string; amountMinor?: number; paymentToken?: string }>): Promise<PaymentOutcome> {
      const isRepeated = failedAttempts > 0 || record.snapshot.context.stuckIn === 'charging';
      const known = isRepeated ? await gateway.lookUp(chargeKey) : undefined;
      if (known) return toPaymentOutcome(known);
      const { orderId, currency } = record.input;
      const token = paymentToken ?? record.input.paymentToken ?? '';
      const request = { key: chargeKey, orderId, amountMinor, currency, paymentToken: token };
      return toPaymentOutcome(await gateway.capture(request));
    },

    /** The end of the wait for a payment: bars it, unless it has come in. */
    async 'payment.settle'({ input }: Work<{ chargeKey: string }>): Promise<PaymentOutcome> {
      return toPaymentOutcome(await gateway.void(input.chargeKey));
    },

    async 'shipping.book'({
      record,
      input: { shipmentKey: key, lines: parcel },
    }: Work<{ shipmentKey: string; lines?: LineQuantity[] }>): Promise<ShippingOutcome> {
      const booking = await book(record, key, parcel);
      if (booking.status === 'refused') return { type: 'shipment.refused', reason: booking.reason };
      const { shipmentId, trackingNumber } = booking;
      return { type: 'shipment.booked', shipmentId, carrier: booking.carrier, trackingNumber };
    },

    /** The end of the wait for a booking: asks the carrier whether it has the parcel all the same. */
    async 'shipping.locate'({
      record,
      input: { shipmentKey: key, lines: parcel },
    }: Work<{ shipmentKey: string; lines?: LineQuantity[] }>): Promise<LocationOutcome> {
      const status = await carrier.track(key);
      if (status === undefined || status === 'recalled') return { type: 'shipment.missing' };
      // What is booked under that key is told again.
      const booking = await book(record, key, parcel);
      if (booking.status === 'refused') return { type: 'shipment.missing' };
      const { shipmentId, trackingNumber } = booking;
      return { type: 'shipment.booked', shipmentId, carrier: booking.carrier, trackingNumber, status };
    },
  };
}

/** What the customer is told, and the selling of what was held. */
function lastStages({ stock, notifier, users }: ProcessorParts) {
  const recipients = new LRUCache<string, User>({ max: RECIPIENTS_MAX, ttl: RECIPIENT_TTL_MS });

  async function recipientOf(userId: string): Promise<User | undefined> {
    const recipient = recipients.get(userId) ?? (await users.findById(userId));
    // Not renewed when read: its time is counted from when it was looked up.
    if (recipient && !recipients.has(userId)) recipients.set(userId, recipient);
    return recipient;
  }

  async function tell(record: OrderRecord, key: string, template: NoticeTemplate): Promise<string> {
    const recipient = await recipientOf(record.input.customerId);
    if (recipient === undefined)
      throw new RetryableError(`There is no user ${record.input.customerId} to write to.`);
    const order = viewOrder(record, 'customer');
    return (await notifier.send({ key, template, order, recipient })).messageId;
  }
  return {
    /** The parcel is on its way: what was held is sold, and the customer is told. */
    async 'confirmation.send'({ record, input }: Work<{ messageKey: string }>): Promise<ConfirmationOutcome> {
      await stock.sell(record._id, keptUnits(record));
      return {
        type: 'confirmation.sent',
        messageId: await tell(record, input.messageKey, 'confirmation'),
      };
    },

    async 'confirmation.close'({ record }: Work<unknown>): Promise<{ type: 'stock.sold' }> {
      await stock.sell(record._id, keptUnits(record));
      return { type: 'stock.sold' };
    },

    async 'confirmation.notify'({
      record,
      input: { messageKey, template },
    }: Work<{ messageKey: string; template: NoticeTemplate }>): Promise<NoticeOutcome> {
      return { type: 'notice.sent', messageId: await tell(record, messageKey, template) };
    },
  };
}

/** The processors of the order machine; their names are its invocations' sources. */
export function createProcessors(parts: ProcessorParts) {
  const { stock, clock, newId } = parts;
  return {
    /**
     * Checks the address, then holds the stock while its price is right. What it holds of an order that it refuses
     * it does not give back: this very job may run twice at once, and the other run may have succeeded. Each run
     * holds under a token of its own: what one holds that has slept through the order's sale is never sold too.
     */
    async 'validation.check'({ record }: Work<unknown>): Promise<ValidationOutcome> {
      const { input } = record;
      const badAddress = checkAddress(input.shippingAddress);
      if (badAddress) return { type: 'order.refused', reason: badAddress, heldSome: false };
      const token = newId();
      const { shortfalls, heldSome, others } = await stock.hold(
        input.orderId,
        claimsOf(input),
        clock.now(),
        token,
      );
      if (shortfalls.length === 0) return { type: 'stock.held', held: { token, ...(others && { others }) } };
      return { type: 'order.refused', reason: refusalOf(shortfalls), heldSome };
    },
    ...forwardStages(parts),
    ...lastStages(parts),
    ...createCompensations(parts),
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
