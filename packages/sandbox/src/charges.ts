/** The gateway's decisions: pure functions from the charge under a key, and a request, to what stands then. */
import { type Decision, type Reply, refuse } from './decision.ts';
import { behaviourOf, NOT_CONFIRMED, type Reason } from './tokens.ts';

export interface Refund {
  key: string;
  amountMinor: number;
}

export interface ChargeRequest {
  key: string;
  orderId: string;
  amountMinor: number;
  currency: string;
  paymentToken: string;
}

/** Where a charge begins; it gets from failing to any other status, from pending to any but failing, and stays. */
type ChargeStatus = 'failing' | 'pending' | 'captured' | 'declined' | 'voided';

/** One charge that came. */
export interface TakenCharge {
  status: ChargeStatus;
  request: ChargeRequest;
  paymentId: string;
  /** Calls to capture that failed. */
  failures: number;
  reason?: Reason;
  refunds: Refund[];
}

/** One key: of a charge, or barred before its charge came. */
export type ChargeEntry = TakenCharge | { status: 'barred' };

/** What was given back of a charge. */
export function refundedOf({ refunds }: TakenCharge): number {
  return refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** The charge as the API shows it; 404 where nothing is known of the key. */
export function viewCharge(key: string, entry: ChargeEntry | undefined): Reply {
  if (entry?.status === 'barred' || entry?.status === 'voided')
    return { status: 200, body: { status: 'voided' } };
  if (entry === undefined || entry.status === 'failing')
    return refuse(404, 'not-found', `There is no charge under the key ${key}.`);
  const { status, paymentId, reason, refunds, request } = entry;
  if (status === 'pending') return { status: 200, body: { status, paymentId } };
  if (status === 'declined') return { status: 200, body: { status, reason } };
  return { status: 200, body: { status, paymentId, amountMinor: request.amountMinor, refunds } };
}

const isSame = (one: ChargeRequest, other: ChargeRequest) =>
  one.orderId === other.orderId && one.amountMinor === other.amountMinor && one.currency === other.currency;

/** Captures, as the token plays it. @param paymentId what the charge is called when it is a new one */
export function capture(
  entry: ChargeEntry | undefined,
  request: ChargeRequest,
  paymentId: string,
): Decision<ChargeEntry> {
  const { key } = request;
  if (entry?.status === 'barred') return { reply: viewCharge(key, entry) };
  if (entry !== undefined && !isSame(entry.request, request)) {
    const { amountMinor, currency, orderId } = entry.request;
    const detail = `The charge key ${key} stands for ${amountMinor} ${currency} of order ${orderId}; use another key.`;
    return { reply: refuse(422, 'idempotency-key-reused', detail) };
  }
  if (entry !== undefined && entry.status !== 'failing') return { reply: viewCharge(key, entry) };
  const { decline, isPending = false, failures = 0, firstReply } = behaviourOf(request.paymentToken);
  const charge: TakenCharge = entry ?? { status: 'failing', request, paymentId, failures: 0, refunds: [] };
  if (charge.failures < failures) {
    const detail = `The gateway failed at the charge ${key}; nothing was captured.`;
    return {
      entry: { ...charge, failures: charge.failures + 1 },
      reply: refuse(503, 'unavailable', detail),
    };
  }
  const status = isPending ? 'pending' : decline ? 'declined' : 'captured';
  const taken: TakenCharge = { ...charge, status, ...(status === 'declined' && { reason: decline }) };
  return { entry: taken, reply: { ...viewCharge(key, taken), ...(firstReply && { quirk: firstReply }) } };
}

/** Bars the key: what is not captured never will be; a captured charge is not touched. */
export function voidCharge(key: string, entry: ChargeEntry | undefined): Decision<ChargeEntry> {
  if (entry === undefined) {
    const barred = { status: 'barred' } as const;
    return { entry: barred, reply: viewCharge(key, barred) };
  }
  if (entry.status !== 'failing' && entry.status !== 'pending') return { reply: viewCharge(key, entry) };
  const voided: TakenCharge = { ...entry, status: 'voided' };
  return { entry: voided, reply: viewCharge(key, voided) };
}

/** Gives back a part, once under that refund key, never more than is left. */
export function refund(
  key: string,
  entry: ChargeEntry | undefined,
  { key: refundKey, amountMinor }: Refund,
): Decision<ChargeEntry> {
  if (entry?.status !== 'captured')
    return { reply: refuse(409, 'conflict', `Nothing is captured under the key ${key}.`) };
  const made = entry.refunds.find((other) => other.key === refundKey);
  if (made !== undefined) {
    if (made.amountMinor === amountMinor) return { reply: { status: 200, body: made } };
    const detail = `The refund key ${refundKey} stands for ${made.amountMinor}; it came again with ${amountMinor}.`;
    return { reply: refuse(422, 'idempotency-key-reused', detail) };
  }
  const leftMinor = entry.request.amountMinor - refundedOf(entry);
  if (amountMinor > leftMinor) {
    const detail = `Only ${leftMinor} are left of the charge ${key}; ${amountMinor} cannot be given back.`;
    return { reply: refuse(409, 'conflict', detail) };
  }
  const fresh = { key: refundKey, amountMinor };
  return { entry: { ...entry, refunds: [...entry.refunds, fresh] }, reply: { status: 200, body: fresh } };
}

/**
 * The payer or the bank acts on a pending charge; on any other, nothing happens.
 * @param outcome by default the one that the token plays
 */
export function settle(
  key: string,
  entry: ChargeEntry | undefined,
  outcome?: 'captured' | 'failed',
): Decision<ChargeEntry> {
  if (entry?.status !== 'pending') return { reply: viewCharge(key, entry) };
  const { orderId, amountMinor, paymentToken } = entry.request;
  const { decline } = behaviourOf(paymentToken);
  if (outcome === 'failed' || (outcome === undefined && decline !== undefined)) {
    const reason = decline ?? NOT_CONFIRMED;
    const declined: TakenCharge = { ...entry, status: 'declined', reason };
    const data = { orderId, chargeKey: key, reason };
    return { entry: declined, reply: viewCharge(key, declined), event: { type: 'payment.failed', data } };
  }
  const captured: TakenCharge = { ...entry, status: 'captured' };
  const data = { orderId, chargeKey: key, paymentId: entry.paymentId, amountMinor };
  return { entry: captured, reply: viewCharge(key, captured), event: { type: 'payment.settled', data } };
}
