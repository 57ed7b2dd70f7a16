/** Waiting for an order's end: what ends it, and what it does when its news are lost. */
import { EventEmitter, once } from 'node:events';
import test from 'ava';
import type { Context } from '../../src/http/context.ts';
import { createWaiting, preferredWaitS } from '../../src/http/waiting.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { placedOrder, START } from '../support/orders.ts';

for (const [header, expected] of [
  ['wait=10', 10],
  ['WAIT = 10', 10],
  ['wait="7"', 7],
  ['respond-async, wait=5', 5],
  ['wait=5; strict, return=minimal', 5],
  ['wait=0', 0],
  ['wait=31', 30],
  ['wait=999999999', 30],
  ['', undefined],
  ['wait', undefined],
  ['wait=', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=10s', undefined],
  ['await=10', undefined],
  ['wait=9999999999', undefined],
] as const)
  test(`"${header}" prefers to wait ${expected} s`, (t) => t.is(preferredWaitS(header), expected));

/** An order at its beginning, what hears of it, and a request that prefers to wait for it. */
function setUp() {
  const clock = createFakeClock(START);
  const news = new EventEmitter();
  const reads = new EventEmitter();
  let record = placedOrder('o');
  let listeners = 0;
  const waiting = createWaiting(
    {
      onTransition(listener) {
        listeners += 1;
        news.on('transition', listener);
        return () => {
          listeners -= 1;
          news.off('transition', listener);
        };
      },
    },
    {
      async read() {
        setImmediate(() => reads.emit('read'));
        return record;
      },
    },
    clock,
  );
  const headers: Record<string, string> = {};
  const res = new EventEmitter();
  const ctx = {
    res,
    get: () => 'wait=10',
    set: (name: string, value: string) => {
      headers[name] = value;
    },
  } as unknown as Context;
  return {
    ...{ clock, waiting, headers, res, reads, ctx },
    listeners: () => listeners,
    end() {
      record = { ...record, status: 'done', state: 'completed' };
    },
    tell: (orderId: string, final: boolean) =>
      news.emit('transition', { customerId: 'c', transition: { orderId, final } } as FeedTransition),
    /** Begins to wait; resolves when it listens and has looked. */
    async settle(): Promise<{ settled: Promise<OrderRecord> }> {
      const looked = once(reads, 'read');
      const settled = waiting.settle(ctx, record);
      await looked;
      return { settled };
    },
  };
}

test('the news of the end end it; news of other orders, and of other steps, do not', async (t) => {
  const { settle, tell, end, headers, res } = setUp();
  const { settled } = await settle();
  tell('another', true);
  tell('o', false);
  end();
  tell('o', true);
  t.is((await settled).state, 'completed');
  t.is(headers['Preference-Applied'], 'wait=10');
  t.is(res.listenerCount('close'), 0);
});

test('an order that ended before anybody listened is not waited for', async (t) => {
  const { waiting, ctx, end } = setUp();
  end();
  t.is((await waiting.settle(ctx, placedOrder('o'))).state, 'completed');
});

test('when the news are lost, it ends with its time, and tells how the order stands then', async (t) => {
  const { settle, clock, end } = setUp();
  const { settled } = await settle();
  end();
  clock.advance(10_000);
  t.is((await settled).state, 'completed');
});

test('a client that is gone is not waited for', async (t) => {
  const { settle, res } = setUp();
  const { settled } = await settle();
  res.emit('close');
  t.is((await settled).state, 'validating');
});

test('at the end of the process all answer as things stand, and nobody waits any more', async (t) => {
  const { settle, waiting, ctx, listeners } = setUp();
  const { settled } = await settle();
  t.is(listeners(), 1);
  waiting.close();
  t.is((await settled).state, 'validating');
  t.is((await waiting.settle(ctx, placedOrder('o'))).state, 'validating');
  t.is(listeners(), 0);
});
