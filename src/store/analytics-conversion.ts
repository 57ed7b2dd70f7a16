/** How far orders come: the database counts them by the last stage of each, the rest follows. */
import type { PipelineStage } from 'mongoose';
import type { Conversion, Stage } from '../ports/analytics.ts';

/** The stages in their order; an order that came to one has passed those before it. */
const STAGES: readonly { stage: Stage; states: string[]; passedBy: unknown }[] = [
  { stage: 'validation', states: [], passedBy: { $in: ['stock.held', '$types'] } },
  {
    stage: 'payment',
    states: ['charging', 'awaitingPayment', 'settling'],
    passedBy: { $or: [{ $in: ['payment.captured', '$types'] }, { $in: ['payment.settled', '$types'] }] },
  },
  // With its last parcel sent, it comes to the next stage.
  { stage: 'shipping', states: ['shipping', 'locating', 'awaitingShipment'], passedBy: false },
  {
    stage: 'confirmation',
    states: ['confirming', 'closing'],
    passedBy: cameTo(['completed', 'delivered', 'parcelLost', 'returned']),
  },
];

function cameTo(states: string[]) {
  return { $or: states.map((state) => ({ $in: [state, '$visited'] })) };
}

/** The value of the first condition that holds. */
const firstOf = (cases: [condition: unknown, value: unknown][], otherwise: unknown) =>
  cases.reduceRight((rest, [condition, value]) => ({ $cond: [condition, value, rest] }), otherwise);

/** Each order's last stage, and what became of it. */
export const conversionStages: PipelineStage[] = [
  {
    $project: {
      types: '$history.type',
      visited: '$history.to',
      code: { $ifNull: ['$snapshot.context.reason.code', null] },
      outcome: firstOf(
        [
          [{ $eq: ['$status', 'quarantined'] }, 'quarantined'],
          [{ $ifNull: ['$snapshot.context.stuckIn', false] }, 'needsAttention'],
          [{ $ifNull: ['$snapshot.context.ending', false] }, '$snapshot.context.ending'],
          [{ $eq: ['$status', 'done'] }, 'completed'],
        ],
        'underWay',
      ),
    },
  },
  {
    $set: {
      stage: firstOf(
        STAGES.slice(1)
          .toReversed()
          .map(({ stage, states }) => [cameTo(states), stage]),
        'validation',
      ),
    },
  },
  {
    $group: {
      _id: {
        stage: '$stage',
        passed: firstOf(
          STAGES.map(({ stage, passedBy }) => [{ $eq: ['$stage', stage] }, passedBy]),
          false,
        ),
        outcome: '$outcome',
        code: '$code',
      },
      orders: { $sum: 1 },
    },
  },
];

/** So many orders came to that stage, and no further. */
export interface Furthest {
  _id: { stage: Stage; passed: boolean; outcome: string; code: string | null };
  orders: number;
}

const NO_FAILURE = new Set(['completed', 'underWay']);

/** The conversion from the orders' last stages. Pure. */
export function conversionOf(found: Furthest[]): Conversion {
  const sum = (holds: (one: Furthest['_id']) => boolean) =>
    found.reduce((total, { _id, orders }) => total + (holds(_id) ? orders : 0), 0);
  const order = STAGES.map(({ stage }) => stage);
  const failed = new Map<string, Conversion['failures'][number]>();
  for (const { _id, orders } of found) {
    const { stage, outcome, code } = _id;
    if (NO_FAILURE.has(outcome)) continue;
    const key = JSON.stringify([stage, outcome, code]);
    failed.set(key, { stage, outcome, code, orders: orders + (failed.get(key)?.orders ?? 0) });
  }
  return {
    placed: sum(() => true),
    completed: sum(({ outcome }) => outcome === 'completed'),
    stages: order.map((stage, index) => ({
      stage,
      entered: sum((one) => order.indexOf(one.stage) >= index),
      passed: sum((one) => order.indexOf(one.stage) > index || (one.stage === stage && one.passed)),
    })),
    failures: [...failed.values()].sort((one, other) => other.orders - one.orders),
  };
}
