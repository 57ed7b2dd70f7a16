/**
 * What the feed costs: one process with 10,000 subscribers, against plain Socket.IO broadcasting the same, in turn.
 * `npx tsx bench/feed.ts [--subscribers 10000] [--orders 1000] [--rounds 2] [--seconds 25] [--rate 200]`; after a build.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createOrders, type Orders } from './feed/orders.ts';
import { storePeople } from './feed/people.ts';
import {
  cpuSeconds,
  type ServerOptions,
  type Subscribers,
  startServer,
  startStores,
  startSubscribers,
} from './feed/processes.ts';

const SECRET = 'a-secret-for-the-benchmark-of-at-least-32-bytes';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KINDS = ['plain', 'ordo'] as const;
/** Deliveries that may be under way in the flood: full pipes, no growing queue. */
const UNDER_WAY = 20_000;
const BATCH = 50;

interface Settings {
  subscribers: number;
  orders: number;
  rounds: number;
  seconds: number;
  rate: number;
}

/** One run of one kind. */
interface Run {
  kind: (typeof KINDS)[number];
  bytesPerConnection: number;
  cpuUsPerConnection: number;
  paced: { deliveredPerS: number; p50Ms: number; p99Ms: number; maxMs: number; cpuUsPerDelivery: number };
  flood: { deliveredPerS: number; p99Ms: number; cpuUsPerDelivery: number };
  outOfTurn: number;
}

function settingsIn(argv: string[]): Settings {
  const number = (fallback: number) => ({ type: 'string', default: String(fallback) }) as const;
  const options = {
    subscribers: number(10_000),
    orders: number(1_000),
    rounds: number(2),
    // As long as Socket.IO leaves between two pings: each connection has its one in what is measured, of either kind.
    seconds: number(25),
    rate: number(200),
  };
  const { values } = parseArgs({ args: argv, options });
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])) as never;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const endMs = performance.now() + 900_000; !condition(); await sleep(20))
    if (performance.now() > endMs) throw new Error(`It never came: ${what}.`);
}

/** Does the work, and measures what it took of the server until everything was received. */
async function measure(pid: number, subscribers: Subscribers, work: () => Promise<number>) {
  subscribers.tell('reset');
  await until(() => subscribers.told().received === 0, 'the reset');
  const before = { cpuS: await cpuSeconds(pid), ms: performance.now() };
  const expected = await work();
  await until(() => subscribers.told().received >= expected, `${expected} deliveries`);
  const seconds = (performance.now() - before.ms) / 1_000;
  const cpuS = (await cpuSeconds(pid)) - before.cpuS;
  return {
    deliveredPerS: expected / seconds,
    cpuUsPerDelivery: (cpuS / expected) * 1e6,
    ...(await subscribers.figures()),
  };
}

/** Commits at an even rate. */
async function pace(
  orders: Orders,
  { rate, seconds, subscribers, orders: count }: Settings,
): Promise<number> {
  const startMs = performance.now();
  const commits: Promise<void>[] = [];
  for (let i = 0; i < rate * seconds; i++) {
    const dueMs = startMs + (i / rate) * 1_000;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    commits.push(orders.commit(i));
  }
  await Promise.all(commits);
  return (rate * seconds * subscribers) / count;
}

/** Publishes as fast as it is received. */
async function flood(
  orders: Orders,
  subscribers: Subscribers,
  { seconds, subscribers: all, orders: count }: Settings,
): Promise<number> {
  let sent = 0;
  for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs; ) {
    if (sent - subscribers.told().received > UNDER_WAY) await sleep(5);
    else {
      await orders.publish(BATCH);
      sent += (BATCH * all) / count;
    }
  }
  return sent;
}

