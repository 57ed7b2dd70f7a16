/** Hot stock: many orders at once for the few units of one product, against the same on many products; audited. */
import { type EngineUnderTest, withEngine } from '../engine-under-test.ts';
import { placeOrders } from '../placing.ts';
import { ratio, show } from '../report.ts';
import { until } from '../waiting.ts';
import type { Part } from './part.ts';

const WAIT_MS = 300_000;
const WARMUP = 300;

/** What became of one lot of orders. */
interface Lot {
  name: string;
  ordersPerS: number;
  seconds: number;
  completed: number;
  rejected: number;
  available: number;
  held: number;
  sold: number;
}

export const hotStock: Part = async ({ options, say }) => {
  const { hotOrders, hotUnits } = options;
  const skusOf = (lot: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${lot}-${String(index).padStart(5, '0')}`);
  const rounds = Array.from({ length: options.repeat }, (_, index) => index + 1);
  const hot = rounds.map((round) => skusOf(`HOT${round}`, 1));
  const spread = rounds.map((round) => skusOf(`SPREAD${round}`, hotUnits));
  const warm = skusOf('WARM', 1);
  const products = [
    ...hot.flat().map((sku) => ({ sku, stock: hotUnits })),
    ...spread.flat().map((sku) => ({ sku, stock: 1 })),
    ...warm.map((sku) => ({ sku, stock: WARMUP })),
  ];
  say(`starting a shop of ${products.length} products`);
  const lots = await withEngine({ products }, async (engine) => {
    await runLot(engine, 'warm', warm, WARMUP, WARMUP);
    const results: Lot[] = [];
    for (const round of rounds) {
      for (const [name, skus] of [
        ['hot', hot[round - 1] ?? []],
        ['spread', spread[round - 1] ?? []],
      ] as const) {
        const lot = await runLot(engine, name, skus, hotOrders, hotUnits);
        say(`round ${round}, ${name}: ${show(lot.ordersPerS)} orders/s`);
        results.push(lot);
      }
    }
    return results;
  });
  const speed = (name: string) =>
    lots.filter((lot) => lot.name === name).reduce((sum, { ordersPerS }) => sum + ordersPerS, 0) /
    rounds.length;
  return [
    {
      title: `Hot stock: ${hotOrders} orders for ${hotUnits} units`,
      head: ['', 'orders/s to their end', 'completed', 'rejected', 'sold', 'held', 'available'],
      rows: lots.map((lot) => [
        lot.name === 'hot' ? 'of 1 product' : `of ${hotUnits} products`,
        ...[lot.ordersPerS, lot.completed, lot.rejected, lot.sold, lot.held, lot.available].map((n) =>
          show(n),
        ),
      ]),
      notes: [
        `one hot product to the spread ones: ${ratio(speed('hot'), speed('spread'))}; every lot is audited`,
      ],
      data: lots,
    },
  ];
};

/** @throws Error when other than `units` were sold, anything is still held, or an order has no end */
async function runLot(
  engine: EngineUnderTest,
  name: string,
  skus: string[],
  count: number,
  units: number,
): Promise<Lot> {
  const from = performance.now();
  const wanted = Array.from({ length: count }, (_, index) => skus[index % skus.length] ?? '');
  const { ids } = await placeOrders(engine, wanted, skus[0] ?? name);
  await until(`${count} orders to end`, () => ids.every((id) => engine.ends.has(id)), WAIT_MS);
  const seconds = (performance.now() - from) / 1000;
  const { db } = engine.documents;
  const inState = (state: string) =>
    db.collection('orders').countDocuments({ 'input.lines.sku': { $in: skus }, state });
  const [completed, rejected] = [await inState('completed'), await inState('rejected')];
  const products = await db
    .collection<{ _id: string; stock: Record<'available' | 'held' | 'sold', number> }>('products')
    .find({ _id: { $in: skus } })
    .toArray();
  const sum = (key: 'available' | 'held' | 'sold') =>
    products.reduce((all, { stock }) => all + stock[key], 0);
  const lot: Lot = {
    name,
    ordersPerS: count / seconds,
    seconds,
    completed,
    rejected,
    available: sum('available'),
    held: sum('held'),
    sold: sum('sold'),
  };
  const isExact = lot.sold === units && lot.held === 0 && completed === units && rejected === count - units;
  if (!isExact)
    throw new Error(`The audit of ${count} orders for ${units} units failed: ${JSON.stringify(lot)}`);
  return lot;
}
