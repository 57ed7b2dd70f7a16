/** Analytics on a real database, against what can be counted by hand. */
import test from 'ava';
import { Redis } from 'ioredis';
import { mongo } from 'mongoose';
import { pino } from 'pino';
import type { HistoryEntry } from '../../src/machines/actor-record.ts';
import type { OrderContext, OrderInput } from '../../src/machines/order-types.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { redisOptions } from '../../src/platform/redis.ts';
import type { OrderAnalytics } from '../../src/ports/analytics.ts';
import { createAnalytics } from '../../src/store/analytics.ts';
import { cacheAnalytics } from '../../src/store/analytics-cache.ts';
import { timesOf } from '../../src/store/analytics-times.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';
import { inTime } from '../../src/store/time-limit.ts';
import { migrate } from '../support/migrate.ts';
import { placedOrder } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const redis = new Redis(redisOptions(services.redisUrl));
endings.unshift(() => redis.disconnect());
await migrate(connection);
const model = orderModel(connection);
const store = createOrderStore(model);
const analytics = createAnalytics(model);

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

/** What happened, where that led, and how many ms later the next thing happened. */
type Steps = [type: string, to: string, ms: number][];

const HAPPY: Steps = [
  ['order.placed', 'validating', 100],
  ['stock.held', 'charging', 2_000],
  ['payment.captured', 'shipping', 30_000],
  ['shipment.booked', 'confirming', 400],
  ['confirmation.sent', 'completed', 0],
];

interface Life {
  at: string;
  steps: Steps;
  input?: Partial<OrderInput>;
  context?: Partial<OrderContext>;
  status?: OrderRecord['status'];
}

let orders = 0;

async function live({ at, steps, input = {}, context = {}, status = 'done' }: Life): Promise<void> {
  const id = `order-${++orders}`;
  const record = placedOrder(id, input);
  const placedAt = new Date(at);
  let now = placedAt.getTime();
  let from = 'placed';
  const history = steps.map(([type, to, ms], index): HistoryEntry => {
    const entry = {
      ...{ seq: index + 1, at: new Date(now), type, event: { type }, from, to },
      ...{ final: false, by: { role: 'system' }, commandId: `${index}` },
    };
    now += ms;
    from = to;
    return entry;
  });
  await store.insert({
    ...record,
    ...{ placedAt, status, state: from, history, seq: history.length },
    snapshot: { ...record.snapshot, context: { chargeAttempt: 1, ...context } },
  } as OrderRecord);
}

const paid = (capturedMinor: number, refundedMinor = 0) => ({
  payment: { paymentId: 'p', status: 'captured' as const, capturedMinor, refundedMinor },
});
const big = Number.MAX_SAFE_INTEGER - 10_000;
const line = (sku: string, quantity: number, unitPriceMinor: number) => ({ sku, quantity, unitPriceMinor });
const declinedContext = { ending: 'declined' as const, reason: { code: 'expired_card', detail: '' } };

test.before(async () => {
  // Sunday, Monday, and the first of the next month.
  await live({ at: '2026-03-29T23:59:59.999Z', steps: HAPPY, context: paid(2_500, 500) });
  await live({
    at: '2026-03-30T00:00:00.000Z',
    steps: HAPPY,
    input: {
      lines: [line('CUP', 3, 500), line('POT', 2, 1_500), line('CUP', 1, 400)],
      amountMinor: 4_900,
      shippingAddress: { ...placedOrder().input.shippingAddress, country: 'VN' },
    },
    context: {
      ...paid(4_400, 1_500),
      cancelled: [{ line: 1, quantity: 1 }],
      returned: [{ line: 2, quantity: 1 }],
    },
  });
  await live({
    at: '2026-04-01T00:00:00.000Z',
    steps: HAPPY,
    input: { currency: 'VND', amountMinor: big, lines: [line('CUP', 1, big)] },
    context: paid(big),
  });
  await live({
    at: '2026-04-01T12:00:00.000Z',
    steps: [
      ['order.placed', 'validating', 100],
      ['stock.held', 'charging', 4_000],
      ['payment.declined', 'releasing', 10],
      ['stock.released', 'notifying', 10],
      ['notice.sent', 'declined', 0],
    ],
    context: declinedContext,
  });
  await live({
    at: '2026-04-01T13:00:00.000Z',
    steps: [
      ['order.placed', 'validating', 300],
      ['order.refused', 'notifying', 10],
      ['notice.sent', 'rejected', 0],
    ],
    context: { ending: 'rejected', reason: { code: 'out_of_stock', detail: '' } },
  });
  // Held while it is charged: the stay goes on. Stuck now.
  await live({
    at: '2026-04-01T14:00:00.000Z',
    status: 'active',
    steps: [
      ['order.placed', 'validating', 100],
      ['stock.held', 'charging', 500],
      ['order.hold', 'charging', 7_500],
      ['payment.captured', 'shipping', 1_000],
      ['shipment.exhausted', 'needsAttention', 0],
    ],
    context: { ...paid(2_500), stuckIn: 'shipping', reason: { code: 'attempts_used_up', detail: '' } },
  });
  // Cancelled after it was paid; and one of version 1, whose payment has no amounts.
  await live({
    at: '2026-04-02T00:00:00.000Z',
    steps: [...HAPPY.slice(0, 3), ['order.cancel', 'cancelled', 0]],
    context: {
      ...paid(2_500, 2_500),
      ending: 'cancelled',
      reason: { code: 'cancelled_by_request', detail: '' },
    },
  });
  const payment = { paymentId: 'p', status: 'captured' } as OrderContext['payment'];
  await live({ at: '2026-04-03T00:00:00.000Z', steps: HAPPY, context: { payment } });
  await live({ at: '2027-01-01T00:00:00.000Z', steps: HAPPY, context: paid(2_500) });
});

