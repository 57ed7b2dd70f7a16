import test from 'ava';
import type { Shortfall } from '../../src/ports/stock.ts';
import { connectStore } from '../../src/store/connect.ts';
import { productModel } from '../../src/store/product-model.ts';
import { createProductStore } from '../../src/store/product-store.ts';
import { createStockLedger } from '../../src/store/stock-ledger.ts';
import { movementModel } from '../../src/store/stock-movements.ts';
import { migrate } from '../support/migrate.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const model = productModel(connection);
const movements = movementModel(connection);
await migrate(connection);

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});
const products = createProductStore(model, movements);
const ledger = createStockLedger(model, movements);

const HELD = { shortfalls: [], heldSome: true };

const make = (sku: string, stock: number, kind: 'goods' | 'charge' = 'goods') =>
  products.create(
    { sku, name: `A ${sku}`, description: '', kind, priceMinor: 500, currency: 'EUR', stock },
    START,
  );
const claim = (
  sku: string,
  quantity: number,
  pricesMinor: number[] | undefined = [500],
  currency = 'EUR',
) => ({ sku, quantity, currency, pricesMinor });
const units = (sku: string, quantity: number) => ({ sku, quantity });
const adjustment = (delta: number) => ({ id: `adjust ${delta}`, delta, by: 'operator-1', reason: 'counted' });
const stockOf = async (sku: string) => {
  const stock = (await products.find(sku))?.stock;
  if (stock && stock.received !== stock.available + stock.held + stock.sold)
    throw new Error(`${sku} does not add up`);
  return stock && [stock.available, stock.held, stock.sold];
};

test('held, then sold; held, then given back; each once, however often it is repeated', async (t) => {
  await make('A1', 10);
  await make('A2', 10);
  for (let i = 0; i < 3; i += 1)
    t.deepEqual(await ledger.hold('o1', [claim('A1', 2), claim('A2', 1)], START, 't1'), HELD);
  t.deepEqual(
    [await stockOf('A1'), await stockOf('A2')],
    [
      [8, 2, 0],
      [9, 1, 0],
    ],
  );
  for (let i = 0; i < 3; i += 1) await ledger.sell('o1', [units('A1', 2), units('A2', 1)]);
  t.deepEqual(
    [await stockOf('A1'), await stockOf('A2')],
    [
      [8, 0, 2],
      [9, 0, 1],
    ],
  );
  await ledger.hold('o2', [claim('A1', 3)], START, 't1');
  for (let i = 0; i < 3; i += 1) await ledger.release('o2', ['A1', 'A2']);
  t.deepEqual(await stockOf('A1'), [8, 0, 2]);
});

test('a process that died between two lines: the repetition holds what is missing', async (t) => {
  await make('B1', 5);
  await make('B2', 5);
  await ledger.hold('o1', [claim('B1', 2)], START, 't1');
  t.deepEqual(await ledger.hold('o1', [claim('B1', 2), claim('B2', 2)], START, 't1'), HELD);
  t.deepEqual(
    [await stockOf('B1'), await stockOf('B2')],
    [
      [3, 2, 0],
      [3, 2, 0],
    ],
  );
});

test('what one line lacks, the others keep until the order decides, and every fault is named', async (t) => {
  await make('C1', 5);
  await make('C2', 1);
  await make('POST', 100, 'charge');
  const claims = [claim('C1', 1), claim('C2', 2), claim('POST', 1), claim('C9', 1)];
  const short: Shortfall = { sku: 'C2', code: 'out_of_stock', available: 1 };
  const others: Shortfall[] = [
    { sku: 'POST', code: 'not_goods' },
    { sku: 'C9', code: 'unknown_product' },
  ];
  t.deepEqual(await ledger.hold('o1', claims, START, 't1'), {
    shortfalls: [short, ...others],
    heldSome: true,
  });
  t.deepEqual(
    [await stockOf('C1'), await stockOf('C2')],
    [
      [4, 1, 0],
      [1, 0, 0],
    ],
  );
  await ledger.release('o1', ['C1', 'C2', 'POST', 'C9']);
  t.deepEqual(await stockOf('C1'), [5, 0, 0]);
  t.deepEqual(await ledger.hold('o2', [claim('C2', 2)], START, 't1'), {
    shortfalls: [short],
    heldSome: false,
  });
});

