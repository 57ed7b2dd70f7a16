/**
 * The queueing model on paper of docs/scaling.md: from the service demands of one order, measured by the part
 * `scale`, the utilisation of each resource under any load, and by mean value analysis the speed of a closed window.
 * `npx tsx bench/model.ts [RESULTS.json]`; without a file it takes the demands that stand below.
 */
import { readFileSync } from 'node:fs';
import type { Run } from './harness.ts';

/** A resource that does one thing at a time: a Node process, a Redis, a document server's writer. */
interface Station {
  name: string;
  /** Milliseconds of it that one order needs. */
  demandMs: number;
}

/** Of each resource, how much of its time may be used: beyond, queues grow faster than load. */
const BUSY_MAX = 0.6;
const BASE_PER_S = 50;
const LOADS = [1, 10, 100, 1_000];
const WINDOWS = [1, 4, 16, 64, 256];

/** One process each, as docs/scaling.md has them. */
const MEASURED: Station[] = [
  { name: 'api', demandMs: 0.82 },
  { name: 'worker', demandMs: 1.38 },
  { name: 'documents', demandMs: 1.27 },
  { name: 'redis', demandMs: 0.2 },
];

/** The demands in a results file: CPU of the window by process, in the case of one worker. */
function demandsIn(file: string): Station[] {
  const { sections } = JSON.parse(readFileSync(file, 'utf8')) as {
    sections: { title: string; data: unknown }[];
  };
  const scale = sections.find(({ title }) => title.startsWith('Scale-out'))?.data as
    | [string, Run[]][]
    | undefined;
  const window = scale?.find(([name]) => name === 'api + 1 worker')?.[1].at(-1)?.window;
  if (window === undefined) throw new Error(`${file} has no window of "api + 1 worker": run --only scale.`);
  const names: Record<string, string> = { worker1: 'worker', mongolet: 'documents' };
  return Object.entries(window.cpuS).map(([name, s]) => ({
    name: names[name] ?? name,
    demandMs: (s / window.orders) * 1000,
  }));
}

/**
 * Exact mean value analysis of a closed network of single servers.
 * @returns orders per second, and the milliseconds that one takes, with `inFlight` orders in it
 */
function meanValueAnalysis(stations: Station[], inFlight: number): { perS: number; ms: number } {
  let queues = stations.map(() => 0);
  let result = { perS: 0, ms: 0 };
  for (let n = 1; n <= inFlight; n += 1) {
    const residence = stations.map(({ demandMs }, index) => demandMs * (1 + (queues[index] ?? 0)));
    const ms = residence.reduce((sum, each) => sum + each, 0);
    queues = residence.map((each) => (n / ms) * each);
    result = { perS: (n / ms) * 1000, ms };
  }
  return result;
}

/** Of each resource, how many of them keep below `BUSY_MAX` at that load; by the utilisation law. */
function needed(stations: Station[], perS: number): number[] {
  return stations.map(({ demandMs }) => Math.max(1, Math.ceil((perS * demandMs) / 1000 / BUSY_MAX)));
}

const table = (head: string[], rows: (string | number)[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

function print(stations: Station[]): void {
  const names = stations.map(({ name }) => name);
  const bottleneck = stations.reduce((worst, each) => (each.demandMs > worst.demandMs ? each : worst));
  console.log(
    `${table(
      ['', ...names],
      [
        ['demand, ms an order', ...stations.map(({ demandMs }) => demandMs.toFixed(2))],
        ['at most, orders/s of one', ...stations.map(({ demandMs }) => Math.floor(1000 / demandMs))],
      ],
    )}\n\nOne of each, a core each: ${bottleneck.name} is full first.\n`,
  );
  console.log(
    `${table(
      ['orders in flight', 'orders/s', 'ms an order'],
      WINDOWS.map((inFlight) => {
        const { perS, ms } = meanValueAnalysis(stations, inFlight);
        return [inFlight, perS.toFixed(0), ms.toFixed(1)];
      }),
    )}\n`,
  );
  console.log(
    table(
      [
        'load',
        'orders/s',
        ...names.map((name) => `${name}: busy with one`),
        ...names.map((name) => `${name}: needed`),
      ],
      LOADS.map((times) => {
        const perS = BASE_PER_S * times;
        const busy = stations.map(({ demandMs }) => `${((perS * demandMs) / 10).toFixed(0)} %`);
        return [`${times}x`, perS.toLocaleString('en'), ...busy, ...needed(stations, perS)];
      }),
    ),
  );
}

const [file] = process.argv.slice(2);
print(file === undefined ? MEASURED : demandsIn(file));
