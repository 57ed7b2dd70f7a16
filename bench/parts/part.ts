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

/** Orders per second that the sizes of `Options` are meant for. */
const NOMINAL_PER_S = 250;

/** The harness's settings of one run of an engine that completes about so many orders a second. */
export function settingsOf(options: Options, nominalPerS = NOMINAL_PER_S): Case['settings'] {
  const orders = Math.max(100, Math.round((options.orders * nominalPerS) / NOMINAL_PER_S));
  return {
    orders,
    'window-orders': orders,
    warmup: Math.min(options.warmup, orders),
    'rate-seconds': options.openSeconds,
  };
}

/** The same without the open loop, for parts that compare throughput. */
export const withoutOpenLoop = (settings: Case['settings']): Case['settings'] => ({
  ...settings,
  'rate-seconds': 0,
});
