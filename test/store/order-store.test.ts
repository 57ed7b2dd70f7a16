import test from 'ava';
import { applyCommit } from '../../src/actors/actor.ts';
import { decide } from '../../src/actors/decide.ts';
import type { ActorStore, PendingRef } from '../../src/actors/ports.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { migrate } from '../support/migrate.ts';
import { definition, leases, placedOrder, START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const model = orderModel(connection);
await migrate(connection);

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

/** One suite over every store: what the runtime's tests stand on is what MongoDB does. */
const stores: { name: string; store: ActorStore }[] = [
  { name: 'mongodb', store: createOrderStore(model) },
  { name: 'memory', store: createMemoryStore() },
];

const at = (ms: number) => new Date(START.getTime() + ms);
const invocation = (actorId: string): PendingRef => ({
  actorId,
  kind: 'invocation',
  id: 'validation',
  seq: 1,
});

function heldCommit(id: string) {
  const stimulus = {
    kind: 'outcome' as const,
    ref: invocation(id),
    outcome: { output: { type: 'stock.held' } },
  };
  const decision = decide(definition, placedOrder(id), stimulus, at(5), leases);
  if (decision.kind !== 'moved') throw new Error(decision.kind);
  return decision.commit;
}

/** What is stored has no key whose value is undefined. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

for (const { name, store } of stores) {
  test(`${name}: an order comes back as it was inserted, empty objects and all`, async (t) => {
    const record = placedOrder('inserted');
    t.is(await store.insert(record), undefined);
    t.deepEqual(plain(await store.load('inserted')), plain(record));
    t.is(await store.load('nobody'), undefined);
  });

  test(`${name}: the same idempotency key gives the first order back`, async (t) => {
    const first = placedOrder('first');
    await store.insert(first);
    const again = {
      ...placedOrder('second'),
      idempotency: { key: 'customer-1/first', fingerprint: 'other' },
    };
    t.is((await store.insert(again))?._id, 'first');
    t.is(await store.load('second'), undefined);
  });

  test(`${name}: a commit is written whole at the expected seq, and not at another`, async (t) => {
    const record = placedOrder('moved');
    await store.insert(record);
    const commit = heldCommit('moved');
    t.false(await store.commit('moved', 2, commit));
    t.true(await store.commit('moved', 1, commit));
    const other = { ...commit, entry: { ...commit.entry, commandId: 'another' } };
    t.false(await store.commit('moved', 1, other));
    t.deepEqual(plain(await store.load('moved')), plain(applyCommit(record, commit)));
  });

  test(`${name}: what a commit does not name stays as it is`, async (t) => {
    const record = placedOrder('kept');
    await store.insert(record);
    await store.countAttempt(invocation('kept'), 'no answer');
    const stimulus = {
      kind: 'command' as const,
      event: { type: 'order.hold', reason: 'odd' },
      by: { role: 'operator' },
      commandId: 'c1',
    };
    const decision = decide(definition, record, stimulus, at(5), leases);
    if (decision.kind !== 'moved') return t.fail(decision.kind);
    t.true(await store.commit('kept', 1, decision.commit));
    t.like(await store.load('kept'), { seq: 2, invocations: { 0: { attempts: 1, lastError: 'no answer' } } });
  });

  test(`${name}: of fifty commits at once on one seq, one is written`, async (t) => {
    await store.insert(placedOrder('raced'));
    const done = await Promise.all(
      Array.from({ length: 50 }, () => store.commit('raced', 1, heldCommit('raced'))),
    );
    t.is(done.filter(Boolean).length, 1);
    t.is((await store.load('raced'))?.history.length, 2);
  });

  test(`${name}: failed attempts are counted while the invocation is pending, also at once`, async (t) => {
    await store.insert(placedOrder('attempts'));
    const counts = await Promise.all([1, 2, 3].map(() => store.countAttempt(invocation('attempts'), 'away')));
    t.deepEqual(counts.sort(), [1, 2, 3]);
    t.like((await store.load('attempts'))?.invocations[0], { attempts: 3, lastError: 'away' });
    await store.commit('attempts', 1, heldCommit('attempts'));
    t.is(await store.countAttempt(invocation('attempts'), 'late'), undefined);
  });

  test(`${name}: a dispatch number is raised once`, async (t) => {
    await store.insert(placedOrder('dispatch'));
    t.true(await store.raiseDispatch(invocation('dispatch'), 0));
    t.false(await store.raiseDispatch(invocation('dispatch'), 0));
    t.is((await store.load('dispatch'))?.invocations[0]?.dispatch, 1);
  });

  test.serial(`${name}: what is due comes the longest overdue first, and is claimed once`, async (t) => {
    for (const [id, ms] of [
      ['late', -2_000],
      ['later', -1_000],
      ['future', 10_000_000],
    ] as const)
      await store.insert({ ...placedOrder(id), sweepAt: at(ms) });
    t.deepEqual(
      (await store.due(at(-1), 10)).map(({ _id }) => _id),
      ['late', 'later'],
    );
    t.deepEqual(
      (await store.due(at(-1), 1)).map(({ _id }) => _id),
      ['late'],
    );
    t.true(await store.claim('late', at(-2_000), at(10_000_000)));
    t.false(await store.claim('late', at(-2_000), at(10_000_000)));
    t.deepEqual(
      (await store.due(at(-1), 10)).map(({ _id }) => _id),
      ['later'],
    );
  });

  test.serial(
    `${name}: everything up to then is made due, page by page, and earlier claims hold no more`,
    async (t) => {
      for (const [id, ms] of [
        ['overdue', 20_000_000],
        ['soon', 20_200_000],
        ['far', 20_300_000],
        ['farther', 20_400_000],
        ['too far', 20_500_000],
      ] as const)
        await store.insert({ ...placedOrder(id), sweepAt: at(ms) });
      const now = at(20_100_000);
      const first = await store.hasten(now, at(20_400_000), 2);
      t.deepEqual(first, { hastened: 2, until: at(20_300_000) });
      const second = await store.hasten(now, at(20_300_000), 2);
      t.deepEqual(second, { hastened: 2, until: at(20_000_000) });
      for (let { until } = second; until !== undefined; ) ({ until } = await store.hasten(now, until, 100));
      t.deepEqual(
        (await store.hasten(now, at(20_400_000), 100)).hastened,
        0,
        'nothing is left to be changed',
      );
      for (const id of ['overdue', 'soon', 'far', 'farther'])
        t.deepEqual((await store.load(id))?.sweepAt, now, id);
      t.deepEqual((await store.load('too far'))?.sweepAt, at(20_500_000));
      t.false(await store.claim('overdue', at(20_000_000), at(30_000_000)));
      t.true(await store.claim('overdue', now, at(30_000_000)));
    },
  );

  test(`${name}: an acknowledged order is looked after no more, unless it has moved on`, async (t) => {
    await store.insert(placedOrder('seen'));
    await store.acknowledge([{ actorId: 'seen', seq: 9, sweepAt: undefined }]);
    t.deepEqual((await store.load('seen'))?.publications, [1]);
    await store.acknowledge([{ actorId: 'seen', seq: 1, sweepAt: at(7) }]);
    t.like(await store.load('seen'), { publications: [], sweepAt: at(7) });
    await store.acknowledge([{ actorId: 'seen', seq: 1, sweepAt: undefined }]);
    t.is((await store.load('seen'))?.sweepAt, undefined);
  });

  test(`${name}: a quarantined order is kept with its reason and is due no more`, async (t) => {
    await store.insert(placedOrder('bad'));
    await store.quarantine('bad', 'unreadable', at(3));
    const record = await store.load('bad');
    t.like(record, {
      status: 'quarantined',
      state: 'quarantined',
      quarantine: { reason: 'unreadable', at: at(3) },
    });
    t.is(record?.sweepAt, undefined);
    t.is(await store.countAttempt(invocation('bad'), 'away'), undefined);
  });
}

// Serial: the tests that run side by side add orders to those that are counted here.
test.serial('the list is the newest first, in pages, of one customer or state', async (t) => {
  const queries = createOrderStore(model);
  for (const [id, customerId] of [
    ['p1', 'ann'],
    ['p2', 'bob'],
    ['p3', 'ann'],
    ['p4', 'ann'],
  ] as const)
    await queries.insert(placedOrder(id, { customerId }));
  const ids = async (page: { limit: number; after?: string }) =>
    (await queries.list({ customerId: 'ann', state: 'validating' }, page)).map(({ _id }) => _id);
  t.deepEqual(await ids({ limit: 2 }), ['p4', 'p3']);
  t.deepEqual(await ids({ limit: 2, after: 'p3' }), ['p1']);
});
