import test from 'ava';
import { Actor, type ActorParts, applyCommit } from '../../src/actors/actor.ts';
import type { Stimulus } from '../../src/actors/decide.ts';
import { decide } from '../../src/actors/decide.ts';
import type { ActorRecord } from '../../src/machines/actor-record.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { definition, leases, placedOrder, START, versions } from '../support/orders.ts';

function setUp(actors = 1) {
  const store = createMemoryStore();
  const record = placedOrder();
  store.records.set(record._id, structuredClone(record));
  const published: ActorRecord[] = [];
  const parts: ActorParts = {
    store,
    versions,
    clock: createFakeClock(START),
    leases,
    publish: (committed) => void published.push(committed),
  };
  return { store, published, actors: Array.from({ length: actors }, () => new Actor(record._id, parts)) };
}

const outcome = (id: string, seq: number, output: object): Stimulus => ({
  kind: 'outcome',
  ref: { actorId: 'order-1', kind: 'invocation', id, seq },
  outcome: { output },
});

const cancel = (commandId: string): Stimulus => ({
  kind: 'command',
  event: { type: 'order.cancel' },
  by: { role: 'customer', userId: 'customer-1' },
  commandId,
});

const heldOutcome = outcome('validation', 1, { type: 'stock.held' });

test('an outcome moves the order by one seq, and is published', async (t) => {
  const { store, published, actors } = setUp();
  const told = await actors[0]?.tell(heldOutcome);
  t.is(told?.kind, 'moved');
  const stored = store.records.get('order-1');
  t.like(stored, { seq: 2, state: 'charging', status: 'active' });
  t.deepEqual(
    stored?.history.map(({ seq, type }) => [seq, type]),
    [
      [1, 'order.placed'],
      [2, 'stock.held'],
    ],
  );
  t.deepEqual(
    published.map(({ seq }) => seq),
    [2],
  );
});

test('a commit from an older look lowers no counter of the work and the deadlines that it keeps', async (t) => {
  const { store, actors } = setUp();
  await actors[0]?.tell(heldOutcome);
  // Another process runs what is pending, fails, and its sweep hands it over anew.
  const named = { actorId: 'order-1', seq: 2 };
  const payment = { ...named, kind: 'invocation' as const, id: 'payment' };
  const timer = { ...named, kind: 'timer' as const, id: store.records.get('order-1')?.timers[0]?.id ?? '' };
  await store.countAttempt(payment, 'no answer');
  t.true(await store.raiseDispatch(payment, 0));
  t.true(await store.raiseDispatch(timer, 0));
  const hold = { ...cancel('c1'), event: { type: 'order.hold', reason: 'odd' } } as Stimulus;
  t.is((await actors[0]?.tell(hold))?.kind, 'moved');
  t.like(store.records.get('order-1'), {
    seq: 3,
    state: 'charging',
    invocations: { 0: { id: 'payment', attempts: 1, dispatch: 1, lastError: 'no answer' } },
    timers: { 0: { dispatch: 1 } },
  });
  t.like(actors[0]?.cached, { invocations: { 0: { id: 'payment' } }, timers: { 0: { seq: 2 } } });
});

test('the same outcome told twice, by two processes at once, is taken once', async (t) => {
  const { store, actors } = setUp(2);
  const told = await Promise.all(actors.map((actor) => actor.tell(heldOutcome)));
  t.true(told.some(({ kind }) => kind === 'moved'));
  t.deepEqual(
    store.records.get('order-1')?.history.map(({ type }) => type),
    ['order.placed', 'stock.held'],
  );
});

test('two different events at once are both decided, one after the other', async (t) => {
  const { store, actors } = setUp(2);
  const [held, cancelled] = await Promise.all([actors[0]?.tell(heldOutcome), actors[1]?.tell(cancel('c1'))]);
  const stored = store.records.get('order-1');
  t.is(cancelled?.kind, 'moved');
  t.true(held?.kind === 'moved' || held?.kind === 'stale');
  t.is(stored?.seq, held?.kind === 'moved' ? 3 : 2);
  t.true(['refunding', 'releasing'].includes(stored?.state ?? ''));
});

test('a commit whose reply was lost is found again as its own when the event is told anew', async (t) => {
  const { store, actors } = setUp();
  store.failNextCommit('reply-lost');
  await t.throwsAsync(async () => actors[0]?.tell(cancel('c1')), { message: /reply-lost/ });
  t.is(store.failuresFired, 1);
  t.is((await actors[0]?.tell(cancel('c1')))?.kind, 'repeated');
  t.is(store.records.get('order-1')?.seq, 2);
});

