/** The door for webhooks: the bytes as they were sent, each fact to its order, and what makes a provider repeat. */
import test from 'ava';
import type { OrderFact } from '../../src/machines/order-types.ts';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { OrderActors } from '../../src/ports/order-actors.ts';
import type { ProviderEvent, WebhookReader } from '../../src/ports/provider-events.ts';
import type { Teardown } from '../support/services.ts';
import { placeOrder, startApp } from './support/running-app.ts';

const FACT: OrderFact = { type: 'shipment.tracked', trackingNumber: 'T1', status: 'delivered' };
const EVENT: ProviderEvent = { eventId: 'e1', orderId: 'o1', fact: FACT };

/** An app with the provider `acme`, whose webhooks come to these events. */
async function startDoor(t: Teardown, events: ProviderEvent[], report?: OrderActors['report']) {
  const read: { headers: Readonly<Record<string, string | undefined>>; body: string }[] = [];
  const told: unknown[] = [];
  const acme: WebhookReader = {
    read(headers, rawBody) {
      if (headers['x-signature'] !== 'right')
        throw new TerminalError('unauthenticated', 'The signature is not that of acme.');
      read.push({ headers, body: rawBody.toString() });
      return events;
    },
  };
  const orders = {
    async report(...args: Parameters<OrderActors['report']>) {
      told.push(args);
      return report ? report(...args) : 'moved';
    },
  };
  const { orders: fakes } = await startApp(t);
  const door = await startApp(t, { readers: { acme }, orders: { ...fakes, ...orders } });
  const post = (path: string, body: string, headers: Record<string, string> = { 'X-Signature': 'right' }) =>
    door.call('POST', path, { body, headers });
  return { ...door, post, read, told };
}

test('under both prefixes, each fact goes to its order, and the body is read byte for byte', async (t) => {
  const second: ProviderEvent = { ...EVENT, eventId: 'e2', orderId: 'o2' };
  const { post, read, told } = await startDoor(t, [EVENT, second]);
  const body = '{ "b":1,\n\t"a": 1.0, "a": "ộ" }';
  for (const prefix of ['/api/v1', '/api']) {
    const answer = await post(`${prefix}/webhooks/acme`, body);
    t.is(answer.status, 204);
    t.is(answer.text, '');
  }
  t.deepEqual(
    read.map((one) => one.body),
    [body, body],
  );
  const once = [
    ['o1', FACT, { provider: 'acme', eventId: 'e1' }],
    ['o2', FACT, { provider: 'acme', eventId: 'e2' }],
  ];
  t.deepEqual(told, [...once, ...once]);
});

test('what the reader cannot know is taken all the same: a type of body, a token of ours, nothing in it', async (t) => {
  const { post, told } = await startDoor(t, []);
  const headers = { 'X-Signature': 'right', 'content-type': 'text/plain', authorization: 'Bearer theirs' };
  t.is((await post('/api/v1/webhooks/acme', 'not JSON', headers)).status, 204);
  t.is((await post('/api/v1/webhooks/acme', '')).status, 204);
  t.deepEqual(told, []);
});

test('a fact that changes nothing is taken, and one of an unknown order too, with a line in the log', async (t) => {
  const door = await startDoor(t, [EVENT], async (orderId) => {
    if (orderId === 'o1') throw new TerminalError('not-found', 'There is no order o1.');
    return 'repeated';
  });
  t.is((await door.post('/api/v1/webhooks/acme', '{}')).status, 204);
  t.like(
    door.lines.find(({ level }) => level === 40),
    { provider: 'acme', eventId: 'e1', orderId: 'o1' },
  );
});

test('a signature that is not right is 401, and nothing is told', async (t) => {
  const { post, told } = await startDoor(t, [EVENT]);
  const answer = await post('/api/v1/webhooks/acme', '{}', { 'X-Signature': 'wrong' });
  t.is(answer.status, 401);
  t.like(answer.json, { code: 'unauthenticated', status: 401 });
  t.deepEqual(told, []);
});

test('an unknown provider is 404, also one with the name of what every object has', async (t) => {
  const { post } = await startDoor(t, [EVENT]);
  for (const provider of ['nobody', 'constructor', '__proto__'])
    t.is((await post(`/api/v1/webhooks/${provider}`, '{}')).status, 404, provider);
});

test('when the engine fails for now, the provider is told to repeat', async (t) => {
  const { post } = await startDoor(t, [EVENT], async () => {
    throw new RetryableError('MongoDB is away.');
  });
  const answer = await post('/api/v1/webhooks/acme', '{}');
  t.is(answer.status, 503);
  t.truthy(answer.headers.get('retry-after'));
});

test('news of a parcel that come before its booking are to be told again, and count then', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('customer');
  const { json } = await placeOrder(app, token);
  const reader = { read: () => [{ ...EVENT, orderId: json.id }] };
  const door = await startApp(t, { readers: { acme: reader }, orders: app.orders });
  const post = () => door.call('POST', '/api/v1/webhooks/acme', { body: '{}' });
  t.is((await post()).status, 204, 'nothing is sent of an order that is not paid');
  const captured = { type: 'payment.captured', paymentId: 'p', amountMinor: json.amountMinor };
  await app.orders.settle(json.id, { output: { type: 'stock.held' } }, { output: captured });
  const early = await post();
  t.is(early.status, 503);
  t.is(early.headers.get('retry-after'), '5');
  const booked = { type: 'shipment.booked', shipmentId: 's', carrier: 'c', trackingNumber: 'T1' };
  await app.orders.settle(json.id, { output: booked });
  t.is((await post()).status, 204);
  const record = await app.orders.read(json.id);
  t.is(record?.snapshot.context.shipments?.[0]?.status, 'delivered');
});

test('a body over 64 KiB is 413 before anybody reads it', async (t) => {
  const { post, read } = await startDoor(t, [EVENT]);
  t.is((await post('/api/v1/webhooks/acme', 'x'.repeat(65_536))).status, 204);
  t.is((await post('/api/v1/webhooks/acme', 'x'.repeat(65_537))).status, 413);
  t.is(read.length, 1);
});

test('only POST is taken', async (t) => {
  const { call } = await startDoor(t, [EVENT]);
  t.is((await call('GET', '/api/v1/webhooks/acme')).status, 405);
});