const RANGE = { from: new Date('2026-03-01'), to: new Date('2027-01-01') };

test('orders and revenue by period, in UTC, with weeks from Monday on', async (t) => {
  const of = (key: string, currency: string, count: number, amountMinor: number, revenueMinor: number) => ({
    key,
    currency,
    orders: count,
    amountMinor,
    revenueMinor,
  });
  t.deepEqual(await analytics.orders(RANGE, 'day'), [
    of('2026-03-29', 'EUR', 1, 2_500, 2_000),
    of('2026-03-30', 'EUR', 1, 4_900, 2_900),
    of('2026-04-01', 'EUR', 3, 7_500, 2_500),
    of('2026-04-01', 'VND', 1, big, big),
    of('2026-04-02', 'EUR', 1, 2_500, 0),
    of('2026-04-03', 'EUR', 1, 2_500, 2_500),
  ]);
  t.deepEqual(
    (await analytics.orders(RANGE, 'week')).map(({ key, currency, orders: n }) => [key, currency, n]),
    [
      ['2026-03-23', 'EUR', 1],
      ['2026-03-30', 'EUR', 6],
      ['2026-03-30', 'VND', 1],
    ],
  );
  t.deepEqual(
    (await analytics.orders(RANGE, 'month')).map(({ key, currency, orders: n }) => [key, currency, n]),
    [
      ['2026-03-01', 'EUR', 2],
      ['2026-04-01', 'EUR', 5],
      ['2026-04-01', 'VND', 1],
    ],
  );
});

test('orders and revenue by state and by country', async (t) => {
  const byState = await analytics.orders(RANGE, 'state');
  t.deepEqual(
    byState.map(({ key, currency, orders: n }) => `${key} ${currency} ${n}`),
    [
      'cancelled EUR 1',
      'completed EUR 3',
      'completed VND 1',
      'declined EUR 1',
      'needsAttention EUR 1',
      'rejected EUR 1',
    ],
  );
  t.deepEqual(
    (await analytics.orders(RANGE, 'country')).map(
      ({ key, currency, orders: n }) => `${key} ${currency} ${n}`,
    ),
    ['GB EUR 6', 'GB VND 1', 'VN EUR 1'],
  );
});

test('products: orders are counted once, units that came back or were never paid are not sold', async (t) => {
  const found = await analytics.products(RANGE, 10);
  t.deepEqual(
    found,
    [
      { sku: 'CUP', currency: 'VND', orders: 1, units: 1, soldUnits: 1, revenueMinor: big },
      // 2 + 2 + 1 of the ordinary ones (one of version 1), and of the one of three lines 3 - 1, and 1 at 400.
      {
        sku: 'CUP',
        currency: 'EUR',
        orders: 7,
        units: 16,
        soldUnits: 9,
        revenueMinor: 6 * 500 + 2 * 500 + 400,
      },
      { sku: 'POT', currency: 'EUR', orders: 7, units: 8, soldUnits: 4, revenueMinor: 4 * 1_500 },
    ].toSorted((one, other) => other.revenueMinor - one.revenueMinor),
  );
  t.is((await analytics.products(RANGE, 1)).length, 1);
});

