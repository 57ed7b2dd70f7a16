/** The sandbox payment gateway: it plays the outside world, with a ledger of its own. */
import type { Connection } from 'mongoose';
import type { Reason } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import type { Charge, ChargeRequest, PaymentGateway, Refund } from '../ports/payment.ts';
import { type Ledger, type LedgerEntry, openLedger } from './sandbox-ledger.ts';
import { behaviourOf, NOT_CONFIRMED } from './sandbox-tokens.ts';

/** One charge. It goes from failing to any other status, from pending to any but failing, and then stays. */
interface ChargeEntry extends LedgerEntry {
  status: 'failing' | 'pending' | 'captured' | 'declined' | 'voided';
  /** Calls to capture that came under this key. */
  attempts: number;
  at: Date;
  /** This and the next four are absent when the key was voided before a charge came. */
  orderId?: string;
  amountMinor?: number;
  currency?: string;
  paymentId?: string;
  paymentToken?: string;
  reason?: Reason;
  refunds: Refund[];
  /** What the refunds come to. */
  refundedMinor: number;
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
  /** The payer acts on a pending charge; on any other, nothing happens. */
  settle(key: string, outcome: 'captured' | 'failed'): Promise<void>;
}

/** What the sandbox gateway needs. */
export interface SandboxGatewayOptions {
  /** To a database of the gateway's own. */
  connection: Connection;
  clock: Clock;
  newId: () => string;
}

const CAPTURED = { $match: { status: 'captured' } };

/** A pending charge settles by itself, as its token plays it, at the first look-up after that time. */
const SETTLES_AFTER_MS = 1_000;

function toCharge(entry: ChargeEntry): Charge | undefined {
  const { status, paymentId, amountMinor, reason, refunds } = entry;
  if (status === 'voided') return { status };
  if (status === 'declined' && reason) return { status, reason };
  if (status === 'pending' && paymentId !== undefined) return { status, paymentId };
  if (status === 'captured' && paymentId !== undefined && amountMinor !== undefined)
    return { status, paymentId, amountMinor, refunds };
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
  const charges = openLedger<ChargeEntry>(connection, 'charges', clock);

  async function capture(request: ChargeRequest): Promise<Charge> {
    const { key, paymentToken } = request;
    const { decline, failures = 0, losesFirstReply, isPending } = behaviourOf(paymentToken);
    const settled = isPending ? 'pending' : decline ? 'declined' : 'captured';
    const fresh: ChargeEntry = {
      _id: key,
      status: failures > 0 ? 'failing' : settled,
      attempts: 1,
      at: clock.now(),
      orderId: request.orderId,
      amountMinor: request.amountMinor,
      currency: request.currency,
      paymentId: `pay_${newId()}`,
      paymentToken,
      ...(settled === 'declined' && decline && { reason: decline }),
      refunds: [],
      refundedMinor: 0,
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

  const settle = (key: string, outcome: 'captured' | 'failed', reason: Reason = NOT_CONFIRMED) => {
    const settlement = outcome === 'captured' ? { status: outcome } : { status: 'declined' as const, reason };
    return charges.change({ _id: key, status: 'pending' }, { $set: settlement });
  };

  async function lookUp(key: string): Promise<Charge | undefined> {
    const entry = await charges.find(key);
    const isDue =
      entry?.status === 'pending' && clock.now().getTime() - entry.at.getTime() >= SETTLES_AFTER_MS;
    if (!isDue) return entry && toCharge(entry);
    const { decline } = behaviourOf(entry.paymentToken ?? '');
    await settle(key, decline ? 'failed' : 'captured', decline);
    return lookUp(key);
  }

  return {
    capture,
    lookUp,
    void: (key) => voidCharge(charges, clock, key),
    refund: (request) => refund(charges, request),
    async settle(key, outcome) {
      await settle(key, outcome);
    },
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
async function voidCharge(
  charges: Ledger<ChargeEntry>,
  clock: Clock,
  key: string,
): Promise<Exclude<Charge, { status: 'pending' }>> {
  const entry = await charges.find(key);
  if (!entry) {
    const at = clock.now();
    const voided = { _id: key, status: 'voided', attempts: 0, at, refunds: [], refundedMinor: 0 } as const;
    if (await charges.insert({ ...voided, refunds: [] })) return { status: 'voided' };
  } else if (entry.status === 'failing' || entry.status === 'pending') {
    if (await charges.change({ _id: key, status: entry.status }, { $set: { status: 'voided' } }))
      return { status: 'voided' };
  } else {
    const charge = toCharge(entry);
    if (charge && charge.status !== 'pending') return charge;
  }
  return voidCharge(charges, clock, key);
}

/** A captured charge stays so; only another refund can come between the look and the change. */
async function refund(
  charges: Ledger<ChargeEntry>,
  { chargeKey, refundKey, amountMinor }: { chargeKey: string; refundKey: string; amountMinor: number },
): Promise<Refund> {
  const made = { key: refundKey, amountMinor };
  const entry = await charges.find(chargeKey);
  const earlier = entry?.refunds.find(({ key }) => key === refundKey);
  if (earlier) {
    if (earlier.amountMinor === amountMinor) return earlier;
    const message = `The refund key ${refundKey} stands for ${earlier.amountMinor}; it came again with ${amountMinor}.`;
    throw new TerminalError('idempotency-key-reused', message);
  }
  if (entry?.status !== 'captured')
    throw new TerminalError('conflict', `Nothing is captured under the key ${chargeKey}.`);
  const leftMinor = (entry.amountMinor ?? 0) - entry.refundedMinor;
  if (amountMinor > leftMinor) {
    const message = `Only ${leftMinor} are left of the charge ${chargeKey}; ${amountMinor} cannot be given back.`;
    throw new TerminalError('conflict', message);
  }
  const { refunds, refundedMinor } = entry;
  const refunding = { refunds: [...refunds, made], refundedMinor: refundedMinor + amountMinor };
  // Every refund raises the sum: where it is still the same, no other has come between.
  const changed = await charges.change({ _id: chargeKey, refundedMinor }, { $set: refunding });
  return changed ? made : refund(charges, { chargeKey, refundKey, amountMinor });
}
