/** What a client may not do to an instance: too much, too often, too big, or nonsense. */
import test, { type ExecutionContext } from 'ava';
import type { SubscribeReply } from '../../src/realtime/messages.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { type Client, connect, eventually, refusalOf, startInstance, tokenFor } from './instance.ts';

const LIMITED_TO_ONE_SECOND = { now: () => new Date(0), after: () => () => {} };

/** A second passes between any two events: the limit on their rate is not in the way. */
function newHurriedClock(): typeof LIMITED_TO_ONE_SECOND {
  let seconds = 0;
  return { now: () => new Date(seconds++ * 1_000), after: () => () => {} };
}

async function setUp(t: ExecutionContext, clock?: typeof LIMITED_TO_ONE_SECOND) {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const instance = await startInstance(t, { redisUrl, orders, ...(clock && { clock }) });
  orders.place('o1', 'ada');
  return { orders, instance };
}

function send(client: Client, ...payload: unknown[]): Promise<SubscribeReply> {
  return client.socket.timeout(20_000).emitWithAck('order.subscribe', ...payload);
}

test('a payload that is not as it should be is refused with what is wrong', async (t) => {
  const { instance } = await setUp(t);
  const client = await connect(t, instance, tokenFor('ada'));
  const orderId = 'o1';
  for (const payload of [
    undefined,
    null,
    'o1',
    [],
    {},
    { orderId: 7 },
    { orderId: { $ne: '' } },
    { orderId: '' },
    { orderId: 'x'.repeat(101) },
    { orderId, afterSeq: -1 },
    { orderId, afterSeq: 1.5 },
    { orderId, afterSeq: '1' },
    { orderId, role: 'admin' },
    { orderId: Buffer.from('o1') },
  ]) {
    const reply = await send(client, payload);
    t.is(!reply.ok && reply.error.code, 'invalid-request', JSON.stringify(payload));
  }
  const withoutPayload = await send(client);
  t.regex(withoutPayload.ok ? '' : withoutPayload.error.detail, /payload/);
  t.true((await client.subscribe('o1')).ok, 'the socket is none the worse for it');
});

test('an event without an acknowledgement callback is answered with feed.error and does no harm', async (t) => {
  const { instance } = await setUp(t);
  const client = await connect(t, instance, tokenFor('ada'));
  client.socket.emit('order.subscribe', { orderId: 'o1' });
  client.socket.emit('order.unsubscribe');
  client.socket.emit('order.unknown', { orderId: 'o1' });
  t.true((await client.subscribe('o1')).ok);
  t.deepEqual(
    client.errors.map((error) => error.code),
    ['invalid-request', 'invalid-request'],
  );
});

test('a customer has so many subscriptions on a socket, and room again after unsubscribing', async (t) => {
  const limit = 200;
  const { orders, instance } = await setUp(t, newHurriedClock());
  const client = await connect(t, instance, tokenFor('ada'));
  for (let i = 0; i <= limit; i++) orders.place(`order-${i}`, 'ada');
  for (let i = 0; i < limit; i++) t.true((await client.subscribe(`order-${i}`)).ok);
  const refused = await client.subscribe(`order-${limit}`);
  t.is(!refused.ok && refused.error.code, 'too-many-requests');
  t.true((await client.subscribe('order-0')).ok, 'replacing one takes no more room');
  await client.unsubscribe('order-0');
  t.true((await client.subscribe(`order-${limit}`)).ok);
  t.is((await client.subscribeList()).ok, false, 'a list takes room too');
});

test('refused subscriptions take no room', async (t) => {
  const { instance } = await setUp(t, newHurriedClock());
  const client = await connect(t, instance, tokenFor('ada'));
  for (let i = 0; i < 201; i++) t.false((await client.subscribe(`none-${i}`)).ok);
  t.true((await client.subscribe('o1')).ok);
});

