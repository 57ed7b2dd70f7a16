/** The sandbox payment gateway: it plays the outside world, with a ledger of its own. */
import type { Connection } from 'mongoose';
import type { Reason } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import type { Charge, ChargeRequest, PaymentGateway } from '../ports/payment.ts';
import { type Ledger, type LedgerEntry, openLedger } from './sandbox-ledger.ts';
import { behaviourOf } from './sandbox-tokens.ts';

/** One charge. It only ever goes failing -> captured or voided, and captured -> captured with a refund. */
interface ChargeEntry extends LedgerEntry {
  status: 'failing' | 'captured' | 'declined' | 'voided';
  /** Calls to capture that came under this key. */
  attempts: number;
  at: Date;
  /** This and the next three are absent when the key was voided before a charge came. */
  orderId?: string;
  amountMinor?: number;
  currency?: string;
  paymentId?: string;
  reason?: Reason;
  refund?: { key: string; amountMinor: number; at: Date };
  /** The money given back, added up: a refund made twice would stand here twice. */
  refundedMinor?: number;
}

/** What the whole ledger comes to, in minor units whatever the currency. */
export interface LedgerTotals {
  captured: number;
  refunded: number;
  /** Charges captured, refunded ones included. */
  charges: number;
}

/** The gateway, and what its own books say. */
export interface SandboxGateway extends PaymentGateway {
  totals(): Promise<LedgerTotals>;
  /** The orders with more than one captured charge: none, unless something is wrong. */
  ordersChargedTwice(): Promise<string[]>;
}

/** What the sandbox gateway needs. */
export interface SandboxGatewayOptions {
  /** To a database of the gateway's own. */
  connection: Connection;
  clock: Clock;
  newId: () => string;
}

const CAPTURED = { $match: { status: 'captured' } };

function toCharge(entry: ChargeEntry): Charge | undefined {
  const { status, paymentId, amountMinor, reason } = entry;
  if (status === 'voided') return { status };
  if (status === 'declined' && reason) return { status, reason };
  if (status === 'captured' && paymentId !== undefined && amountMinor !== undefined)
    return { status, paymentId, amountMinor };
  return undefined;
}

function refuseOtherRequest(entry: ChargeEntry, request: ChargeRequest): void {
  if (entry.status === 'voided') return;
  const { orderId, amountMinor, currency } = request;
  if (entry.orderId === orderId && entry.amountMinor === amountMinor && entry.currency === currency) return;
  throw new TerminalError(
    'idempotency-key-reused',
    `The charge key ${request.key} stands for ${entry.amountMinor} ${entry.currency} of order ${entry.orderId}; ` +
      `it came again with ${amountMinor} ${currency} of order ${orderId}. Use another key for another charge.`,
  );
}

/**
 * The sandbox gateway on that ledger. What a token does is told in `sandbox-tokens.ts`. Any number of
 * processes may share the ledger; a charge on the happy way costs one insert.
 */
export function createSandboxGateway({ connection, clock, newId }: SandboxGatewayOptions): SandboxGateway {
  const charges = openLedger<ChargeEntry>(connection, 'charges');

  async function capture(request: ChargeRequest): Promise<Charge> {
    const { key, paymentToken } = request;
    const { decline, failures = 0, losesFirstReply = false } = behaviourOf(paymentToken);
    const settled = decline ? 'declined' : 'captured';
    const fresh: ChargeEntry = {
      _id: key,
      status: failures > 0 ? 'failing' : settled,
      attempts: 1,
      at: clock.now(),
      orderId: request.orderId,
      amountMinor: request.amountMinor,
      currency: request.currency,
      paymentId: `pay_${newId()}`,
      ...(decline && { reason: decline }),
    };
    const first = await charges.insert(fresh);
    let entry = first ? fresh : await charges.change({ _id: key }, { $inc: { attempts: 1 } });
    if (entry) refuseOtherRequest(entry, request);
    if (entry?.status === 'failing' && entry.attempts > failures) {
      const settlement = { $set: { status: settled, at: clock.now() } } as const;
      entry =
        (await charges.change({ _id: key, status: 'failing' }, settlement)) ?? (await charges.find(key));
    }
    const charge = entry && toCharge(entry);
    if (!charge) throw new RetryableError(`The gateway failed at the charge ${key}; nothing was captured.`);
    if (first && losesFirstReply)
      throw new RetryableError(`The gateway's reply to the charge ${key} was lost; look it up.`);
    return charge;
  }

  async function lookUp(key: string): Promise<Charge | undefined> {
    const entry = await charges.find(key);
    return entry && toCharge(entry);
  }

  return {
    capture,
    lookUp,
    undo: (chargeKey, refundKey) => undo(charges, clock, chargeKey, refundKey),
    async totals() {
      const sums = {
        captured: { $sum: '$amountMinor' },
        refunded: { $sum: '$refundedMinor' },
        charges: { $sum: 1 },
      };
      const group = { $group: { _id: null, ...sums } };
      const [row] = await charges.summarise<LedgerTotals>([CAPTURED, group, { $project: { _id: 0 } }]);
      return row ?? { captured: 0, refunded: 0, charges: 0 };
    },
    async ordersChargedTwice() {
      const group = { $group: { _id: '$orderId', count: { $sum: 1 } } };
      const rows = await charges.summarise<{ _id: string }>([
        CAPTURED,
        group,
        { $match: { count: { $gt: 1 } } },
      ]);
      return rows.map((row) => row._id);
    },
  };
}

/** Each step is conditional on the state it was decided on; a step that misses starts over with the new state. */
async function undo(
  charges: Ledger<ChargeEntry>,
  clock: Clock,
  chargeKey: string,
  refundKey: string,
): Promise<{ refundedMinor: number }> {
  const entry = await charges.find(chargeKey);
  if (!entry) {
    const voided: ChargeEntry = { _id: chargeKey, status: 'voided', attempts: 0, at: clock.now() };
    if (await charges.insert(voided)) return { refundedMinor: 0 };
  } else if (entry.status === 'failing') {
    const stillFailing = { _id: chargeKey, status: 'failing' } as const;
    if (await charges.change(stillFailing, { $set: { status: 'voided' } })) return { refundedMinor: 0 };
  } else if (entry.status !== 'captured') {
    return { refundedMinor: 0 };
  } else if (entry.refund) {
    return { refundedMinor: entry.refund.amountMinor };
  } else {
    const refund = { key: refundKey, amountMinor: entry.amountMinor ?? 0, at: clock.now() };
    const notRefunded = { _id: chargeKey, status: 'captured', refund: { $exists: false } } as const;
    const refunding = { $set: { refund }, $inc: { refundedMinor: refund.amountMinor } };
    if (await charges.change(notRefunded, refunding)) return { refundedMinor: refund.amountMinor };
  }
  return undo(charges, clock, chargeKey, refundKey);
}
