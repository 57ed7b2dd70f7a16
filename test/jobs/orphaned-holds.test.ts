import test from 'ava';
import { pino } from 'pino';
import { createOrphanedHoldsRound } from '../../src/jobs/orphaned-holds.ts';
import type { StockLedger } from '../../src/ports/stock.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { placedOrder, START } from '../support/orders.ts';

const MIN_AGE_MS = 60_000;

function setUp() {
  const clock = createFakeClock(START);
  const store = createMemoryStore();
  store.records.set('active', placedOrder('active'));
  store.records.set('done', { ...placedOrder('done'), status: 'done' });
  const released: string[] = [];
  const looks: Date[] = [];
  const stock = {
    async holdersBefore(before: Date) {
      looks.push(before);
      return ['active', 'done', 'never inserted'].map((orderId) => ({ orderId, skus: ['CUP'] }));
    },
    async release(orderId: string) {
      released.push(orderId);
    },
  } as unknown as StockLedger;
  const logger = pino({ level: 'silent' });
  const round = createOrphanedHoldsRound({ stock, store, clock, logger, minAgeMs: MIN_AGE_MS });
  return { clock, released, looks, round };
}

test('what is held for an order that is finished, or that never was, is given back; for another it stays', async (t) => {
  const { released, looks, round } = setUp();
  await round();
  t.deepEqual(released, ['done', 'never inserted']);
  t.deepEqual(looks, [new Date(START.getTime() - MIN_AGE_MS)]);
});

test('it is looked for no more often than a hold can be old enough', async (t) => {
  const { clock, looks, round } = setUp();
  await round();
  await round();
  t.is(looks.length, 1);
  clock.advance(MIN_AGE_MS);
  await round();
  t.is(looks.length, 2);
});
