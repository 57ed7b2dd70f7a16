/** The sandbox's webhooks: what the reader takes and refuses, and what a real sandbox tells it. */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { OrderFact } from '../../src/machines/order-types.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { TerminalError } from '../../src/platform/errors.ts';
import type { ProviderEvent } from '../../src/ports/provider-events.ts';
import { createHttpCarrier } from '../../src/providers/carrier-http.ts';
import { createHttpGateway } from '../../src/providers/payment-http.ts';
import { createSandboxWebhookReader } from '../../src/providers/sandbox-webhooks.ts';
import { startSandbox } from '../support/sandbox.ts';
import { makeTestDir } from '../support/services.ts';
import { newBooking } from './carrier-conformance.ts';
import { newCharge } from './payment-under-test.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const reader = createSandboxWebhookReader(SECRET);

/** The headers for that body, signed that long ago. */
function signed(body: string, { secret = SECRET, ageS = 0, id = 'evt_1' } = {}) {
  const at = new Date(Date.now() - ageS * 1000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

const read = (body: string, headers: Record<string, string> = signed(body)) =>
  reader.read(headers, Buffer.from(body));

const reason = { code: 'payment_not_confirmed', detail: 'No.' };
const parcelData = { orderId: 'o1', parcelKey: 'p1', shipmentId: 's1', trackingNumber: 'T1' };

for (const [type, data, fact] of [
  [
    'payment.settled',
    { orderId: 'o1', chargeKey: 'c1', paymentId: 'pay_1', amountMinor: 5 },
    { type: 'payment.settled', chargeKey: 'c1', paymentId: 'pay_1', amountMinor: 5 },
  ],
  [
    'payment.failed',
    { orderId: 'o1', chargeKey: 'c1', reason },
    { type: 'payment.failed', chargeKey: 'c1', reason },
  ],
  ['parcel.pickedUp', parcelData, { type: 'shipment.tracked', trackingNumber: 'T1', status: 'pickedUp' }],
  ['parcel.inTransit', parcelData, { type: 'shipment.tracked', trackingNumber: 'T1', status: 'inTransit' }],
  ['parcel.delivered', parcelData, { type: 'shipment.tracked', trackingNumber: 'T1', status: 'delivered' }],
  ['parcel.lost', parcelData, { type: 'shipment.tracked', trackingNumber: 'T1', status: 'lost' }],
] as [string, object, OrderFact][])
  test(`${type} is a fact about its order`, (t) => {
    const timestamp = new Date().toISOString();
    t.deepEqual(read(JSON.stringify({ type, timestamp, data })), [{ eventId: 'evt_1', orderId: 'o1', fact }]);
  });

test('what tells of something else is nothing', (t) => {
  for (const body of ['{"type":"dispute.opened","data":{}}', '{"hello":1}', '[]', 'null', '1'])
    t.deepEqual(read(body), []);
});

test('a signature that is missing, of another secret, over other bytes or too old is refused', (t) => {
  const body = '{"type":"dispute.opened"}';
  const right = signed(body);
  for (const [what, given, headers] of [
    ['no headers', body, {}],
    ['no signature', body, { ...right, 'webhook-signature': '' }],
    ['garbled', body, { ...right, 'webhook-signature': 'v1,AAAA' }],
    [
      'another version',
      body,
      { ...right, 'webhook-signature': right['webhook-signature'].replace('v1', 'v0') },
    ],
    ['another secret', body, signed(body, { secret: OTHER_SECRET })],
    ['other bytes', `${body} `, right],
    ['another id', body, { ...right, 'webhook-id': 'evt_2' }],
    ['another time', body, { ...right, 'webhook-timestamp': String(Number(right['webhook-timestamp']) + 1) }],
    ['six minutes old', body, signed(body, { ageS: 360 })],
    ['from the future', body, signed(body, { ageS: -360 })],
    ['no time', body, { ...right, 'webhook-timestamp': 'now' }],
  ] as [string, string, Record<string, string>][]) {
    const error = t.throws(() => read(given, headers), { instanceOf: TerminalError }, what);
    t.is(error?.code, 'unauthenticated', what);
  }
  t.deepEqual(read(body, signed(body, { ageS: 240 })), []);
  const rotated = `${signed(body, { secret: OTHER_SECRET })['webhook-signature']} ${right['webhook-signature']}`;
  t.deepEqual(read(body, { ...right, 'webhook-signature': rotated }), []);
});

test('what is signed, but not as the sandbox documents it, is refused', (t) => {
  const truncated = { type: 'payment.settled', data: { orderId: 'o1', chargeKey: 'c1' } };
  for (const body of ['{', 'hello', JSON.stringify(truncated), '{"type":"parcel.lost"}']) {
    const error = t.throws(() => read(body), { instanceOf: TerminalError }, body);
    t.is(error?.code, 'invalid-request', body);
  }
});

/** A receiver that reads with the engine's reader; `answer` decides on each delivery. */
async function startReceiver(t: ExecutionContext, answer: (event: ProviderEvent, nth: number) => number) {
  const deliveries: ProviderEvent[] = [];
  let isTold = () => {};
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const [event] = reader.read(request.headers as Record<string, string>, body);
      if (event === undefined) throw new Error(`not an event: ${body}`);
      deliveries.push(event);
      response.writeHead(answer(event, deliveries.length)).end();
      isTold();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    deliveries,
    /** Resolves when what was delivered is as it should be; ava's time limit ends the waiting. */
    async until(isDone: (deliveries: ProviderEvent[]) => boolean) {
      while (!isDone(deliveries)) await new Promise<void>((resolve) => (isTold = resolve));
    },
  };
}

async function startTelling(t: ExecutionContext, url: string, args: string[] = []) {
  const dir = await makeTestDir(t);
  const secretFile = join(dir, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  const webhook = ['--webhook-url', url, '--webhook-secret-file', secretFile];
  const sandbox = await startSandbox(t, dir, [...webhook, '--settle-after', '20', ...args]);
  const { url: address } = sandbox;
  return {
    sandbox,
    gateway: createHttpGateway({ url: address, clock: systemClock }),
    carrier: createHttpCarrier({ url: address, clock: systemClock }),
  };
}

const address = { name: 'Ada', street: 'Main 1', city: 'Graz', postalCode: '8010', country: 'AT' };

test('pending payments settle by webhook, as their tokens play it; others tell nothing', async (t) => {
  const receiver = await startReceiver(t, () => 204);
  const { gateway } = await startTelling(t, receiver.url);
  const [settling, failing] = [newCharge('tok_pending'), newCharge('tok_pending_fails')];
  await gateway.capture(newCharge('tok_approve'));
  await gateway.capture(newCharge('tok_decline_lost_card'));
  const charge = await gateway.capture(settling);
  await gateway.capture(failing);
  await receiver.until(({ length }) => length === 2);
  const paymentId = charge.status === 'pending' ? charge.paymentId : '';
  const factOf = (orderId: string) => receiver.deliveries.find((event) => event.orderId === orderId)?.fact;
  t.deepEqual(factOf(settling.orderId), {
    type: 'payment.settled',
    chargeKey: settling.key,
    paymentId,
    amountMinor: 1_999,
  });
  t.like(factOf(failing.orderId), { type: 'payment.failed', chargeKey: failing.key });
});

test('what is refused or fails is told again, under the same id, until it is taken', async (t) => {
  const receiver = await startReceiver(t, (_event, nth) => [500, 401, 302, 204][nth - 1] ?? 204);
  const { gateway } = await startTelling(t, receiver.url);
  await gateway.capture(newCharge('tok_pending'));
  await receiver.until(({ length }) => length === 4);
  const [first] = receiver.deliveries;
  for (const event of receiver.deliveries) t.deepEqual(event, first);
});

test('what was not yet taken when the sandbox was killed is told by the next start', async (t) => {
  let isUp = false;
  const receiver = await startReceiver(t, () => (isUp ? 204 : 503));
  const { gateway, carrier, sandbox } = await startTelling(t, receiver.url);
  const request = newCharge('tok_pending');
  await gateway.capture(request);
  const booking = newBooking(address);
  await carrier.book(booking);
  await sandbox.post(['parcels', booking.key, 'advance'], { status: 'lost' }, z.unknown());
  await receiver.until((events) => new Set(events.map(({ eventId }) => eventId)).size === 2);
  await sandbox.kill();
  const before = receiver.deliveries.splice(0);
  isUp = true;
  await sandbox.start();
  const ids = (events: ProviderEvent[]) => [...new Set(events.map(({ eventId }) => eventId))].sort();
  await receiver.until((events) => ids(events).length === 2);
  t.deepEqual(ids(receiver.deliveries), ids(before));
});

test('by switch, events come twice and out of order', async (t) => {
  const receiver = await startReceiver(t, () => 204);
  const faults = ['--fault', 'webhook:repeat:1', '--fault', 'webhook:delay:1', '--seed', '3'];
  const { carrier, sandbox } = await startTelling(t, receiver.url, faults);
  const bookings = Array.from({ length: 5 }, () => newBooking(address));
  const moves = ['pickedUp', 'inTransit', 'delivered'];
  for (const booking of bookings) {
    await carrier.book(booking);
    for (const status of moves)
      await sandbox.post(['parcels', booking.key, 'advance'], { status }, z.unknown());
  }
  await receiver.until(({ length }) => length === 30);
  t.is(new Set(receiver.deliveries.map(({ eventId }) => eventId)).size, 15);
  const statusesOf = (orderId: string) =>
    receiver.deliveries.flatMap(({ orderId: other, fact }) =>
      other === orderId && fact.type === 'shipment.tracked' ? [fact.status] : [],
    );
  const isOutOfOrder = (statuses: string[]) =>
    statuses.some((status, index) => moves.indexOf(status) < moves.indexOf(statuses[index - 1] ?? ''));
  t.true(bookings.some(({ orderId }) => isOutOfOrder(statusesOf(orderId))));
});

test('a parcel that moves by itself is told at every step, and then rests', async (t) => {
  const receiver = await startReceiver(t, () => 204);
  const { carrier } = await startTelling(t, receiver.url, ['--auto-advance', '10']);
  const booking = newBooking(address);
  const booked = await carrier.book(booking);
  const trackingNumber = booked.status === 'booked' ? booked.trackingNumber : '';
  await receiver.until(({ length }) => length === 3);
  t.is(await carrier.track(booking.key), 'delivered');
  const statuses = receiver.deliveries.map(({ fact }) => fact.type === 'shipment.tracked' && fact.status);
  t.deepEqual(new Set(statuses), new Set(['pickedUp', 'inTransit', 'delivered']));
  for (const { fact } of receiver.deliveries) t.like(fact, { trackingNumber });
});
