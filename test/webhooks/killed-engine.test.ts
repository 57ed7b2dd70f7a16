/** Whole engines, killed around a delivery: whatever was committed is told, and verified by who receives it. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { TransitionView } from '../../src/machines/order-view.ts';
import { connectStore } from '../../src/store/connect.ts';
import {
  DEMO_PASSWORD,
  eventually,
  logIn,
  orderBody,
  startEngine,
  type TestClient,
} from '../support/engine.ts';
import { shareServices } from '../support/services.ts';
import { startReceiver, type WebhookReceiver } from './receiver.ts';

const services = shareServices(test);
const DIE = new URL('./die-before-recording.mjs', import.meta.url).href;
const SKU = 'HOOKED';

/** The test's own database and Redis keys, with what lets receivers stand on loopback. */
function environmentOf(database: string) {
  const { mongodbUri, redisUrl, dir } = services();
  return {
    MONGODB_URI: mongodbUri.replace('/ordo?', `/${database}?`),
    REDIS_URL: redisUrl,
    ORDO_DATA_DIR: join(dir, database),
    ORDO_LEASE_MS: '1000',
    ORDO_SWEEP_INTERVAL_MS: '200',
    ORDO_PRIVATE_ENDPOINTS: 'true',
  };
}

async function makeProduct(client: TestClient): Promise<void> {
  const product = { sku: SKU, name: SKU, priceMinor: 500, currency: 'EUR', stock: 1_000 };
  await client.call('POST', '/products', product);
}

async function register(t: ExecutionContext, client: TestClient, receiver: WebhookReceiver) {
  const { status, body } = await client.call('POST', '/webhook-endpoints', { url: receiver.url });
  t.is(status, 201, JSON.stringify(body));
  return { id: String(body.endpoint.id), secret: String(body.secret) };
}

/** Waits for the order's end, and for each of its transitions to have been received; verified by the library. */
async function everythingReceived(
  t: ExecutionContext,
  client: TestClient,
  orderId: string,
  { receiver, secret }: { receiver: WebhookReceiver; secret: string },
) {
  const { seq } = await eventually(
    () => client.order(orderId),
    ({ final }) => final,
  );
  const wanted = Array.from({ length: seq }, (_, index) => `${orderId}.${index + 1}`);
  const ids = () => new Set(receiver.received(secret).map(({ id }) => id));
  await eventually(
    async () => wanted.filter((id) => !ids().has(id)),
    (missing) => missing.length === 0,
  );
  const history = await client.history(orderId);
  for (const { id, event } of receiver
    .received(secret)
    .filter(({ event: { subject } }) => subject === orderId)) {
    const { transition, order } = event.data as {
      transition: TransitionView;
      order: { seq: number; state: string };
    };
    const entry = history.find((each) => `${orderId}.${each.seq}` === id);
    t.like(transition, { seq: entry?.seq, type: entry?.type, to: entry?.to });
    t.like(order, { seq: entry?.seq, state: entry?.to }, 'the order as it was then');
  }
}

/** Resolves when the process is gone. */
const gone = (pid: number) =>
  eventually(
    async () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    },
    (is) => is,
  );

test('killed between the commit and the record of the delivery: it is recorded and delivered after the start', async (t) => {
  const env = environmentOf('unrecorded');
  const receiver = await startReceiver(t);
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  await makeProduct(client);
  const { secret } = await register(t, client, receiver);
  await engine.stop();
  engine = await startEngine(t, { ...env, NODE_OPTIONS: `--import=${DIE}` });
  // Whether it is still answered is left to chance.
  await client.place(orderBody([SKU])).catch(() => undefined);
  await gone(engine.pid);
  await t.throwsAsync(engine.kill(), { message: /had ended/ });

  const connection = await connectStore(env.MONGODB_URI);
  t.teardown(() => connection.close());
  const orders = await connection
    .collection<{ _id: string; publications: number[] }>('orders')
    .find()
    .toArray();
  t.is(orders.length, 1, 'the kill came after the commit');
  t.true(orders[0]?.publications.includes(1));
  t.is(await connection.collection('webhook_deliveries').countDocuments(), 0, 'and before the record');
  t.is(receiver.http.posted.length, 0);

  engine = await startEngine(t, env);
  await everythingReceived(t, client, String(orders[0]?._id), { receiver, secret });
});

