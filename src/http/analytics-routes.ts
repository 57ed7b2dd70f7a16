/** Analytics: what operators can learn of many orders together. */
import { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import type { OrderAnalytics, Range } from '../ports/analytics.ts';
import { InvalidRequest } from './faults.ts';
import { moment } from './order-schemas.ts';
import { type Operation, type Route, route } from './route.ts';
import { counted } from './schemas.ts';

/** What these routes stand on. */
export interface AnalyticsParts {
  analytics: OrderAnalytics;
  clock: Clock;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAYS_DEFAULT = 30;
const DAYS_MAX = 366;

/** Orders placed then or later, and before that; the last 30 days where it is not said. */
const range = { from: moment.exactOptional(), to: moment.exactOptional() };

const count = z.int().min(0);
const answered = { from: z.iso.datetime(), to: z.iso.datetime() };
const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ ...answered, items: z.array(item) });

const ordersItem = z.strictObject({
  key: z.string(),
  currency: z.string(),
  orders: count,
  amountMinor: count,
  revenueMinor: z.int(),
});

const productsItem = z.strictObject({
  sku: z.string(),
  currency: z.string(),
  orders: count,
  units: count,
  soldUnits: z.int(),
  revenueMinor: z.int(),
});

const timesItem = z.strictObject({
  state: z.string(),
  visits: count,
  meanMs: count,
  p50Ms: count,
  p95Ms: count,
  maxMs: count,
});

const stage = z.enum(['validation', 'payment', 'shipping', 'confirmation']);

const conversionAnswer = z.strictObject({
  ...answered,
  placed: count,
  completed: count,
  stages: z.array(z.strictObject({ stage, entered: count, passed: count })),
  failures: z.array(
    z.strictObject({ stage, outcome: z.string(), code: z.string().nullable(), orders: count }),
  ),
});

const operation = (id: string, summary: string, body: z.ZodType): Operation => ({
  id,
  summary,
  tags: ['Analytics'],
  answers: { 200: { description: 'At most a minute old.', body } },
});

/** GET /analytics/orders, /products, /conversion and /times. */
export function analyticsRoutes({ analytics, clock }: AnalyticsParts): Route[] {
  const rangeOf = (given: Partial<Range>) => toRange(given, clock.now());
  const about = ({ from, to }: Range) => ({ from: from.toISOString(), to: to.toISOString() });
  return [
    route({
      methods: ['get'],
      path: '/analytics/orders',
      access: 'operator',
      operation: operation(
        'analyseOrders',
        'Orders and revenue by period, state or country',
        listOf(ordersItem),
      ),
      query: z.strictObject({
        ...range,
        by: z.enum(['day', 'week', 'month', 'state', 'country']).default('day'),
      }),
      async handle({ ctx, query }) {
        const range = rangeOf(query);
        ctx.body = { ...about(range), items: await analytics.orders(range, query.by) };
      },
    }),
    route({
      methods: ['get'],
      path: '/analytics/products',
      access: 'operator',
      operation: operation('analyseProducts', 'Units and revenue by product', listOf(productsItem)),
      query: z.strictObject({ ...range, limit: counted(1, 500, 50) }),
      async handle({ ctx, query }) {
        const range = rangeOf(query);
        ctx.body = { ...about(range), items: await analytics.products(range, query.limit) };
      },
    }),
    route({
      methods: ['get'],
      path: '/analytics/conversion',
      access: 'operator',
      operation: operation('analyseConversion', 'How far orders come, and why not further', conversionAnswer),
      query: z.strictObject(range),
      async handle({ ctx, query }) {
        const range = rangeOf(query);
        ctx.body = { ...about(range), ...(await analytics.conversion(range)) };
      },
    }),
    route({
      methods: ['get'],
      path: '/analytics/times',
      access: 'operator',
      operation: operation('analyseTimes', 'How long orders stay in each state', listOf(timesItem)),
      query: z.strictObject(range),
      async handle({ ctx, query }) {
        const range = rangeOf(query);
        ctx.body = { ...about(range), items: await analytics.times(range) };
      },
    }),
  ];
}

/** Without an end, the one of this minute: all who ask within it ask the same. */
function toRange({ from, to }: Partial<Range>, now: Date): Range {
  const end = to ?? new Date(Math.floor(now.getTime() / MINUTE_MS + 1) * MINUTE_MS);
  const begin = from ?? new Date(end.getTime() - DAYS_DEFAULT * DAY_MS);
  const lengthMs = end.getTime() - begin.getTime();
  if (lengthMs <= 0 || lengthMs > DAYS_MAX * DAY_MS)
    throw new InvalidRequest([{ pointer: '/query/from', code: 'period_invalid', limit: DAYS_MAX }]);
  return { from: begin, to: end };
}
