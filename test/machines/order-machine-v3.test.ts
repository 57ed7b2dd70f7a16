import test from 'ava';
import { applyCommit } from '../../src/actors/actor.ts';
import { begin, decide, type Stimulus } from '../../src/actors/decide.ts';
import { type ActorDefinition, defineActor } from '../../src/actors/definition.ts';
import { refold } from '../../src/actors/refold.ts';
import { migrate } from '../../src/actors/versions.ts';
import { orderMachineV2 } from '../../src/machines/order-machine-v2.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { definition, leases, type OrderChanges, placedOrder, START, versions } from '../support/orders.ts';
import { live, steps } from './life.ts';

const v2 = defineActor(orderMachineV2);
const EXPIRY_MS = 172_800_000;
const HOUR_MS = 3_600_000;
const { held, captured, booked, sent, retry, complete, refund } = steps;

const atHour = (hours: number) => new Date(START.getTime() + hours * HOUR_MS);

function place(machine: ActorDefinition, changes: OrderChanges): OrderRecord {
  const { _id, input } = placedOrder('order-1', changes);
  const cause = { type: 'order.placed', by: { role: 'customer' } };
  return begin(machine, { _id, input }, cause, START, leases) as OrderRecord;
}

function take(machine: ActorDefinition, record: OrderRecord, stimulus: Stimulus, at: Date): OrderRecord {
  const decision = decide(machine, record, stimulus, at, leases);
  if (decision.kind !== 'moved') throw new Error(`${record.state}: ${decision.kind}`);
  return applyCommit(record, decision.commit) as OrderRecord;
}

/** The order, with what is pending come to that, or with what somebody said, at that time. */
function told(machine: ActorDefinition, record: OrderRecord, what: object, at: Date): OrderRecord {
  if ('type' in what && String(what.type).startsWith('order.')) {
    const event = what as { type: string };
    const by = { role: 'operator' };
    return take(machine, record, { kind: 'command', event, by, commandId: `${event.type}${at}` }, at);
  }
  const [pending] = record.invocations;
  if (pending === undefined) throw new Error(`nothing is pending in ${record.state}`);
  const ref = { actorId: record._id, kind: 'invocation' as const, id: pending.id, seq: pending.seq };
  return take(machine, record, { kind: 'outcome', ref, outcome: { output: what } }, at);
}

const HELD = { type: 'stock.held' };
const PAY = { type: 'order.pay', token: 'tok_other' };
const DECLINED = { type: 'payment.declined', reason: { code: 'lost_card', detail: 'Lost.' } };

/** To be paid later; declined every five hours, put on hold, and unpaid again. */
function unpaid(machine: ActorDefinition): OrderRecord[] {
  const later = place(machine, { paymentToken: undefined, onDecline: 'wait' });
  const first = told(machine, later, HELD, atHour(1));
  const charging = told(machine, first, PAY, atHour(5));
  const second = told(machine, charging, DECLINED, atHour(6));
  const onHold = told(machine, second, { type: 'order.hold', reason: 'odd' }, atHour(10));
  const third = told(machine, onHold, { type: 'order.resume' }, atHour(20));
  return [later, first, charging, second, onHold, third];
}

test('an unpaid order expires at one time, however often it is tried to be paid or put on hold', (t) => {
  const dueAt = new Date(atHour(1).getTime() + EXPIRY_MS);
  const waiting = unpaid(definition).filter(({ state }) => state === 'awaitingPayment');
  t.is(waiting.length, 3);
  for (const { timers } of waiting) t.deepEqual(timers.at(0)?.dueAt, dueAt);
});

test('an order that is first charged expires by when it first was to be paid', (t) => {
  const charging = told(definition, place(definition, { onDecline: 'wait' }), HELD, atHour(1));
  const waiting = told(definition, charging, DECLINED, atHour(3));
  t.is(waiting.state, 'awaitingPayment');
  t.deepEqual(waiting.timers.at(0)?.dueAt, new Date(atHour(1).getTime() + EXPIRY_MS));
});

test('an order on hold beyond its time expires as soon as it waits for its payment again', (t) => {
  const onHold = unpaid(definition).find(({ state }) => state === 'onHold') as OrderRecord;
  const late = atHour(100);
  const resumed = told(definition, onHold, { type: 'order.resume' }, late);
  t.is(resumed.state, 'awaitingPayment');
  t.deepEqual(resumed.timers.at(0)?.dueAt, late);
});

test('what the attempts failed of stands in the order while it needs attention, and no longer', (t) => {
  const stuck = live([held, 'fails']).end;
  t.like(stuck, { state: 'needsAttention', history: { 2: { type: 'payment.exhausted' } } });
  t.is(stuck.snapshot.context.trouble, 'down');
  t.is(live([held, 'fails', retry]).end.snapshot.context.trouble, undefined);
});

test('the past of an order with deadlines and troubles refolds to what was committed', (t) => {
  const commits = unpaid(definition);
  const end = commits.at(-1) as OrderRecord;
  for (const { seq, snapshot } of commits)
    t.is(JSON.stringify(refold(versions, end, seq)?.snapshot), JSON.stringify(snapshot), `seq ${seq}`);
});

test('an order of version 2 runs on as it did', (t) => {
  const [, first, , second] = unpaid(v2);
  t.deepEqual(first?.timers.at(0)?.dueAt, new Date(atHour(1).getTime() + EXPIRY_MS));
  t.deepEqual(second?.timers.at(0)?.dueAt, new Date(atHour(6).getTime() + EXPIRY_MS));
  t.is(second?.snapshot.context.unpaidSinceMs, undefined);
  const { path } = live([held, captured(), 'overdue'], { machine: v2 });
  t.is(path, 'validating charging shipping recalling');
  const stuck = live([held, captured(), booked(), sent, refund(5), 'fails'], { machine: v2 }).end;
  t.is(stuck.snapshot.context.trouble, undefined);
  t.deepEqual(stuck.allowedCommands, ['order.retry']);
});

test('an order of version 2 that is stuck in a return has a way out on version 3', (t) => {
  const stuck = live([held, captured(), booked(), sent, refund(5), 'fails'], { machine: v2 }).end;
  const commit = migrate(versions, { ...stuck, machine: { id: 'order', version: '2' } }, START, leases);
  if (commit === undefined) throw new Error('it runs on the last version');
  const over = applyCommit(stuck, commit) as OrderRecord;
  t.is(over.machine.version, '3');
  t.deepEqual(over.allowedCommands.toSorted(), ['order.complete', 'order.retry']);
  t.is(told(definition, over, (complete as { say: object }).say, START).state, 'concluding');
});
