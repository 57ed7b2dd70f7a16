/** What `npm run bench` can be asked for: its parts, their sizes, and the quick mode. */
import { parseArgs } from 'node:util';

export const PART_NAMES = ['workload', 'limit', 'growth', 'scale', 'hot', 'http', 'peers'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** The sizes of a run; times in seconds. */
export interface Options {
  parts: PartName[];
  quick: boolean;
  /** Interleaved rounds of everything that is compared. */
  repeat: number;
  /** About how long the flood and the window last: long enough for a compiler that learns while it runs. */
  floodSeconds: number;
  windowSeconds: number;
  warmup: number;
  /** How long the open loop of 50 orders per second lasts. */
  openSeconds: number;
  /** Completed orders in the database, one case each. */
  stored: number[];
  /** Orders held in flight for the memory of a worker, and how long placing them may take. */
  inFlight: number;
  inFlightSeconds: number;
  workers: number[];
  hotOrders: number;
  hotUnits: number;
  httpSeconds: number;
  peers: string[];
  /** Where the results go, without an ending; undefined: named by the day and the commit. */
  out: string | undefined;
}

const FULL = {
  repeat: '3',
  'flood-seconds': '20',
  'window-seconds': '10',
  warmup: '500',
  'open-seconds': '20',
  stored: '0,100000,1000000',
  'in-flight': '100000',
  'in-flight-seconds': '900',
  workers: '1,2,4',
  'hot-orders': '5000',
  'hot-units': '1000',
  'http-seconds': '10',
  peers: 'naive,dbos,restate,restate-4p,restate-xstate',
};

const QUICK: typeof FULL = {
  repeat: '1',
  'flood-seconds': '1',
  'window-seconds': '1',
  warmup: '200',
  'open-seconds': '3',
  stored: '0,20000',
  'in-flight': '1000',
  'in-flight-seconds': '20',
  workers: '1',
  'hot-orders': '1000',
  'hot-units': '200',
  'http-seconds': '3',
  peers: 'naive',
};

const USAGE = `usage: npm run bench -- [--only ${PART_NAMES.join(',')}] [--quick] [--out FILE]
sizes, full (quick): ${Object.entries(FULL)
  .map(([name, value]) => `--${name} ${value} (${QUICK[name as keyof typeof FULL]})`)
  .join(', ')}`;

/**
 * Reads the command line.
 * @throws Error that says what is wrong with it
 */
export function readOptions(args: string[]): Options {
  const sizes = Object.fromEntries(Object.keys(FULL).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, quick: { type: 'boolean' }, out: { type: 'string' }, ...sizes },
  });
  const given = values as { only?: string; quick?: boolean; out?: string } & Partial<typeof FULL>;
  const size = { ...(given.quick ? QUICK : FULL), ...given };
  const parts = given.only === undefined ? [...PART_NAMES] : given.only.split(',');
  const unknown = parts.find((part) => !PART_NAMES.includes(part as PartName));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n${USAGE}`);
  return {
    parts: parts as PartName[],
    quick: given.quick ?? false,
    repeat: wholeNumber('repeat', size.repeat),
    floodSeconds: wholeNumber('flood-seconds', size['flood-seconds']),
    windowSeconds: wholeNumber('window-seconds', size['window-seconds']),
    warmup: wholeNumber('warmup', size.warmup),
    openSeconds: wholeNumber('open-seconds', size['open-seconds']),
    stored: size.stored.split(',').map((value) => wholeNumber('stored', value)),
    inFlight: wholeNumber('in-flight', size['in-flight']),
    inFlightSeconds: wholeNumber('in-flight-seconds', size['in-flight-seconds']),
    workers: size.workers.split(',').map((value) => wholeNumber('workers', value)),
    hotOrders: wholeNumber('hot-orders', size['hot-orders']),
    hotUnits: wholeNumber('hot-units', size['hot-units']),
    httpSeconds: wholeNumber('http-seconds', size['http-seconds']),
    peers: size.peers.split(','),
    out: given.out,
  };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw new Error(`--${name} is a whole number, not "${text}".\n${USAGE}`);
}
