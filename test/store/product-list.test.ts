/** The catalogue's lists and imports on a real database. */
import test from 'ava';
import type { NewProduct, ProductOrder } from '../../src/ports/products.ts';
import { connectStore } from '../../src/store/connect.ts';
import { productModel } from '../../src/store/product-model.ts';
import { createProductStore } from '../../src/store/product-store.ts';
import { movementModel } from '../../src/store/stock-movements.ts';
import { migrate } from '../support/migrate.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
await migrate(connection);
const products = createProductStore(productModel(connection), movementModel(connection));

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

const make = (sku: string, changes: Partial<NewProduct> = {}): NewProduct => ({
  sku,
  name: `A ${sku}`,
  description: '',
  kind: 'goods',
  priceMinor: 500,
  currency: 'EUR',
  stock: 3,
  ...changes,
});
const LATER = new Date(START.getTime() + 1_000);

test.serial('an import creates, changes, and leaves alone; the same again changes nothing', async (t) => {
  const file = Array.from({ length: 50 }, (_, i) =>
    make(`S${i}`, { priceMinor: 1 + (i % 7), name: `Speckled mug ${i % 5}` }),
  );
  t.deepEqual(await products.importAll(file, START), { created: 50, updated: 0, unchanged: 0 });
  t.deepEqual(await products.importAll(file, LATER), { created: 0, updated: 0, unchanged: 50 });
  t.deepEqual((await products.find('S1'))?.updatedAt, START);
  await products.adjustStock('S1', { id: 'a', delta: 4, by: 'o', reason: 'found' }, LATER);
  const changed = [make('S1', { priceMinor: 99, stock: 1_000 }), make('NEW')];
  t.deepEqual(await products.importAll(changed, LATER), { created: 1, updated: 1, unchanged: 0 });
  t.like(await products.find('S1'), { priceMinor: 99, createdAt: START, updatedAt: LATER });
  t.is((await products.find('S1'))?.stock.available, 7, 'the stock of one that exists is no part of a file');
  t.like((await products.find('NEW'))?.stock, { received: 3, available: 3, held: 0, sold: 0 });
});

const orders: ProductOrder[] = ['sku', 'name', 'priceMinor', 'createdAt'];
for (const orderBy of orders)
  for (const descending of [false, true])
    test.serial(
      `pages by ${orderBy}${descending ? ', descending,' : ''} hold each product once, in order`,
      async (t) => {
        const { items: whole, total } = await products.list({ skip: 0, limit: 1_000, orderBy, descending });
        t.is(whole.length, total);
        const paged = [];
        for (let last = undefined as (typeof whole)[number] | undefined; ; ) {
          const after = last && { after: { sku: last.sku, value: last[orderBy] } };
          const { items } = await products.list({ skip: 0, limit: 7, orderBy, descending, ...after });
          if (items.length === 0) break;
          paged.push(...items);
          last = items.at(-1);
        }
        t.deepEqual(
          paged.map(({ sku }) => sku),
          whole.map(({ sku }) => sku),
        );
        const sign = descending ? -1 : 1;
        for (const [i, product] of whole.entries()) {
          const next = whole[i + 1];
          if (next)
            t.true(
              sign * (product[orderBy] < next[orderBy] ? -1 : product[orderBy] > next[orderBy] ? 1 : 0) <= 0,
            );
        }
      },
    );

test.serial('a product is found by its sku, and by each word of its name with what follows', async (t) => {
  await products.create(make('POT-1', { name: 'Ấm trà (gốm) Bát Tràng' }), START);
  for (const search of ['pot', 'ấm', 'TRÀ', 'gốm) bát', 'bát tràng', 'tràng'])
    t.deepEqual(
      (await products.list({ skip: 0, limit: 5, search })).items.map(({ sku }) => sku),
      ['POT-1'],
      search,
    );
  for (const search of ['ốm', '1', '.*', 'g.m', '(a+)+$'])
    t.false(
      (await products.list({ skip: 0, limit: 100, search })).items.some(({ sku }) => sku === 'POT-1'),
      search,
    );
});
