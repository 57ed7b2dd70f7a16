/** The gateway, the carrier and the notifier as one process reaches them; each keeps books of its own. */
import type { ProcessorParts } from '../../src/jobs/work.ts';
import { TerminalError } from '../../src/platform/errors.ts';
import type { Charge, ChargeRequest, PaymentGateway } from '../../src/ports/payment.ts';
import type { Booking, Carrier } from '../../src/ports/shipping.ts';
import { START } from '../support/orders.ts';
import { callProvider, type Outside, type SimulatedCharge } from './outside.ts';
import type { Caller } from './scheduler.ts';

const reused = (outside: Outside, key: string): never => {
  outside.protests.push(`${key} was used for something else before`);
  throw new TerminalError('idempotency-key-reused', `${key} stands for something else.`);
};

/** The first answer of the gateway, by the means of payment. */
function answerTo({ key, amountMinor, paymentToken }: ChargeRequest): Charge {
  const paymentId = `pay-${key}`;
  if (paymentToken.startsWith('tok_decline'))
    return { status: 'declined', reason: { code: 'lost_card', detail: 'Lost.' } };
  if (paymentToken.startsWith('tok_pending')) return { status: 'pending', paymentId };
  return { status: 'captured', paymentId, amountMinor, refunds: [] };
}

const leftOf = ({ amountMinor, refunds }: Extract<Charge, { status: 'captured' }>): number =>
  refunds.reduce((left, refund) => left - refund.amountMinor, amountMinor);

function gatewayFor(outside: Outside, caller: Caller): PaymentGateway {
  const { charges } = outside;
  const call = <T>(name: string, effect: () => T) =>
    callProvider(outside, caller, 'gateway', name, () => structuredClone(effect()));
  const orderIdOf = (key: string) => key.slice(0, key.indexOf('.charge.'));
  return {
    capture: (request) =>
      call('capture', () => {
        const { key, orderId, amountMinor, paymentToken } = request;
        const before = [...charges].some(
          ([other, charge]) => other !== key && charge.paymentToken === paymentToken,
        );
        if (before) outside.protests.push(`${key} charges a means again that was declined`);
        const known: SimulatedCharge = charges.get(key) ?? {
          charge: answerTo(request),
          orderId,
          amountMinor,
          paymentToken,
        };
        if (known.charge.status !== 'voided' && known.amountMinor !== amountMinor) reused(outside, key);
        charges.set(key, known);
        return known.charge;
      }),
    lookUp: (key) => call('lookUp', () => charges.get(key)?.charge),
    void: (key) =>
      call('void', () => {
        const known = charges.get(key);
        if (known && known.charge.status !== 'pending') return known.charge;
        const charge = { status: 'voided' as const };
        charges.set(key, { orderId: orderIdOf(key), amountMinor: 0, ...known, charge });
        return charge;
      }),
    refund: ({ chargeKey, refundKey, amountMinor }) =>
      call('refund', () => {
        const charge = charges.get(chargeKey)?.charge;
        if (charge?.status !== 'captured')
          throw new TerminalError('conflict', `${chargeKey} is not captured.`);
        const earlier = charge.refunds.find(({ key }) => key === refundKey);
        if (earlier && earlier.amountMinor !== amountMinor) reused(outside, refundKey);
        if (earlier) return earlier;
        if (leftOf(charge) < amountMinor) {
          outside.scheduler.count('refund refused');
          throw new TerminalError('conflict', `Of ${chargeKey} less than ${amountMinor} is left.`);
        }
        const refund = { key: refundKey, amountMinor };
        charge.refunds.push(refund);
        return refund;
      }),
  };
}

function carrierFor(outside: Outside, caller: Caller): Carrier {
  const { parcels, scheduler } = outside;
  const call = <T>(name: string, effect: () => T) => callProvider(outside, caller, 'carrier', name, effect);
  const orderIdOf = (key: string) => key.slice(0, key.indexOf('.shipment'));
  return {
    book: ({ key, orderId, lines }) =>
      call('book', (): Booking => {
        const known = parcels.get(key) ?? {
          orderId,
          state: scheduler.chance(0.07) ? ('refused' as const) : ('booked' as const),
          at: 'booked' as const,
          trackingNumber: `trk-${key}`,
          lines: structuredClone(lines),
        };
        parcels.set(key, known);
        const { state, trackingNumber } = known;
        if (state !== 'booked') return { status: 'refused', reason: { code: state, detail: 'Not taken.' } };
        return { status: 'booked', shipmentId: key, carrier: 'c', trackingNumber };
      }),
    recall: (key) =>
      call('recall', () => {
        const barred = { orderId: orderIdOf(key), at: 'booked' as const, trackingNumber: '', lines: [] };
        parcels.set(key, { ...barred, ...parcels.get(key), state: 'recalled' });
      }),
    track: (key) =>
      call('track', () => {
        const parcel = parcels.get(key);
        return parcel?.state === 'recalled' ? 'recalled' : parcel?.at;
      }),
  };
}

/** All providers, and the users that they write to. */
export function providersFor(
  outside: Outside,
  caller: Caller,
): Pick<ProcessorParts, 'gateway' | 'carrier' | 'notifier' | 'users'> {
  return {
    gateway: gatewayFor(outside, caller),
    carrier: carrierFor(outside, caller),
    notifier: {
      send: ({ key }) =>
        callProvider(outside, caller, 'notifier', 'send', () => {
          outside.notices.set(key, 1);
          return { messageId: key };
        }),
    },
    users: {
      findById: async (id) => ({
        id,
        email: `${id}@example.test`,
        username: id,
        role: 'customer',
        createdAt: START,
      }),
    } as ProcessorParts['users'],
  };
}
