import test from 'ava';
import { applyCommit } from '../../src/actors/actor.ts';
import { begin, decide, type Stimulus } from '../../src/actors/decide.ts';
import { defineActor } from '../../src/actors/definition.ts';
import { refold } from '../../src/actors/refold.ts';
import { createVersions, migrate, restore } from '../../src/actors/versions.ts';
import { orderMachineV1 } from '../../src/machines/order-machine-v1.ts';
import { orderMachines, orderMigrations } from '../../src/machines/order-versions.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { leases, placedOrder, START } from '../support/orders.ts';

const versions = createVersions(orderMachines, orderMigrations);
const v1 = defineActor(orderMachineV1);
const by = { role: 'operator', userId: 'o' };

/** An order as version 1 placed it: without what version 2 added to the facts. */
function oldOrder(): OrderRecord {
  const { input } = placedOrder();
  const { fulfilment: _, onDecline: __, ...facts } = input;
  const policy = { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000 };
  const actor = { _id: input.orderId, input: { ...facts, policy } };
  return begin(v1, actor, { type: 'order.placed', by }, START, leases) as OrderRecord;
}

function take(record: OrderRecord, stimulus: Stimulus): OrderRecord {
  const definition = versions.of(record.machine);
  if (definition === undefined) throw new Error('no machine');
  const decision = decide(definition, record, stimulus, START, leases);
  if (decision.kind !== 'moved') throw new Error(`${record.state}: ${decision.kind}`);
  return applyCommit(record, decision.commit) as OrderRecord;
}

/** The pending work comes to that. */
function settle(record: OrderRecord, output: object): OrderRecord {
  const [pending] = record.invocations;
  if (pending === undefined) throw new Error(`nothing is pending in ${record.state}`);
  const ref = { actorId: record._id, kind: 'invocation' as const, id: pending.id, seq: pending.seq };
  return take(record, { kind: 'outcome', ref, outcome: { output } });
}

const HELD = { type: 'stock.held' };
const CAPTURED = { type: 'payment.captured', paymentId: 'pay-1', amountMinor: 2500 };
const BOOKED = { type: 'shipment.booked', shipmentId: 'shp-1', carrier: 'Sandbox', trackingNumber: 'T1' };
const SENT = { type: 'confirmation.sent', messageId: 'm-1' };
const WAY = [HELD, CAPTURED, BOOKED, SENT];

function migrated(record: OrderRecord): OrderRecord {
  const commit = migrate(versions, record, START, leases);
  if (commit === undefined) throw new Error('it runs on the last version');
  return applyCommit(record, commit) as OrderRecord;
}

for (const done of [0, 1, 2, 3])
  test(`an order of version 1 goes over after ${done} of its stages, and completes on version 2`, (t) => {
    const before = WAY.slice(0, done).reduce(settle, oldOrder());
    const after = migrated(before);
    t.like(after, { machine: { id: 'order', version: '2' }, state: before.state, seq: before.seq + 1 });
    t.deepEqual(after.invocations, before.invocations, 'what is in flight stays so');
    t.deepEqual(after.timers, before.timers);
    const end = WAY.slice(done).reduce(settle, after);
    t.like(end, { state: 'completed', status: 'done' });
    t.like(end.snapshot.context.payment, { status: 'captured', capturedMinor: 2500, refundedMinor: 0 });
    t.deepEqual(end.allowedCommands, ['order.return', 'order.refund']);
  });

test('an order cancelled on version 1 is undone on version 2 under the same keys', (t) => {
  const shipping = [HELD, CAPTURED].reduce(settle, oldOrder());
  const cancelled = take(shipping, {
    kind: 'command',
    event: { type: 'order.cancel' },
    by,
    commandId: 'c1',
  });
  const after = migrated(cancelled);
  t.is(after.state, 'recalling');
  const refunding = settle(after, { type: 'shipment.recalled' });
  t.like(refunding.invocations[0]?.input, { chargeKey: 'order-1.charge.1', refundKey: 'order-1.refund' });
  const end = [
    { type: 'payment.undone', refundedMinor: 2500 },
    { type: 'stock.released' },
    { type: 'notice.sent', messageId: 'm' },
  ].reduce(settle, refunding);
  t.like(end, { state: 'cancelled', status: 'done' });
  t.like(end.snapshot.context.payment, { status: 'refunded', refundedMinor: 2500 });
});