test("a price that is not the catalogue's is refused, an agreed one is not asked for", async (t) => {
  await make('D1', 5);
  const changed: Shortfall = { sku: 'D1', code: 'price_changed', priceMinor: 500 };
  const other: Shortfall = { sku: 'D1', code: 'currency_changed', currency: 'EUR' };
  const hold = (orderId: string, ...rest: [number[] | undefined, string?]) =>
    ledger.hold(orderId, [claim('D1', 1, ...rest)], START, 't1');
  t.deepEqual(await hold('o1', [400]), { shortfalls: [changed], heldSome: false });
  t.deepEqual(await hold('o2', [400, 500]), { shortfalls: [changed], heldSome: false });
  t.deepEqual(await hold('o3', [500], 'GBP'), { shortfalls: [other], heldSome: false });
  t.deepEqual(await ledger.hold('o4', [{ ...claim('D1', 1), pricesMinor: undefined }], START, 't1'), HELD);
  t.deepEqual(await stockOf('D1'), [4, 1, 0]);
});

test('a crowd on one product: never oversold, nothing left held', async (t) => {
  await make('HOT', 30);
  const orders = Array.from({ length: 100 }, (_, i) => `crowd-${i}`);
  const shortfalls = await Promise.all(orders.map((id) => ledger.hold(id, [claim('HOT', 1)], START, 't1')));
  const winners = orders.filter((_, i) => shortfalls[i]?.shortfalls.length === 0);
  t.is(winners.length, 30);
  t.deepEqual(await stockOf('HOT'), [0, 30, 0]);
  await Promise.all(winners.map((id) => ledger.sell(id, [units('HOT', 1)])));
  t.deepEqual(await stockOf('HOT'), [0, 0, 30]);
});

test('who holds since when is told, for the sweep', async (t) => {
  await make('E1', 5);
  await make('E2', 5);
  await ledger.hold('old', [claim('E1', 1), claim('E2', 1)], new Date(START.getTime() - 1_000), 't1');
  await ledger.hold('young', [claim('E1', 1)], START, 't1');
  const holders = await ledger.holdersBefore(START, 10);
  t.deepEqual(
    holders.map(({ orderId, skus }) => [orderId, skus.sort()]),
    [['old', ['E1', 'E2']]],
  );
});

test('products: taken, found by the beginnings of names, changed, adjusted, and removed unless held', async (t) => {
  await make('F-1', 5);
  await t.throwsAsync(make('F-1', 5), { message: /already/ });
  t.is((await products.list({ skip: 0, limit: 10, search: 'a f-' })).total, 1);
  t.is((await products.list({ skip: 0, limit: 10, search: '.*' })).total, 0);
  await products.update('F-1', { name: 'Blue Jug' }, START);
  t.deepEqual(
    (await products.list({ skip: 0, limit: 10, search: 'blue' })).items.map(({ sku }) => sku),
    ['F-1'],
  );
  await products.adjustStock('F-1', adjustment(3), START);
  await t.throwsAsync(products.adjustStock('F-1', adjustment(-9), START), { message: /Fewer than 9/ });
  t.is(await products.adjustStock('none', adjustment(1), START), undefined);
  await ledger.hold('o9', [{ ...claim('F-1', 1), pricesMinor: undefined }], START, 't1');
  await t.throwsAsync(products.remove('F-1'), { message: /held/ });
  await ledger.release('o9', ['F-1']);
  t.deepEqual([await products.remove('F-1'), await products.remove('F-1')], [true, false]);
});
