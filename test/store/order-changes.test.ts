/** What changed of late, out of a real document server. */
import test from 'ava';
import type mongoose from 'mongoose';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createOrderChanges } from '../../src/store/order-changes.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';
import { migrate } from '../support/migrate.ts';
import { placedOrder } from '../support/orders.ts';
import { shareServices } from '../support/services.ts';

const services = shareServices(test);

async function setUp(database: string) {
  const connection = await connectStore(services().mongodbUri.replace('/ordo?', `/${database}?`));
  const model = orderModel(connection);
  await migrate(connection);
  const store = createOrderStore(model);
  const insert = (orderId: string, ms: number, customerId = 'customer-1') => {
    const record = placedOrder(orderId, { customerId });
    return store.insert({ ...record, seq: ms, updatedAt: new Date(ms) } as OrderRecord);
  };
  return { connection, model, insert, changes: createOrderChanges(model) };
}

const at = (ms: number, orderId = '') => ({ updatedAt: new Date(ms), orderId });

test('orders stand in line by their last change, and where that is the same by their id', async (t) => {
  const { connection, insert, changes } = await setUp('line');
  t.teardown(() => connection.close());
  for (const [id, ms] of [
    ['d', 30],
    ['b', 20],
    ['a', 20],
    ['c', 20],
    ['e', 10],
  ] as const)
    await insert(id, ms, id === 'b' ? 'eve' : 'ada');
  const ids = async (position = at(0), limit = 9) =>
    (await changes.changedAfter(position, limit)).map(({ orderId }) => orderId).join('');
  t.is(await ids(), 'eabcd');
  t.is(await ids(at(0), 2), 'ea');
  t.is(await ids(at(20, 'a')), 'bcd', 'behind that one alone, among those of the same time');
  t.is(await ids(at(20)), 'abcd');
  t.is(await ids(at(30, 'd')), '');
  t.deepEqual(await changes.changedAfter(at(30), 1), [{ orderId: 'd', seq: 30, updatedAt: new Date(30) }]);
  const own = await changes.recordsAfter(at(10, 'e'), 9, 'ada');
  t.deepEqual(
    own.map(({ _id, history }) => [_id, history.length]),
    [
      ['a', 1],
      ['c', 1],
      ['d', 1],
    ],
  );
  const found = await changes.changesOf(['a', 'none', 'd']);
  t.deepEqual(new Set(found.map(({ orderId, seq }) => `${orderId}${seq}`)), new Set(['a20', 'd30']));
});

test('the line is served by an index: a place far behind costs what lies behind it', async (t) => {
  const { connection, model, insert } = await setUp('index');
  t.teardown(() => connection.close());
  for (let i = 0; i < 200; i++) await insert(`order-${i}`, i);
  const plan = await model.collection
    .find({
      updatedAt: { $gte: new Date(190) },
      $or: [
        { updatedAt: { $gt: new Date(190) } },
        { _id: { $gt: 'order-190' as unknown as mongoose.mongo.ObjectId } },
      ],
    })
    .sort({ updatedAt: 1, _id: 1 })
    .explain('executionStats');
  t.true(plan.executionStats.totalDocsExamined <= 10, JSON.stringify(plan.executionStats));
});
