/** Tells the lives of orders to the machine, without I/O: each step is decided and applied. */
import { applyCommit } from '../../src/actors/actor.ts';
import { begin, type Decision, decide, type Stimulus } from '../../src/actors/decide.ts';
import type { ActorDefinition } from '../../src/actors/definition.ts';
import type { OrderCommand, OrderFact } from '../../src/machines/order-types.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { definition, leases, type OrderChanges, placedOrder, START } from '../support/orders.ts';

/** What people and the outside world say by themselves. */
export type Said = OrderCommand | OrderFact;

/** One step of a life: the output of what is pending, its failure, its deadline, or what somebody says. */
export type Step = 'fails' | 'overdue' | { output: object } | { say: Said };

let said = 0;

function toStimulus(record: OrderRecord, step: Step): Stimulus {
  if (step === 'overdue') {
    const timer = record.timers[0];
    if (timer === undefined) throw new Error(`no deadline is pending in ${record.state}`);
    return { kind: 'timer', ref: { actorId: record._id, kind: 'timer', id: timer.id, seq: timer.seq } };
  }
  if (step !== 'fails' && 'say' in step) {
    said += 1;
    const by = { role: 'operator', userId: 'o' };
    return { kind: 'command', event: step.say, by, commandId: `said-${said}` };
  }
  const pending = record.invocations[0];
  if (pending === undefined) throw new Error(`nothing is pending in ${record.state}`);
  const ref = { actorId: record._id, kind: 'invocation' as const, id: pending.id, seq: pending.seq };
  return { kind: 'outcome', ref, outcome: step === 'fails' ? { error: 'down' } : step };
}

/** What the step comes to. */
export const decideOn = (record: OrderRecord, step: Step, machine: ActorDefinition = definition): Decision =>
  decide(machine, record, toStimulus(record, step), START, leases);

/** The record after that decision. */
export const taken = (record: OrderRecord, { commit }: Extract<Decision, { kind: 'moved' }>): OrderRecord =>
  applyCommit(record, commit) as OrderRecord;

/** The record after the step. @throws when the order does not take it */
function take(record: OrderRecord, step: Step, machine?: ActorDefinition): OrderRecord {
  const decision = decideOn(record, step, machine);
  if (decision.kind !== 'moved')
    throw new Error(`${JSON.stringify(step)} in ${record.state} is ${decision.kind}`);
  return taken(record, decision);
}

/** The states that an order goes through, and the record at the end. */
export function live(
  steps: Step[],
  { changes = {}, machine = definition }: { changes?: OrderChanges; machine?: ActorDefinition } = {},
): { path: string; end: OrderRecord } {
  const { _id, input } = placedOrder('order-1', changes);
  const cause = { type: 'order.placed', by: { role: 'customer', userId: 'customer-1' } };
  let record = begin(machine, { _id, input }, cause, START, leases) as OrderRecord;
  const states = [record.state];
  for (const step of steps) {
    record = take(record, step, machine);
    states.push(record.state);
  }
  return { path: states.join(' '), end: record };
}

const out = (output: object): Step => ({ output });
const reason = { code: 'some_reason', detail: 'Some words.' };

/** What the work of each stage comes to, and what people and the outside say, in short words. */
export const steps = {
  held: out({ type: 'stock.held' }),
  refused: (heldSome: boolean) => out({ type: 'order.refused', reason, heldSome }),
  captured: (amountMinor = 2500) => out({ type: 'payment.captured', paymentId: 'pay-1', amountMinor }),
  pending: out({ type: 'payment.pending', paymentId: 'pay-1' }),
  declined: out({ type: 'payment.declined', reason }),
  booked: (trackingNumber = 'T1') =>
    out({ type: 'shipment.booked', shipmentId: `s-${trackingNumber}`, carrier: 'Sandbox', trackingNumber }),
  notBooked: out({ type: 'shipment.missing' }),
  notTaken: out({ type: 'shipment.refused', reason }),
  sent: out({ type: 'confirmation.sent', messageId: 'm-1' }),
  closed: out({ type: 'stock.sold' }),
  adjusted: (refundedMinor = 0) => out({ type: 'order.adjusted', refundedMinor }),
  recalled: out({ type: 'shipment.recalled' }),
  undone: (refundedMinor: number) => out({ type: 'payment.undone', refundedMinor }),
  released: out({ type: 'stock.released' }),
  noticed: out({ type: 'notice.sent', messageId: 'm-2' }),
  takenBack: (refundedMinor: number) => out({ type: 'return.settled', refundedMinor }),
  say: (command: Said): Step => ({ say: command }),
  cancel: { say: { type: 'order.cancel' } } as Step,
  hold: { say: { type: 'order.hold', reason: 'looks odd' } } as Step,
  resume: { say: { type: 'order.resume' } } as Step,
  retry: { say: { type: 'order.retry' } } as Step,
  complete: { say: { type: 'order.complete' } } as Step,
  pay: { say: { type: 'order.pay', token: 'tok_other' } } as Step,
  cancelLines: (line: number, quantity: number): Step => ({
    say: { type: 'order.cancelLines', lines: [{ line, quantity }] },
  }),
  ship: (trackingNumber: string, line?: number, quantity = 1): Step => ({
    say: {
      type: 'order.ship',
      carrier: 'Own van',
      trackingNumber,
      ...(line !== undefined && { lines: [{ line, quantity }] }),
    },
  }),
  giveBack: (line: number, quantity: number): Step => ({
    say: { type: 'order.return', lines: [{ line, quantity }], restock: true },
  }),
  refund: (amountMinor: number): Step => ({ say: { type: 'order.refund', amountMinor } }),
  settled: (attempt = 1, amountMinor = 2500): Step => ({
    say: { type: 'payment.settled', chargeKey: `order-1.charge.${attempt}`, paymentId: 'pay-1', amountMinor },
  }),
  failed: (attempt = 1): Step => ({
    say: { type: 'payment.failed', chargeKey: `order-1.charge.${attempt}`, reason },
  }),
  tracked: (
    status: Extract<OrderFact, { type: 'shipment.tracked' }>['status'],
    trackingNumber = 'T1',
  ): Step => ({
    say: { type: 'shipment.tracked', trackingNumber, status },
  }),
};