async function run(
  kind: Run['kind'],
  stores: Omit<ServerOptions, 'secret'>,
  settings: Settings,
): Promise<Run> {
  const { mongodbUri, redisUrl } = stores;
  const { subscribers: count, orders: orderCount } = settings;
  await storePeople(mongodbUri, count);
  const orders = await createOrders(mongodbUri, redisUrl, orderCount);
  const server = await startServer(kind, { ...stores, secret: SECRET });
  const subscribers = startSubscribers();
  try {
    await sleep(2_000);
    const idleBytes = await server.heldBytes();
    const idleCpuS = await cpuSeconds(server.pid);
    subscribers.tell({
      connect: { url: server.url, secret: SECRET, subscribers: count, orders: orderCount },
    });
    await until(() => subscribers.told().connected === count, `${count} subscribers`);
    const cpuUsPerConnection = (((await cpuSeconds(server.pid)) - idleCpuS) / count) * 1e6;
    await sleep(5_000);
    const bytesPerConnection = ((await server.heldBytes()) - idleBytes) / count;
    const paced = await measure(server.pid, subscribers, () => pace(orders, settings));
    const { deliveredPerS, p99Ms, cpuUsPerDelivery } = await measure(server.pid, subscribers, () =>
      flood(orders, subscribers, settings),
    );
    const { outOfTurn } = subscribers.told();
    return {
      kind,
      bytesPerConnection,
      cpuUsPerConnection,
      paced,
      flood: { deliveredPerS, p99Ms, cpuUsPerDelivery },
      outOfTurn,
    };
  } finally {
    await subscribers.end();
    await server.end();
    await orders.end();
  }
}

const median = (values: number[]) => values.sort((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;

const COLUMNS: [string, (run: Run) => number, number][] = [
  ['CPU µs a connection', (it) => it.cpuUsPerConnection, 0],
  ['KiB held a connection', (it) => it.bytesPerConnection / 1_024, 1],
  ['paced: p50 ms', (it) => it.paced.p50Ms, 1],
  ['p99 ms', (it) => it.paced.p99Ms, 1],
  ['CPU µs a delivery', (it) => it.paced.cpuUsPerDelivery, 1],
  ['flood: delivered/s', (it) => it.flood.deliveredPerS, 0],
  ['p99 ms', (it) => it.flood.p99Ms, 0],
  ['CPU µs a delivery', (it) => it.flood.cpuUsPerDelivery, 2],
  ['out of turn', (it) => it.outOfTurn, 0],
];

const ratio = (value: number, of = 0) => (of === 0 ? '–' : (value / of).toFixed(2));

/** A table for people; the last row is ours over plain. */
function tableOf(runs: Run[]): string {
  const of = (kind: Run['kind']) =>
    COLUMNS.map(([, pick]) => median(runs.filter((it) => it.kind === kind).map(pick)));
  const [plain, ordo] = [of('plain'), of('ordo')];
  const set = (values: number[]) => values.map((value, i) => value.toFixed(COLUMNS[i]?.[2]));
  const rows = [
    ['', ...COLUMNS.map(([name]) => name)],
    ['---', ...COLUMNS.map(() => '---')],
    ['plain Socket.IO', ...set(plain)],
    ['Ordo', ...set(ordo)],
    ['Ordo / plain', ...ordo.map((value, i) => ratio(value, plain[i]))],
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const settings = settingsIn(process.argv.slice(2));
const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
const about = {
  at: new Date().toISOString(),
  commit: git('rev-parse', '--short', 'HEAD'),
  node: process.version,
  machine: { cpus: cpus().length, model: cpus()[0]?.model, loadBefore: loadavg()[0] },
  settings,
};
const stores = await startStores();
const runs: Run[] = [];
try {
  for (let round = 1; round <= settings.rounds; round++)
    for (const kind of KINDS) {
      console.error(`round ${round} of ${settings.rounds}: ${kind}`);
      runs.push(await run(kind, stores, settings));
      console.error(JSON.stringify(runs.at(-1)));
    }
} finally {
  await stores.end();
}
const { subscribers, orders, rate } = settings;
const table = tableOf(runs);
const title =
  `# The feed, ${about.at.slice(0, 16).replace('T', ' ')} UTC\n\nCommit ${about.commit}, Node ${about.node}, ` +
  `${about.machine.cpus} x ${about.machine.model}, load before ${about.machine.loadBefore?.toFixed(1)}. ` +
  `${subscribers} subscribers of ${orders} orders, on one process. Paced: ${rate} commits a second, from the durable ` +
  `commit to the receipt. Flood: as fast as it is received. Medians of ${settings.rounds} rounds in turn.\n`;
console.log(`${title}\n${table}`);
mkdirSync(`${ROOT}bench/results`, { recursive: true });
const file = `${ROOT}bench/results/feed-${about.at.slice(0, 10)}-${about.commit}`;
writeFileSync(`${file}.md`, `${title}\n${table}\n`);
writeFileSync(`${file}.json`, `${JSON.stringify({ ...about, runs }, null, 1)}\n`);
process.exit(0);