test('a completed order can be returned once it has gone over', (t) => {
  const completed = WAY.reduce(settle, oldOrder());
  t.deepEqual(completed.allowedCommands, []);
  const after = migrated(completed);
  t.like(after, { state: 'completed', status: 'done' });
  t.true(after.allowedCommands.includes('order.return'));
});

test('an order that has not moved since goes back exactly; one that has is named', (t) => {
  const before = settle(oldOrder(), HELD);
  const after = migrated(before);
  const commit = restore(versions, after, START, leases);
  if (commit === undefined) throw new Error('nothing to take back');
  const back = applyCommit(after, commit) as OrderRecord;
  t.deepEqual(back.machine, { id: 'order', version: '1' });
  t.deepEqual(back.snapshot, before.snapshot);
  t.is(restore(versions, back, START, leases), undefined, 'there is nothing more to take back');
  t.is(settle(back, CAPTURED).state, 'shipping', 'it runs on under version 1');
  t.throws(() => restore(versions, settle(after, CAPTURED), START, leases), { message: /moved on/ });
});

test('an order goes back over all its migrations, one at a time, and forth again', (t) => {
  const before = settle(oldOrder(), HELD);
  const step = (record: OrderRecord, take: typeof restore): OrderRecord => {
    const commit = take(versions, record, START, leases);
    if (commit === undefined) throw new Error('there is no step');
    return applyCommit(record, commit) as OrderRecord;
  };
  const there = step(step(before, migrate), migrate);
  t.is(there.machine.version, '3');
  const back = step(step(there, restore), restore);
  t.deepEqual([back.machine.version, back.snapshot], ['1', before.snapshot]);
  t.is(restore(versions, back, START, leases), undefined);
  const again = step(step(back, migrate), migrate);
  t.is(step(again, restore).machine.version, '2');
});

test('an order whose pending work the new version does not know is named, and stays', (t) => {
  const record = oldOrder();
  const [pending] = record.invocations;
  if (pending === undefined) throw new Error('nothing is pending');
  const odd = { ...record, invocations: [{ ...pending, id: 'fitting' }] };
  t.throws(() => migrate(versions, odd, START, leases), { message: /"fitting" belongs to no state/ });
  const torn = { ...record, snapshot: { ...record.snapshot, value: 'gift-wrapping' } };
  t.throws(() => migrate(versions, torn, START, leases));
});

test('the past refolds to what was committed, across a migration and back', (t) => {
  const commits = [oldOrder()];
  const last = () => commits.at(-1) as OrderRecord;
  commits.push(settle(last(), HELD), migrated(settle(last(), HELD)));
  const there = restore(versions, last(), START, leases);
  if (there === undefined) throw new Error('nothing to take back');
  commits.push(applyCommit(last(), there) as OrderRecord);
  commits.push(migrated(last()));
  for (const output of [CAPTURED, BOOKED, SENT]) commits.push(settle(last(), output));
  const end = last();
  t.deepEqual(
    commits.map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  for (const committed of commits) {
    const past = refold(versions, end, committed.seq);
    t.is(JSON.stringify(past?.snapshot), JSON.stringify(committed.snapshot), `seq ${committed.seq}`);
    t.like(past, {
      state: committed.state,
      status: committed.status,
      machine: committed.machine,
      allowedCommands: committed.allowedCommands,
    });
  }
  t.is(refold(versions, end, 9), undefined);
});

test('versions that lead nowhere are refused at the start', (t) => {
  t.throws(() => createVersions([], []), { message: /no machine/ });
  const nowhere = [
    { from: '1', to: '9', migrate: () => ({ value: 'x', context: {}, status: 'active' as const }) },
  ];
  t.throws(() => createVersions(orderMachines, nowhere), { message: /version 9/ });
});