test('a lost race against the own write counts as moved', async (t) => {
  const { store, actors } = setUp();
  const { commit } = store;
  let lost = 0;
  // As when the driver repeats a write by itself: it is done twice, and the second answer counts.
  store.commit = async (...args) => {
    await commit(...args);
    lost += 1;
    return commit(...args);
  };
  t.is((await actors[0]?.tell(cancel('c1')))?.kind, 'moved');
  t.is(lost, 1);
  t.is(store.records.get('order-1')?.seq, 2);
});

test('what an older look at the order would refuse is decided on the order as it is', async (t) => {
  const { store, actors } = setUp(2);
  const [here, elsewhere] = actors;
  // This process knows the order as it was while it was validated; another one moves it on.
  t.is((await here?.tell({ ...cancel('c0'), expectedSeq: 9 } as Stimulus))?.kind, 'outdated');
  await elsewhere?.tell({ ...cancel('h1'), event: { type: 'order.hold', reason: 'odd' } } as Stimulus);
  await elsewhere?.tell(heldOutcome);
  t.is(store.records.get('order-1')?.state, 'onHold');
  t.is((await here?.tell({ ...cancel('r1'), event: { type: 'order.resume' } } as Stimulus))?.kind, 'moved');
});

test('a commit that was not written leaves nothing behind, and the event can be told again', async (t) => {
  const { store, published, actors } = setUp();
  store.failNextCommit('before-write');
  await t.throwsAsync(async () => actors[0]?.tell(heldOutcome), { message: /before-write/ });
  t.is(store.failuresFired, 1);
  t.deepEqual([store.records.get('order-1')?.seq, published.length], [1, 0]);
  t.is((await actors[0]?.tell(heldOutcome))?.kind, 'moved');
});

test('an order whose snapshot cannot be read is quarantined with the reason, and refuses from then on', async (t) => {
  const { store, actors } = setUp();
  const stored = store.records.get('order-1');
  if (stored) stored.snapshot.value = 'no-such-state';
  t.is((await actors[0]?.tell(heldOutcome))?.kind, 'refused');
  t.like(store.records.get('order-1'), { status: 'quarantined', seq: 1 });
  t.regex(store.records.get('order-1')?.quarantine?.reason ?? '', /no-such-state/);
  t.is((await actors[0]?.tell(cancel('c2')))?.kind, 'refused');
});

test('an order of a machine version that is not loaded here is left as it is, to a process that has it', async (t) => {
  const { store, actors } = setUp();
  const stored = store.records.get('order-1');
  if (stored) stored.machine.version = '99';
  const before = structuredClone(stored);
  const ref = { actorId: 'order-1', kind: 'invocation' as const, id: 'validation', seq: 1 };
  const [actor] = actors as [Actor];
  for (const asked of [actor.tell(heldOutcome), actor.tell(cancel('c1')), actor.pending(ref)])
    await t.throwsAsync(asked, { instanceOf: RetryableError, message: /version 99/ });
  t.deepEqual(store.records.get('order-1'), before);
});

test('an outcome or a deadline of what is no longer pending changes nothing', async (t) => {
  const { store, actors } = setUp();
  await actors[0]?.tell(cancel('c1'));
  const late = await actors[0]?.tell(heldOutcome);
  const timer = {
    actorId: 'order-1',
    kind: 'timer' as const,
    id: 'xstate.after.payment.overdue.order.charging',
    seq: 2,
  };
  t.deepEqual([late?.kind, (await actors[0]?.tell({ kind: 'timer', ref: timer }))?.kind], ['stale', 'stale']);
  t.is(store.records.get('order-1')?.seq, 2);
});

test('a command with the seq of an older look at the order is outdated', async (t) => {
  const { actors } = setUp();
  await actors[0]?.tell(heldOutcome);
  t.is((await actors[0]?.tell({ ...cancel('c1'), expectedSeq: 1 } as Stimulus))?.kind, 'outdated');
});

test('the history refolds to the snapshot that was committed', async (t) => {
  const { store, actors } = setUp();
  await actors[0]?.tell(heldOutcome);
  await actors[0]?.tell(
    outcome('payment', 2, { type: 'payment.captured', paymentId: 'p', amountMinor: 2500 }),
  );
  await actors[0]?.tell(cancel('c1'));
  const stored = store.records.get('order-1');
  let refolded: ActorRecord = placedOrder();
  for (const { seq, event, by, commandId } of stored?.history.slice(1) ?? []) {
    const [id, at] = commandId.split('.');
    const stimulus: Stimulus = event.type.startsWith('xstate.done')
      ? outcome(id ?? '', Number(at), event.output as object)
      : { kind: 'command', event, by, commandId };
    const decision = decide(definition, refolded, stimulus, START, leases);
    if (decision.kind !== 'moved') return t.fail(`seq ${seq} is ${decision.kind}`);
    refolded = applyCommit(refolded, decision.commit);
  }
  t.is(refolded.seq, 4);
  t.deepEqual(JSON.parse(JSON.stringify(refolded.snapshot)), JSON.parse(JSON.stringify(stored?.snapshot)));
});