test('events beyond the limit of a second are refused, and allowed again in the next', async (t) => {
  const clock = { ...LIMITED_TO_ONE_SECOND };
  const { instance } = await setUp(t, clock);
  const client = await connect(t, instance, tokenFor('ada'));
  client.socket.emit('nonsense');
  const replies = await Promise.all(Array.from({ length: 60 }, () => client.unsubscribe('o1')));
  t.is(replies.filter((reply) => reply.ok).length, 49, 'what makes no sense counts too');
  const [refused] = replies.filter((reply) => !reply.ok);
  t.is(refused && !refused.ok && refused.error.code, 'too-many-requests');
  clock.now = () => new Date(1_000);
  t.true((await client.unsubscribe('o1')).ok);
});

test('a flood is not answered any more, but hung up on', async (t) => {
  const { instance } = await setUp(t, LIMITED_TO_ONE_SECOND);
  const client = await connect(t, instance, tokenFor('ada'));
  let answered = 0;
  for (let i = 0; i < 300; i++)
    client.socket.emit('order.unsubscribe', { orderId: 'o1' }, () => {
      answered++;
    });
  await eventually(() => client.socket.disconnected, 'the disconnection');
  t.true(answered <= 200, `${answered} were answered`);
});

test('the limit of connections is a setting, and operators have five times as many', async (t) => {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const instance = await startInstance(t, { redisUrl, orders: createFakeOrders(), connectionsPerUser: 1 });
  await connect(t, instance, tokenFor('ada'));
  t.is((await refusalOf(t, instance, { token: tokenFor('ada') })).code, 'too-many-requests');
  for (let i = 0; i < 5; i++) await connect(t, instance, tokenFor('olga', 'operator'));
  t.is((await refusalOf(t, instance, { token: tokenFor('olga', 'operator') })).code, 'too-many-requests');
});

test('a user has so many connections on an instance, and room again after one is closed', async (t) => {
  const { instance } = await setUp(t);
  const clients: Client[] = [];
  for (let i = 0; i < 20; i++) clients.push(await connect(t, instance, tokenFor('ada')));
  const refusal = await refusalOf(t, instance, { token: tokenFor('ada') });
  t.is(refusal.code, 'too-many-requests');
  await connect(t, instance, tokenFor('eve'));
  clients[0]?.socket.disconnect();
  let hasRoom = false;
  // The server hears of the closing a little later.
  for (let attempt = 0; attempt < 100 && !hasRoom; attempt++)
    hasRoom = await connect(t, instance, tokenFor('ada')).then(
      () => true,
      () => false,
    );
  t.true(hasRoom);
});

test('a packet that is too big ends the connection', async (t) => {
  const { instance } = await setUp(t);
  const client = await connect(t, instance, tokenFor('ada'));
  client.socket.emit('order.subscribe', { orderId: 'x'.repeat(20_000) });
  await eventually(() => client.socket.disconnected, 'the disconnection');
  t.pass();
});

test('a client that does not read is hung up on, and resumes where it was', async (t) => {
  const { orders, instance } = await setUp(t);
  const slow = await connect(t, instance, tokenFor('ada'));
  await slow.subscribe('o1');
  const { transport } = slow.socket.io.engine as unknown as {
    transport: { ws: { pause(): void; resume(): void } };
  };
  transport.ws.pause();
  let hungUp = false;
  slow.socket.once('disconnect', () => {
    hungUp = true;
  });
  // More than the kernel's buffers and the server's own take together.
  const last = 100_001;
  for (let sent = 1; sent < last; sent += 500) {
    await instance.feed.publish(Array.from({ length: 500 }, () => orders.advance('o1')));
  }
  transport.ws.resume();
  await eventually(() => hungUp, 'the server hanging up');
  const seen = slow.transitions.at(-1)?.seq ?? 1;
  t.true(seen < last);
  const again = await connect(t, instance, tokenFor('ada'));
  const reply = await again.subscribe('o1', seen);
  t.is(reply.ok && reply.transitions.length, last - seen);
});
