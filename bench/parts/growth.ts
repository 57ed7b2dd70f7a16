/** Growth: speed and start-up with many completed orders stored, and what many orders in flight cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineUnderTest, processStatistics, unitsOf, withEngine } from '../engine-under-test.ts';
import { type Run, runInterleaved } from '../harness.ts';
import { placeOrders } from '../placing.ts';
import { medianOf, ratio, type Section, show, workloadTable } from '../report.ts';
import { until } from '../waiting.ts';
import { type Part, type PartContext, settingsOf } from './part.ts';

const IDLE_SECONDS = 10;
const LOOK_MS = 500;
/** So many products that no one of them is in many orders. */
const PRODUCTS = 1_000;
const A_DAY_MS = 86_400_000;

export const growth: Part = async (context) => [await stored(context), await inFlight(context)];

async function stored({ options, say }: PartContext): Promise<Section> {
  const cases = options.stored.map((count) => ({
    name: `${count.toLocaleString('en')} stored`,
    peer: 'ordo',
    settings: { ...settingsOf(options), stored: count },
  }));
  // A million orders take minutes to store: one round says enough.
  const runs = await runInterleaved(cases, 1, say);
  const [empty] = [...runs.values()];
  const window = (run: Run) => run.window?.completedPerS;
  const notes = [...runs].flatMap(([name, list]) => {
    const { startup } = list.at(-1) ?? {};
    if (startup === undefined) return [];
    return [
      `${name}: ${ratio(medianOf(list, window), medianOf(empty, window))} of the window's speed with the fewest; start-up ` +
        `${startup.engineMs} ms, and ${startup.documentsMs} ms of the document server; ` +
        `stored in ${startup.storingS} s`,
    ];
  });
  return { title: 'Growth: completed orders stored', ...workloadTable(runs), notes, data: [...runs] };
}

async function inFlight({ options, say }: PartContext): Promise<Section> {
  const products = Array.from({ length: PRODUCTS }, (_, index) => ({
    sku: `SKU-${String(index).padStart(5, '0')}`,
    stock: 1_000_000,
  }));
  const env = { ORDO_PAYMENT_OVERDUE_MS: String(A_DAY_MS) };
  say(`one worker, up to ${options.inFlight} orders held at the gateway`);
  const data = await withEngine({ roles: ['api', 'worker'], env, products }, async (engine) => {
    const before = await memory(engine);
    for (const { child } of engine.apps) child.send({ gateway: 'hold' });
    const over = performance.now() + options.inFlightSeconds * 1000;
    const skus = Array.from(
      { length: options.inFlight },
      (_, index) => products[index % PRODUCTS]?.sku ?? '',
    );
    const { ids, seconds } = await placeOrders(engine, skus, 'flight', () => performance.now() > over);
    const orders = engine.documents.db.collection('orders');
    const charging = async () => (await orders.countDocuments({ state: 'charging' })) === ids.length;
    await until('all orders to be held', charging, options.inFlightSeconds * 1000, LOOK_MS);
    const during = await memory(engine);
    say(`${ids.length} held after ${seconds.toFixed(0)} s; looking at what they cost while nothing happens`);
    const { cpuByName } = await processStatistics();
    const cpuBefore = cpuByName(engine.roots());
    await sleep(IDLE_SECONDS * 1000);
    const cpuAfter = cpuByName(engine.roots());
    say('letting them go');
    const from = performance.now();
    for (const { child } of engine.apps) child.send({ gateway: 'open' });
    const completed = async () => (await orders.countDocuments({ state: 'completed' })) === ids.length;
    await until('all orders to complete', completed, 2 * options.inFlightSeconds * 1000, LOOK_MS);
    const completedPerS = (ids.length / (performance.now() - from)) * 1000;
    const { held, sold } = await unitsOf(engine.documents.db);
    if (held !== 0 || sold !== ids.length)
      throw new Error(`${ids.length} ordered, ${held} held, ${sold} sold`);
    const idleCores = Object.fromEntries(
      Object.keys(cpuAfter).map((name) => [
        name,
        ((cpuAfter[name] ?? 0) - (cpuBefore[name] ?? 0)) / IDLE_SECONDS,
      ]),
    );
    return { orders: ids.length, placedPerS: ids.length / seconds, completedPerS, before, during, idleCores };
  });
  const rows = Object.keys(data.during).map((name) => [
    name,
    show(data.before[name]),
    show(data.during[name]),
    show((((data.during[name] ?? 0) - (data.before[name] ?? 0)) * 1024) / data.orders, 2),
    show(data.idleCores[name], 2),
  ]);
  return {
    title: `Growth: ${data.orders.toLocaleString('en')} orders in flight`,
    head: ['process', 'MiB before', 'MiB with them', 'KiB an order', 'cores while they rest'],
    rows,
    notes: [
      `placed at ${show(data.placedPerS)} orders/s; let go, ${show(data.completedPerS)} orders/s went from payment to completed`,
    ],
    data,
  };
}

/** MiB by process, shared pages counted once. */
async function memory(engine: EngineUnderTest): Promise<Record<string, number>> {
  const { pss } = await processStatistics();
  return Object.fromEntries(
    Object.entries(engine.roots()).map(([name, pid]) => [name, pss([pid]) / 2 ** 20]),
  );
}