test('killed while the receiver has it and has not answered: it is sent again under the same id', async (t) => {
  const env = environmentOf('unanswered');
  const receiver = await startReceiver(t);
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  await makeProduct(client);
  const { secret } = await register(t, client, receiver);
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  receiver.http.hold = () => held;
  const order = await client.place(orderBody([SKU]));
  await eventually(
    async () => receiver.http.posted.length,
    (count) => count > 0,
  );
  await engine.kill();
  receiver.http.hold = undefined;
  release();
  const unanswered = receiver.received(secret).map((received) => received.id);
  t.true(unanswered.length > 0, 'the kill came after the sending');
  const connection = await connectStore(env.MONGODB_URI);
  t.teardown(() => connection.close());
  const recorded = connection.collection<{ eventId: string; status: string }>('webhook_deliveries');
  const settled = await recorded.find({ status: 'delivered' }).toArray();
  t.deepEqual(settled, [], 'and before its outcome was recorded');
  engine = await startEngine(t, env);
  await everythingReceived(t, client, order.id, { receiver, secret });
  const twice = (eventId: string) =>
    receiver.received(secret).filter((received) => received.id === eventId).length >= 2;
  await eventually(
    async () => unanswered.filter((eventId) => !twice(eventId)),
    (missing) => missing.length === 0,
  );
});

test('an operator registers, pings, looks at the log and sends again; the secret is shown once and never logged', async (t) => {
  const receiver = await startReceiver(t);
  const engine = await startEngine(t, { ...environmentOf('operated'), ORDO_LOG_LEVEL: 'trace' });
  const client = await logIn(() => engine.url);
  await makeProduct(client);
  const { id, secret } = await register(t, client, receiver);
  const path = `/webhook-endpoints/${id}`;
  t.is((await client.call('POST', `${path}/ping`)).status, 202);
  const order = await client.place(orderBody([SKU]));
  await everythingReceived(t, client, order.id, { receiver, secret });
  const { seq } = await client.order(order.id);
  const log = await eventually(
    () => client.call('GET', `${path}/deliveries?status=delivered&limit=100`),
    ({ body }) => body.items.length === seq + 1,
  );
  t.is(log.body.next, null);
  t.is(receiver.http.posted.length, seq + 1, 'nothing is sent twice needlessly');
  const first = await client.call('GET', `${path}/deliveries?limit=1`);
  t.is(first.body.next, first.body.items[0].eventId);
  t.regex(first.headers.get('link') ?? '', /after=.*rel="next"/);
  const again = await client.call('POST', `${path}/deliveries/${order.id}.1/redeliver`);
  t.like(again, { status: 202, body: { delivery: { eventId: `${order.id}.1`, status: 'pending' } } });
  await eventually(
    async () => receiver.http.posted.length,
    (count) => count === seq + 2,
  );
  const answers = await Promise.all(
    ['/webhook-endpoints', path, `${path}/deliveries`].map((each) => client.call('GET', each)),
  );
  t.notRegex(JSON.stringify(answers.map(({ body }) => body)), /whsec_/);
  t.is((await client.call('DELETE', path)).status, 204);
  t.is((await client.call('GET', path)).status, 404);
  t.is(await engine.stop(), 0);
  t.notRegex(engine.output(), /whsec_/);
  t.regex(engine.output(), /"webhook-endpoints|webhook-endpoints/, 'the log is of these requests');
});

test('an engine stops in time though a receiver does not answer, and tells it again after the next start', async (t) => {
  const env = environmentOf('stopped');
  const receiver = await startReceiver(t);
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  const { id, secret } = await register(t, client, receiver);
  const held: (() => void)[] = [];
  receiver.http.hold = () => new Promise((resolve) => held.push(resolve));
  const { body } = await client.call('POST', `/webhook-endpoints/${id}/ping`);
  await eventually(
    async () => held.length,
    (count) => count === 1,
  );
  t.is(await engine.stop(), 0, 'it was not cut off');
  receiver.http.hold = undefined;
  for (const release of held) release();
  engine = await startEngine(t, env);
  await eventually(
    () => client.call('GET', `/webhook-endpoints/${id}/deliveries`),
    (log) => log.body.items[0].status === 'delivered',
  );
  t.deepEqual(
    receiver.received(secret).map((received) => received.id),
    [body.delivery.eventId, body.delivery.eventId],
  );
});

test('Bull Board shows the queue', async (t) => {
  const engine = await startEngine(t, environmentOf('board'));
  const form = new URLSearchParams({ email: 'operator@ordo.example', password: DEMO_PASSWORD });
  const headers = { origin: engine.url };
  const loggedIn = await fetch(`${engine.url}/admin/login`, {
    method: 'POST',
    body: form,
    headers,
    redirect: 'manual',
  });
  const cookie = loggedIn.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const board = await fetch(`${engine.url}/admin/queues/api/queues`, { headers: { ...headers, cookie } });
  const { queues } = (await board.json()) as { queues: { name: string }[] };
  t.true(queues.some(({ name }) => name === 'webhooks'));
});
