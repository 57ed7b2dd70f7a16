/** What is decided about webhooks without asking anybody: who is told what, how it is signed, when it is tried again. */
import { randomBytes } from 'node:crypto';
import test from 'ava';
import { Webhook } from 'standardwebhooks';
import { pingEvent, transitionEvent } from '../../src/webhooks/cloud-event.ts';
import { isWanted } from '../../src/webhooks/filter.ts';
import { createPlaces } from '../../src/webhooks/places.ts';
import { isGivenUp, PAUSES_MS, settlementOf } from '../../src/webhooks/retries.ts';
import { makeSecret, OVERLAP_MS, rotated, signatureHeaders } from '../../src/webhooks/signature.ts';
import { placedOrder, START } from '../support/orders.ts';

const DAY_MS = 86_400_000;
const later = (ms: number) => new Date(START.getTime() + ms);
const options = { now: START, random: 0, once: false };

for (const [events, states, type, to, expected] of [
  [['*'], [], 'payment.captured', 'shipping', true],
  [['payment.captured'], [], 'payment.captured', 'shipping', true],
  [['payment.*'], [], 'payment.captured', 'shipping', true],
  [['pay.*'], [], 'payment.captured', 'shipping', false],
  [['payment'], [], 'payment.captured', 'shipping', false],
  [['order.cancel', 'stock.*'], [], 'stock.held', 'charging', true],
  [['*'], ['completed'], 'notice.sent', 'completed', true],
  [['*'], ['completed'], 'notice.sent', 'shipping', false],
  [['order.*'], ['completed'], 'notice.sent', 'completed', false],
  [[], [], 'notice.sent', 'completed', false],
] as const)
  test(`${expected ? 'told' : 'not told'}: ${type} to ${to}, of [${events}] into [${states}]`, (t) => {
    t.is(isWanted({ events: [...events], states: [...states] }, { type, to }), expected);
  });

test('an event is a CloudEvent of the last transition, with the order as it was, and nothing of its viewer', (t) => {
  const record = placedOrder('order-7');
  const event = transitionEvent(record);
  t.like(event, {
    specversion: '1.0',
    id: 'order-7.1',
    source: 'urn:ordo:orders',
    type: 'ordo.order.placed',
    subject: 'order-7',
    time: START.toISOString(),
    datacontenttype: 'application/json',
  });
  t.like(event.data, {
    transition: { orderId: 'order-7', seq: 1, type: 'order.placed' },
    order: { id: 'order-7', seq: 1, amountMinor: 2500 },
  });
  t.false('allowedEvents' in (event.data as { order: object }).order);
  t.notRegex(JSON.stringify(event), /tok_approve|idempotency/);
});

test('a ping tells of nothing', (t) => {
  const event = pingEvent({ endpointId: 'e', eventId: 'ping.1', createdAt: START });
  t.like(event, { id: 'ping.1', type: 'ordo.ping', data: { endpointId: 'e' } });
});

test('a secret is one that the library takes, and no two are alike', (t) => {
  const secrets = [makeSecret(randomBytes), makeSecret(randomBytes)];
  t.is(new Set(secrets).size, 2);
  for (const secret of secrets) {
    t.regex(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    t.notThrows(() => new Webhook(secret));
  }
});

test('a message is verified by the new secret and the one before, until its day is over', (t) => {
  const [oldest, old, next] = [makeSecret(randomBytes), makeSecret(randomBytes), makeSecret(randomBytes)];
  const before = rotated([{ value: oldest }], old, new Date());
  const now = new Date();
  const secrets = rotated(before, next, now);
  const body = '{"a":1}';
  const headers = signatureHeaders(secrets, { id: 'x.1', body, now });
  t.is(headers['webhook-id'], 'x.1');
  t.deepEqual(new Webhook(next).verify(body, headers), { a: 1 });
  t.deepEqual(new Webhook(old).verify(body, headers), { a: 1 });
  t.throws(() => new Webhook(oldest).verify(body, headers), { message: /No matching signature/ });
  t.throws(() => new Webhook(next).verify('{"a":2}', headers));
  const over = new Date(now.getTime() + OVERLAP_MS);
  t.is(signatureHeaders(secrets, { id: 'x.1', body, now: over })['webhook-signature'].split(' ').length, 1);
});

test('the schedule is that of Standard Webhooks: ten tries, the last after three days', (t) => {
  const dueAt = [...PAUSES_MS.keys()].map((index) => settlementOf({ status: 500 }, index + 1, options));
  t.deepEqual(
    dueAt,
    PAUSES_MS.map((pauseMs) => ({ status: 'pending' as const, dueAt: later(pauseMs) })),
  );
  t.is(
    PAUSES_MS.reduce((sum, pauseMs) => sum + pauseMs, 0),
    ((75 * 60 + 35) * 60 + 5) * 1000,
  );
  t.deepEqual(settlementOf({ status: 500 }, 10, options), { status: 'failed' });
});

for (const status of [200, 202, 204, 299])
  test(`${status} is a success`, (t) =>
    t.deepEqual(settlementOf({ status }, 1, options), { status: 'delivered' }));

for (const status of [301, 302, 307, 400, 401, 404, 429, 500, 503])
  test(`${status} is tried again`, (t) => {
    t.deepEqual(settlementOf({ status }, 1, options), { status: 'pending', dueAt: later(5_000) });
  });

test('410 is the end, and so is a ping that failed once', (t) => {
  t.deepEqual(settlementOf({ status: 410 }, 1, options), { status: 'failed' });
  t.deepEqual(settlementOf({ error: 'x' }, 1, { ...options, once: true }), { status: 'failed' });
});

test('what failed together does not come back together', (t) => {
  t.deepEqual(settlementOf({ error: 'x' }, 2, { ...options, random: 0.5 }), {
    status: 'pending',
    dueAt: later(330_000),
  });
});

for (const [retryAfter, waitMs] of [
  ['120', 120_000],
  ['1', 5_000],
  [later(60_000).toUTCString(), 60_000],
  [later(-60_000).toUTCString(), 5_000],
  ['999999999', DAY_MS],
  ['soon', 5_000],
  ['-5', 5_000],
] as const)
  test(`Retry-After: ${retryAfter} is ${waitMs} ms`, (t) => {
    t.deepEqual(settlementOf({ status: 503, retryAfter }, 1, options), {
      status: 'pending',
      dueAt: later(waitMs),
    });
  });

test('an endpoint is given up when it has taken nothing for five days', (t) => {
  t.false(isGivenUp(undefined, START));
  t.false(isGivenUp(START, later(5 * DAY_MS - 1)));
  t.true(isGivenUp(START, later(5 * DAY_MS)));
});

test('no endpoint has more than its share, and who waits is told when half of it is free', (t) => {
  const places = createPlaces(8, () => 2);
  t.deepEqual(
    Array.from({ length: 5 }, () => places.take('slow')),
    [true, true, true, true, false],
  );
  t.true(places.take('quick'));
  t.deepEqual(
    Array.from({ length: 2 }, () => places.leave('slow')),
    [false, true],
  );
  places.caughtUp('slow');
  t.false(places.leave('slow'));
  t.false(places.leave('quick'), 'it never waited');
});