test('conversion: each order counts for every stage it came to; failures by their last stage', async (t) => {
  const { failures, ...rest } = await analytics.conversion(RANGE);
  t.deepEqual(rest, {
    placed: 8,
    completed: 4,
    stages: [
      { stage: 'validation', entered: 8, passed: 7 },
      { stage: 'payment', entered: 7, passed: 6 },
      { stage: 'shipping', entered: 6, passed: 4 },
      { stage: 'confirmation', entered: 4, passed: 4 },
    ],
  });
  t.deepEqual(
    failures.map(({ stage, outcome, code, orders: n }) => `${stage} ${outcome} ${code} ${n}`).sort(),
    [
      'payment declined expired_card 1',
      'shipping cancelled cancelled_by_request 1',
      'shipping needsAttention attempts_used_up 1',
      'validation rejected out_of_stock 1',
    ],
  );
});

test('times: whole stays, by state', async (t) => {
  const times = await analytics.times(RANGE);
  t.deepEqual(
    times.map(({ state }) => state),
    ['charging', 'confirming', 'notifying', 'releasing', 'shipping', 'validating'],
  );
  t.deepEqual(
    times.find(({ state }) => state === 'validating'),
    {
      ...{ state: 'validating', visits: 8, meanMs: 125, p50Ms: 100, p95Ms: 300, maxMs: 300 },
    },
  );
  // Five of 2 s, one of 4 s, and one of 0.5 + 7.5 s.
  t.deepEqual(
    times.find(({ state }) => state === 'charging'),
    {
      ...{
        state: 'charging',
        visits: 7,
        meanMs: Math.round(22_000 / 7),
        p50Ms: 2_000,
        p95Ms: 8_000,
        maxMs: 8_000,
      },
    },
  );
});

test('percentiles are at most 1% above the exact ones, whatever the times', (t) => {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const visits = Array.from({ length: 5_000 }, () => Math.floor(10 ** (random() * 9)));
  const buckets = new Map<number, { visits: number; totalMs: number; maxMs: number }>();
  for (const ms of visits) {
    const bucket = Math.floor(Math.log(ms + 1) / Math.log(1.01));
    const { visits: n, totalMs, maxMs } = buckets.get(bucket) ?? { visits: 0, totalMs: 0, maxMs: 0 };
    buckets.set(bucket, { visits: n + 1, totalMs: totalMs + ms, maxMs: Math.max(maxMs, ms) });
  }
  const [found] = timesOf([...buckets].map(([bucket, sums]) => ({ _id: { state: 'x', bucket }, ...sums })));
  const exact = visits.toSorted((one, other) => one - other);
  for (const [value, fraction] of [
    [found?.p50Ms, 0.5],
    [found?.p95Ms, 0.95],
  ] as const) {
    const wanted = exact[Math.ceil(5_000 * fraction) - 1] ?? 0;
    t.true(value !== undefined && value >= wanted && value <= wanted * 1.01 + 1, `${value} for ${wanted}`);
  }
});

test('what takes the database too long fails for now, and says what to do; another failure stays what it is', async (t) => {
  const failure = (code: number) => Promise.reject(new mongo.MongoServerError({ code, message: 'no' }));
  const error = await t.throwsAsync(() => inTime(failure(50)), { instanceOf: RetryableError });
  t.regex(error.message, /fewer days/);
  await t.throwsAsync(() => inTime(failure(2)), { instanceOf: mongo.MongoServerError });
});

test('they are worked out once for all who ask at a time, and kept; without Redis, each time', async (t) => {
  let asked = 0;
  const counting: OrderAnalytics = {
    ...analytics,
    async conversion(range) {
      asked += 1;
      return analytics.conversion(range);
    },
  };
  await redis.ping();
  const parts = { redis, namespace: 'analytics-test', ttlMs: 60_000, logger: pino({ level: 'silent' }) };
  const cached = cacheAnalytics(counting, parts);
  const all = await Promise.all(Array.from({ length: 20 }, () => cached.conversion(RANGE)));
  t.is(asked, 1);
  const [key = ''] = await redis.keys('analytics-test:*');
  t.true((await redis.pttl(key)) > 0);
  const elsewhere = cacheAnalytics(counting, parts);
  t.deepEqual(await elsewhere.conversion(RANGE), all[0]);
  t.is(asked, 1);
  await elsewhere.conversion({ ...RANGE, to: new Date('2026-05-01') });
  t.is(asked, 2);
  const away = new Redis({ ...redisOptions('unix:///nowhere/redis.sock'), lazyConnect: true });
  t.teardown(() => away.disconnect());
  const without = cacheAnalytics(counting, { ...parts, redis: away });
  t.deepEqual(await without.conversion(RANGE), all[0]);
  t.is(asked, 3);
});
