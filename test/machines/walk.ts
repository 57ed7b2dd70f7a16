/** Walks everywhere that an order can get to, with its whole context: parcels, money, cancelled and returned units. */
import { returnableLines, unsentLines } from '../../src/machines/order-lines.ts';
import type { LineQuantity } from '../../src/machines/order-types.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import type { OrderChanges } from '../support/orders.ts';
import { decideOn, live, type Said, type Step, steps, taken } from './life.ts';

/** A situation of an order, and the situations that can follow. */
export interface Situation {
  record: OrderRecord;
  /** By what was said or came of its work. */
  next: Map<string, string>;
  /** The kinds of what is said that it took, and that it refused. */
  taken: Set<string>;
  refused: Set<string>;
}

const contextOf = (record: OrderRecord) => ({ ...record.snapshot.context, input: record.input });

/** What counts for the future: two situations that differ in nothing else are the same. */
function nameOf(record: OrderRecord): string {
  const { chargeAttempt, refunds, confirmation, reason, stuckIn, hold, ...context } = record.snapshot.context;
  const stuck = record.state === 'needsAttention' ? stuckIn : undefined;
  return JSON.stringify([record.state, stuck, hold !== undefined, Object.entries(context).sort()]);
}

function outcomesOf(record: OrderRecord): Step[] {
  const invocation = record.invocations[0];
  if (invocation === undefined) return [];
  const input = invocation.input as { amountMinor?: number; refund?: { amountMinor: number } };
  const { payment, chargeMinor = 0, shipments = [] } = record.snapshot.context;
  const back = input.refund?.amountMinor ?? 0;
  const outcomes: Record<string, Step[]> = {
    validation: [steps.held, steps.refused(false), steps.refused(true)],
    payment: [steps.captured(input.amountMinor), steps.pending, steps.declined],
    settlement: [steps.captured(chargeMinor), steps.declined],
    shipment: [steps.booked(`T${shipments.length + 1}`), steps.notTaken],
    location: [steps.booked(`T${shipments.length + 1}`), steps.notBooked],
    confirmation: [steps.sent],
    closing: [steps.closed],
    adjustment: [steps.adjusted(back)],
    recall: [steps.recalled],
    refund: [steps.undone(0), steps.undone(payment?.capturedMinor ?? 0)],
    release: [steps.released],
    notice: [steps.noticed],
    acknowledgement: [steps.noticed],
    return: [steps.takenBack(back)],
    conclusion: [steps.takenBack(0)],
  };
  return ['fails', ...(outcomes[invocation.id] ?? [])];
}

/** One unit of each of those lines, and one too many of each line. */
const unitByUnit = (available: LineQuantity[], record: OrderRecord) => [
  ...available.map(({ line }) => [{ line, quantity: 1 }]),
  ...record.input.lines.map(({ quantity }, index) => [{ line: index + 1, quantity: quantity + 1 }]),
];

function sayings(record: OrderRecord): Said[] {
  const context = contextOf(record);
  const chargeKey = `order-1.charge.${context.chargeAttempt}`;
  const { payment, chargeMinor = 0, shipments = [] } = context;
  const paid = payment ? payment.capturedMinor - payment.refundedMinor : 0;
  const by = { carrier: 'Own van', trackingNumber: `T${shipments.length + 1}` };
  return [
    { type: 'order.cancel' },
    { type: 'order.hold', reason: 'looks odd' },
    { type: 'order.resume' },
    { type: 'order.retry' },
    { type: 'order.complete' },
    { type: 'order.pay', token: 'tok_other' },
    ...unitByUnit(unsentLines(context), record).flatMap((lines): Said[] => [
      { type: 'order.cancelLines', lines },
      { type: 'order.ship', ...by, lines },
    ]),
    { type: 'order.cancelLines', lines: unsentLines(context) },
    { type: 'order.ship', ...by },
    ...unitByUnit(returnableLines(context), record).map(
      (lines): Said => ({ type: 'order.return', lines, restock: true }),
    ),
    { type: 'order.refund', amountMinor: paid },
    { type: 'order.refund', amountMinor: paid + 1 },
    { type: 'payment.settled', chargeKey, paymentId: 'pay-1', amountMinor: chargeMinor },
    { type: 'payment.failed', chargeKey, reason: { code: 'expired_card', detail: '' } },
    { type: 'payment.settled', chargeKey: 'order-1.charge.0', paymentId: 'pay-0', amountMinor: 1 },
    ...shipments.flatMap(({ trackingNumber }) =>
      (['delivered', 'lost'] as const).map(
        (status): Said => ({ type: 'shipment.tracked', trackingNumber, status }),
      ),
    ),
  ];
}

/** Every situation that an order of that kind can get to, by name. */
export function walk(changes: OrderChanges): Map<string, Situation> {
  const situations = new Map<string, Situation>();
  const ahead: OrderRecord[] = [live([], { changes }).end];
  const visit = (record: OrderRecord): string => {
    const name = nameOf(record);
    if (situations.has(name)) return name;
    situations.set(name, { record, next: new Map(), taken: new Set(), refused: new Set() });
    // Only the last entry can matter to what follows: the walk is no longer than its widest place.
    ahead.push({ ...record, history: record.history.slice(-1) });
    return name;
  };
  visit(ahead.pop() as OrderRecord);
  for (let record = ahead.pop(); record !== undefined; record = ahead.pop()) {
    const situation = situations.get(nameOf(record)) as Situation;
    const follow = (step: Step, label: string) => {
      const decision = decideOn(record as OrderRecord, step);
      if (decision.kind !== 'moved') return false;
      situation.next.set(label, visit(taken(record as OrderRecord, decision)));
      return true;
    };
    for (const step of outcomesOf(record)) follow(step, JSON.stringify(step));
    if (record.timers.length > 0) follow('overdue', 'overdue');
    for (const say of sayings(record)) {
      const list = follow({ say }, JSON.stringify(say)) ? situation.taken : situation.refused;
      list.add(say.type);
    }
  }
  return situations;
}
