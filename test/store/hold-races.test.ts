import test from 'ava';
import { connectStore } from '../../src/store/connect.ts';
import { productModel } from '../../src/store/product-model.ts';
import { createStockLedger } from '../../src/store/stock-ledger.ts';
import { movementModel } from '../../src/store/stock-movements.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const model = productModel(connection);
const movements = movementModel(connection);
await movements.createCollection();
const ledger = createStockLedger(model, movements);

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

const claim = (sku: string) => ({ sku, quantity: 4, currency: 'EUR', pricesMinor: [500] });

async function make(sku: string): Promise<void> {
  await model.create({
    _id: sku,
    name: sku,
    description: '',
    kind: 'goods',
    priceMinor: 500,
    currency: 'EUR',
    stock: { received: 10, available: 10, held: 0, sold: 0 },
    holds: [],
    createdAt: START,
    updatedAt: START,
  });
}

const stockOf = async (sku: string) => {
  const { stock, holds } = (await model.findById(sku).lean()) ?? { stock: undefined, holds: [] };
  return { available: stock?.available, held: stock?.held, sold: stock?.sold, holds: holds.length };
};

test('holds that are lowered and settled at once add up, whoever comes first', async (t) => {
  for (let round = 0; round < 30; round += 1) {
    const sku = `A${round}`;
    await make(sku);
    await ledger.hold('o1', [claim(sku)], START, 't1');
    // A wrong guess of what is held takes the way by a look.
    await Promise.all([
      ledger.sell('o1', [{ sku, quantity: 9 }]),
      ledger.keep('o1', [{ sku, quantity: 1 }]),
      ledger.sell('o1', [{ sku, quantity: 9 }]),
      ledger.keep('o1', [{ sku, quantity: 3 }]),
    ]);
    const { available = 0, held, sold = 0, holds } = await stockOf(sku);
    t.deepEqual([held, holds, available + sold], [0, 0, 10]);
    t.true([1, 3, 4].includes(sold), `${sold} were sold`);
  }
});

test('what was cancelled altogether is not held again by a validation that comes late', async (t) => {
  await make('B');
  await ledger.hold('o1', [claim('B')], START, 't1');
  await ledger.keep('o1', [{ sku: 'B', quantity: 0 }]);
  t.deepEqual(await ledger.hold('o1', [claim('B')], START, 't1'), { shortfalls: [], heldSome: true });
  t.deepEqual(await stockOf('B'), { available: 10, held: 0, sold: 0, holds: 1 });
  await ledger.sell('o1', [{ sku: 'B', quantity: 0 }]);
  t.deepEqual(await stockOf('B'), { available: 10, held: 0, sold: 0, holds: 0 });
});

test('a validation that wakes after the sale holds anew, and a repeated sale does not sell that too', async (t) => {
  await make('E');
  const sale = [{ sku: 'E', quantity: 4, token: 'first' }];
  await ledger.hold('o1', [claim('E')], START, 'first');
  await ledger.sell('o1', sale);
  // Another run of the same validation, which slept all the while; then the confirmation is tried again.
  t.deepEqual(await ledger.hold('o1', [claim('E')], START, 'late'), { shortfalls: [], heldSome: true });
  await ledger.sell('o1', sale);
  await ledger.sell('o1', [{ ...sale[0], sku: 'E', quantity: 9 }]);
  t.deepEqual(await stockOf('E'), { available: 2, held: 4, sold: 4, holds: 1 });
  await ledger.release('o1', ['E']);
  t.deepEqual(await stockOf('E'), { available: 6, held: 0, sold: 4, holds: 0 });
});

test('what an earlier run holds is named with its token, also where it has none', async (t) => {
  for (const sku of ['F', 'G', 'H']) await make(sku);
  await ledger.hold('o1', [claim('F')], START, 'first');
  await model.updateOne(
    { _id: 'G' },
    {
      $set: { holds: [{ orderId: 'o1', quantity: 4, heldAt: START }], 'stock.held': 4, 'stock.available': 6 },
    },
  );
  const holding = await ledger.hold('o1', [claim('F'), claim('G'), claim('H')], START, 'second');
  t.deepEqual(
    { ...holding, others: holding.others?.toSorted((one, other) => one.sku.localeCompare(other.sku)) },
    {
      shortfalls: [],
      heldSome: true,
      others: [
        { sku: 'F', token: 'first' },
        { sku: 'G', token: null },
      ],
    },
  );
  await ledger.sell('o1', [
    { sku: 'F', quantity: 4, token: 'first' },
    { sku: 'G', quantity: 4, token: null },
    { sku: 'H', quantity: 4, token: 'second' },
  ]);
  for (const sku of ['F', 'G', 'H'])
    t.deepEqual(await stockOf(sku), { available: 6, held: 0, sold: 4, holds: 0 });
});

test('what comes back goes to the shelf once, also when it is told twice at once', async (t) => {
  await make('C');
  await ledger.hold('o1', [claim('C')], START, 't1');
  await ledger.sell('o1', [{ sku: 'C', quantity: 4 }]);
  const movement = { key: 'o1.return.1', orderId: 'o1', units: [{ sku: 'C', quantity: 2 }] };
  await Promise.all([ledger.restock(movement, START), ledger.restock(movement, START)]);
  await ledger.restock(movement, START);
  t.deepEqual(await stockOf('C'), { available: 8, held: 0, sold: 2, holds: 0 });
});

test('a hold that is lowered between the look at it and its settlement is settled as it is then', async (t) => {
  await make('D');
  await ledger.hold('o1', [claim('D')], START, 't1');
  let looks = 0;
  const meddled = new Proxy(model, {
    get(target, name) {
      if (name !== 'find') return Reflect.get(target, name);
      return (...args: Parameters<typeof model.find>) => ({
        async lean() {
          const found = await target.find(...args).lean();
          looks += 1;
          if (looks === 1) await ledger.keep('o1', [{ sku: 'D', quantity: 1 }]);
          return found;
        },
      });
    },
  });
  await createStockLedger(meddled, movements).release('o1', ['D']);
  t.true(looks > 1, 'it looked again');
  t.deepEqual(await stockOf('D'), { available: 10, held: 0, sold: 0, holds: 0 });
});
