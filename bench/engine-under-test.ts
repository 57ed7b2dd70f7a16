/** An engine of our own to measure by other means than the workload: started as the workload starts it. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { mongo } from 'mongoose';

/** What to start: see `peers/peers/ordo.mjs`. */
export interface StartOptions {
  /** One process of each; default: one of the role `all`. */
  roles?: ('all' | 'api' | 'worker')[];
  /** Settings of the engine. */
  env?: Record<string, string>;
  products?: { sku: string; stock: number }[];
}

/** A running engine with its databases. */
export interface EngineUnderTest {
  baseUrl: string;
  people: { operator: Person; customers: Person[] };
  apps: { pid: number; child: ChildProcess }[];
  documents: { db: mongo.Db; version: string };
  /** Process ids by name. */
  roots(): Record<string, number>;
  /** When each order ended, in milliseconds of `performance.now()` of the harness, by the engine's own id. */
  ends: Map<string, number>;
  stop(): Promise<void>;
}

interface Person {
  id: string;
  token: string;
}

/** The harness's own way to look at processes. */
export interface ProcessStatistics {
  /** CPU seconds so far by name. */
  cpuByName(roots: Record<string, number>): Record<string, number>;
  /** Bytes, shared pages counted once. */
  pss(roots: number[]): number;
}

const load = async <T>(path: string) => (await import(new URL(path, import.meta.url).href)) as T;

/** Reads `/proc`. */
export const processStatistics = () => load<ProcessStatistics>('./peers/lib/procstat.mjs');

/** The catalogue's price of a product of the benchmark's shop. */
export const priceOf = async (sku: string) =>
  (await load<{ priceOf(sku: string): number }>('./peers/lib/ordo.mjs')).priceOf(sku);

/** The units of the whole shop. @throws Error where a product's do not add up */
export const unitsOf = async (db: mongo.Db) =>
  (
    await load<{ unitsOf(db: mongo.Db): Promise<{ available: number; held: number; sold: number }> }>(
      './peers/lib/ordo.mjs',
    )
  ).unitsOf(db);

/**
 * Starts an engine, runs `use` on it, and stops it; its folder goes too.
 * @throws what `use` throws; the folder then stays, for its logs
 */
export async function withEngine<T>(
  options: StartOptions,
  use: (engine: EngineUnderTest) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-bench-'));
  const ends = new Map<string, number>();
  const onDone = (list: [string, number][]) => {
    for (const [id, atMs] of list) if (!ends.has(id)) ends.set(id, atMs);
  };
  const { start } = await load<{
    start(
      given: StartOptions & { dir: string; onDone: typeof onDone },
    ): Promise<Omit<EngineUnderTest, 'ends'>>;
  }>('./peers/peers/ordo.mjs');
  const engine = await start({ ...options, env: { ...options.env, BENCH_NAMES: 'own' }, dir, onDone });
  try {
    return await use(Object.assign(engine, { ends }));
  } finally {
    await engine.stop();
    await rm(dir, { recursive: true });
  }
}
