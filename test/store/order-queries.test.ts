/** Lists and searches of orders on a real database, and the migration that older orders are found by. */
import test from 'ava';
import type { OrderFilter } from '../../src/ports/orders.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderLists } from '../../src/store/migrations/0007-order-lists.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderQueries } from '../../src/store/order-queries.ts';
import { createOrderStore } from '../../src/store/order-store.ts';
import { migrate } from '../support/migrate.ts';
import { type OrderChanges, placedOrder, START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const model = orderModel(connection);
await migrate(connection);
const store = createOrderStore(model);
const queries = createOrderQueries(model);

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

const DAY_MS = 86_400_000;
const SKUS = ['CUP', 'POT', 'PAN', 'CUPBOARD'];

/** Order `n` is of customer n mod 3, on day n, of n + 1 cups' worth, and archived where 7 divides n. */
const facts = (n: number): OrderChanges => ({
  customerId: `c${n % 3}`,
  amountMinor: 100 * (n + 1),
  currency: n % 2 === 0 ? 'EUR' : 'VND',
  lines: [{ sku: SKUS[n % 4] ?? '', quantity: 1, unitPriceMinor: 100 * (n + 1) }],
  reference: `PO-${n} spring`,
});
const idOf = (n: number) => `order-${String(n).padStart(3, '0')}`;
const ALL = Array.from({ length: 60 }, (_, n) => n);

test.before(async () => {
  for (const n of ALL) {
    const record = placedOrder(idOf(n), facts(n));
    const placedAt = new Date(START.getTime() + n * DAY_MS);
    await store.insert({ ...record, placedAt, ...(n % 7 === 0 && { archivedAt: START }) });
  }
});

const at = (n: number) => new Date(START.getTime() + n * DAY_MS);
const cases: [string, OrderFilter, (n: number) => boolean][] = [
  ['everything', {}, (n) => n % 7 !== 0],
  ['a customer', { customerId: 'c1' }, (n) => n % 3 === 1 && n % 7 !== 0],
  ['a time', { placedFrom: at(10), placedBefore: at(20) }, (n) => n >= 10 && n < 20 && n % 7 !== 0],
  ['from a time on', { placedFrom: at(50) }, (n) => n >= 50 && n % 7 !== 0],
  ['amounts', { amountMinMinor: 500, amountMaxMinor: 900 }, (n) => n >= 4 && n <= 8 && n % 7 !== 0],
  ['a currency', { currency: 'VND' }, (n) => n % 2 === 1 && n % 7 !== 0],
  ['the archive', { archived: 'only' }, (n) => n % 7 === 0],
  ['the archive of a customer', { archived: 'only', customerId: 'c0' }, (n) => n % 21 === 0],
  ['all there is', { archived: 'with' }, () => true],
  ['a state', { state: 'validating' }, (n) => n % 7 !== 0],
  ['another state', { state: 'completed' }, () => false],
  ['a sku', { search: 'pan' }, (n) => n % 4 === 2 && n % 7 !== 0],
  ['the beginning of skus', { search: 'CUP' }, (n) => [0, 3].includes(n % 4) && n % 7 !== 0],
  ['a reference', { search: 'po-11' }, (n) => n === 11],
  ['the rest of a reference', { search: '11 SPR' }, (n) => n === 11],
  ['an id', { search: 'Order-012' }, (n) => n === 12],
  ['a recipient', { search: 'ada' }, (n) => n % 7 !== 0],
  [
    'all at once',
    { customerId: 'c1', search: 'pot', placedFrom: at(20), currency: 'VND' },
    (n) => n % 12 === 1 && n >= 20 && n % 7 !== 0,
  ],
  ['no operator', { search: '.*' }, () => false],
];
for (const [what, filter, holds] of cases)
  test(`${what}: whole, counted, and in pages`, async (t) => {
    const wanted = ALL.filter(holds).map(idOf).toReversed();
    const ids = async (page: { limit: number; after?: string; skip?: number }) =>
      (await queries.list(filter, page)).map(({ _id }) => _id);
    t.deepEqual(await ids({ limit: 100 }), wanted);
    t.is(await queries.count(filter), wanted.length);
    t.deepEqual(await ids({ limit: 5, skip: 3 }), wanted.slice(3, 8));
    const paged: string[] = [];
    for (;;) {
      const after = paged.at(-1);
      const page = await ids({ limit: 4, ...(after !== undefined && { after }) });
      if (page.length === 0) break;
      paged.push(...page);
    }
    t.deepEqual(paged, wanted);
  });

test("an operator's search, and the archive, walk an index", async (t) => {
  const orders = connection.collection('orders');
  const indexesOf = async (filter: object) =>
    JSON.stringify(await orders.find(filter).explain('queryPlanner'));
  t.regex(await indexesOf({ searchTerms: /^po-11/, archivedAt: null }), /searchTerms_1/);
  t.regex(await indexesOf({ placedAt: { $gte: at(1), $lt: at(2) } }), /placedAt_1/);
  t.regex(await indexesOf({ archivedAt: { $gt: new Date(0) } }), /archivedAt_1/);
});

test.serial(
  'orders from before are given their terms, however often that was cut off; and back',
  async (t) => {
    const older = await connectStore(services.mongodbUri.replace('/ordo?', '/older?'));
    t.teardown(() => older.close());
    const orders = older.collection<{ _id: string; searchTerms?: string[] }>('orders');
    await orders.insertMany(ALL.map((n) => ({ ...placedOrder(idOf(n), facts(n)) })));
    await orders.updateMany({ _id: { $lt: idOf(20) } }, { $set: { searchTerms: ['known'] } });
    await orderLists.up(older);
    await orderLists.up(older);
    const found = createOrderQueries(orderModel(older));
    const search = async (term: string) =>
      (await found.list({ search: term }, { limit: 100 })).map(({ _id }) => _id);
    t.deepEqual(await search('po-55'), [idOf(55)]);
    t.is((await search('known')).length, 20, 'what had its terms is left alone');
    t.is((await search('spring')).length, 40);
    await orderLists.down(older);
    t.is(await orders.countDocuments({ searchTerms: { $exists: true } }), 0);
    t.deepEqual(
      (await orders.indexes()).map(({ name }) => name),
      ['_id_'],
    );
  },
);
