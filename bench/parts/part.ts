/** What every part of the benchmark is given, and what it gives back. */
import type { Case } from '../harness.ts';
import type { Options } from '../options.ts';
import type { Section } from '../report.ts';

export interface PartContext {
  options: Options;
  /** Shows how far it is. */
  say(line: string): void;
}

export type Part = (context: PartContext) => Promise<Section[]>;

/** About how many orders an engine completes in a second on two cores. */
export interface Rate {
  flood: number;
  window: number;
}

const ORDO: Rate = { flood: 600, window: 500 };

/** The harness's settings of a run that lasts as long as it is asked to, at about that rate. */
export function settingsOf(options: Options, rate = ORDO): Case['settings'] {
  const orders = Math.max(100, rate.flood * options.floodSeconds);
  return {
    orders,
    'window-orders': Math.max(100, rate.window * options.windowSeconds),
    warmup: Math.min(options.warmup, orders),
    'rate-seconds': options.openSeconds,
  };
}

/** The same without the open loop, for parts that compare throughput. */
export const withoutOpenLoop = (settings: Case['settings']): Case['settings'] => ({
  ...settings,
  'rate-seconds': 0,
});
