/**
 * Time spent in states: the database counts visits in buckets, each 1% longer than the one before. So the answer
 * stays small however many orders there are, and needs no percentiles of the database's own.
 */
import type { PipelineStage } from 'mongoose';
import type { TimeIn } from '../ports/analytics.ts';

const BUCKET_GROWTH = 1.01;

const elementOf = (list: string, index: unknown) => ({ $arrayElemAt: [list, index] });

/** Visits that have ended, counted by state and bucket. */
export const timeStages: PipelineStage[] = [
  {
    $project: {
      // What happens inside a state does not end the stay.
      moves: { $filter: { input: '$history', cond: { $ne: ['$$this.from', '$$this.to'] } } },
    },
  },
  {
    $project: {
      visits: {
        $map: {
          input: { $range: [0, { $subtract: [{ $size: '$moves' }, 1] }] },
          in: {
            state: elementOf('$moves.to', '$$this'),
            // The clocks of two processes may differ.
            ms: {
              $max: [
                0,
                {
                  $subtract: [
                    elementOf('$moves.at', { $add: ['$$this', 1] }),
                    elementOf('$moves.at', '$$this'),
                  ],
                },
              ],
            },
          },
        },
      },
    },
  },
  { $unwind: '$visits' },
  {
    $group: {
      _id: {
        state: '$visits.state',
        bucket: { $floor: { $divide: [{ $ln: { $add: ['$visits.ms', 1] } }, Math.log(BUCKET_GROWTH)] } },
      },
      visits: { $sum: 1 },
      totalMs: { $sum: '$visits.ms' },
      maxMs: { $max: '$visits.ms' },
    },
  },
];

/** The visits to a state that took about as long. */
export interface Bucket {
  _id: { state: string; bucket: number };
  visits: number;
  totalMs: number;
  maxMs: number;
}

/** The longest visit of the bucket that holds the visit of that rank. @param buckets the shortest first */
function percentile(buckets: Bucket[], visits: number, fraction: number): number {
  let left = Math.ceil(visits * fraction);
  for (const bucket of buckets) {
    left -= bucket.visits;
    if (left <= 0) return bucket.maxMs;
  }
  return 0;
}

/** The times by state. Pure. */
export function timesOf(found: Bucket[]): TimeIn[] {
  const states = [...new Set(found.map(({ _id }) => _id.state))].sort();
  return states.map((state) => {
    const buckets = found
      .filter(({ _id }) => _id.state === state)
      .sort((one, other) => one.maxMs - other.maxMs);
    const sum = (of: (bucket: Bucket) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0);
    const visits = sum((bucket) => bucket.visits);
    return {
      state,
      visits,
      meanMs: Math.round(sum(({ totalMs }) => totalMs) / visits),
      p50Ms: percentile(buckets, visits, 0.5),
      p95Ms: percentile(buckets, visits, 0.95),
      maxMs: buckets.at(-1)?.maxMs ?? 0,
    };
  });
}
