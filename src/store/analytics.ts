/** What can be learnt of many orders together, worked out by the database. */
import type { Model, PipelineStage } from 'mongoose';
import type { OrderRecord } from '../machines/order-view.ts';
import type { Dimension, OrderAnalytics, OrdersOf, Range, SalesOf } from '../ports/analytics.ts';
import { conversionOf, conversionStages, type Furthest } from './analytics-conversion.ts';
import { type Bucket, timeStages, timesOf } from './analytics-times.ts';
import { inTime } from './time-limit.ts';

/** The embedded server does nothing else meanwhile, so less than its clients wait for a sign of life (10 s). */
const MAX_TIME_MS = 5_000;
/** More keys than 366 days, or the countries of the world, have in some currencies. */
const KEYS_MAX = 10_000;

const placedIn = ({ from, to }: Range): PipelineStage => ({ $match: { placedAt: { $gte: from, $lt: to } } });

const context = (field: string) => `$snapshot.context.${field}`;

/** Orders of version 1 knew no amounts in their payments: the whole was charged, and given back whole. */
const captured = {
  $ifNull: [
    context('payment.capturedMinor'),
    { $cond: [{ $ifNull: [context('payment.status'), false] }, '$input.amountMinor', 0] },
  ],
};
const refunded = {
  $ifNull: [
    context('payment.refundedMinor'),
    { $cond: [{ $eq: [context('payment.status'), 'refunded'] }, '$input.amountMinor', 0] },
  ],
};

const period = (unit: 'day' | 'week' | 'month') => ({
  $dateToString: {
    date: { $dateTrunc: { date: '$placedAt', unit, startOfWeek: 'monday' } },
    format: '%Y-%m-%d',
  },
});

const KEYS: Record<Dimension, unknown> = {
  day: period('day'),
  week: period('week'),
  month: period('month'),
  state: '$state',
  country: '$input.shippingAddress.country',
};

const ordersStages = (by: Dimension): PipelineStage[] => [
  {
    $group: {
      _id: { key: KEYS[by], currency: '$input.currency' },
      orders: { $sum: 1 },
      amountMinor: { $sum: '$input.amountMinor' },
      revenueMinor: { $sum: { $subtract: [captured, refunded] } },
    },
  },
  { $sort: { _id: 1 } },
  { $limit: KEYS_MAX },
];

/** The units of this line in that list of the order's. */
const unitsIn = (list: string) => ({
  $sum: {
    $map: {
      input: {
        $filter: {
          input: { $ifNull: [context(list), []] },
          cond: { $eq: ['$$this.line', { $add: ['$index', 1] }] },
        },
      },
      in: '$$this.quantity',
    },
  },
});

const productsStages = (limit: number): PipelineStage[] => [
  { $set: { skus: '$input.lines.sku' } },
  { $unwind: { path: '$input.lines', includeArrayIndex: 'index' } },
  {
    $project: {
      line: '$input.lines',
      currency: '$input.currency',
      isFirst: { $eq: [{ $indexOfArray: ['$skus', '$input.lines.sku'] }, '$index'] },
      soldUnits: {
        $cond: [
          // What has an ending is undone as a whole, or is about to be.
          { $and: [{ $gt: [captured, 0] }, { $not: [{ $ifNull: [context('ending'), false] }] }] },
          {
            $subtract: ['$input.lines.quantity', { $add: [unitsIn('cancelled'), unitsIn('returned')] }],
          },
          0,
        ],
      },
    },
  },
  {
    $group: {
      _id: { sku: '$line.sku', currency: '$currency' },
      orders: { $sum: { $cond: ['$isFirst', 1, 0] } },
      units: { $sum: '$line.quantity' },
      soldUnits: { $sum: '$soldUnits' },
      revenueMinor: { $sum: { $multiply: ['$soldUnits', '$line.unitPriceMinor'] } },
    },
  },
  { $sort: { revenueMinor: -1, soldUnits: -1, _id: 1 } },
  { $limit: limit },
];

/** Analytics over that model. */
export function createAnalytics(model: Model<OrderRecord>): OrderAnalytics {
  const ask = <T>(range: Range, stages: PipelineStage[]) =>
    inTime(
      model
        .aggregate<T>([placedIn(range), ...stages])
        .option({ maxTimeMS: MAX_TIME_MS })
        .allowDiskUse(true),
    );
  return {
    async orders(range, by) {
      type Found = Omit<OrdersOf, 'key' | 'currency'> & { _id: Pick<OrdersOf, 'key' | 'currency'> };
      return (await ask<Found>(range, ordersStages(by))).map(({ _id, ...sums }) => ({ ..._id, ...sums }));
    },

    async products(range, limit) {
      type Found = Omit<SalesOf, 'sku' | 'currency'> & { _id: Pick<SalesOf, 'sku' | 'currency'> };
      return (await ask<Found>(range, productsStages(limit))).map(({ _id, ...sums }) => ({
        ..._id,
        ...sums,
      }));
    },

    async conversion(range) {
      return conversionOf(await ask<Furthest>(range, conversionStages));
    },

    async times(range) {
      return timesOf(await ask<Bucket>(range, timeStages));
    },
  };
}
