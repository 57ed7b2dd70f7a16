/** Watching without a socket: a stream of events over HTTP, resumed by what the client saw last. */
import test, { type ExecutionContext } from 'ava';
import type { TransitionView } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { OrderActors } from '../../src/ports/order-actors.ts';
import { createLiveFeed } from '../../src/realtime/live-orders.ts';
import { createRedisFeed } from '../../src/realtime/redis-feed.ts';
import { startApp } from '../http/support/running-app.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { eventually, logger } from './instance.ts';

async function setUp(t: ExecutionContext, connectionsPerUser = 20) {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const clock = createFakeClock(new Date('2026-01-01T00:00:00.000Z'));
  const feed = createRedisFeed({ namespace: 'test', redisUrl, clock: systemClock, logger });
  const { read, changes } = orders;
  const live = createLiveFeed({ feed, read, changes, connectionsPerUser, clock, logger });
  t.teardown(async () => {
    live.close();
    await feed.close();
  });
  await feed.ready;
  const app = await startApp(t, { live, clock, orders: orders as unknown as OrderActors });
  const ada = await app.person('customer');
  orders.place('o1', ada.user.id);
  return { app, orders, feed, live, clock, ada };
}

/** An open stream, and what came of it. */
async function open(
  t: ExecutionContext,
  url: string,
  { token, after, id = 'o1' }: { token: string; after?: number; id?: string },
) {
  const abort = new AbortController();
  const response = await fetch(`${url}/api/v1/orders/${id}/stream`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(after !== undefined && { 'last-event-id': String(after) }),
    },
    signal: abort.signal,
  });
  const stream = { response, text: '', ended: false, close: () => abort.abort() };
  t.teardown(stream.close);
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) stream.text += decoder.decode(chunk, { stream: true });
  };
  void read()
    .catch(() => undefined)
    .finally(() => {
      stream.ended = true;
    });
  return stream;
}

/** What an EventSource makes of it. */
const eventsIn = (text: string) =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const [id, event, data] = block.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
      return { id, event, data: JSON.parse(data ?? '') as TransitionView };
    });
const idsIn = (text: string) => eventsIn(text).map(({ id }) => Number(id));

test('a stream tells the history, then what comes, and ends with the order', async (t) => {
  const { app, orders, feed, ada } = await setUp(t);
  const stream = await open(t, app.url, ada);
  t.is(stream.response.status, 200);
  t.is(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  t.regex(stream.response.headers.get('cache-control') ?? '', /no-store/);
  await feed.publish([orders.advance('o1')]);
  await eventually(() => idsIn(stream.text).length === 2, 'two events');
  t.false(stream.ended);
  await feed.publish([orders.advance('o1', { final: true })]);
  await eventually(() => stream.ended, 'the end');
  t.regex(stream.text, /^retry: \d+\n\n/);
  t.deepEqual(idsIn(stream.text), [1, 2, 3]);
  const last = eventsIn(stream.text).at(-1);
  t.like(last, { event: 'order.transition', data: { orderId: 'o1', seq: 3, final: true } });
});

test('a stream resumes behind the last event that the client saw, without a gap', async (t) => {
  const { app, orders, feed, ada } = await setUp(t);
  for (let i = 0; i < 4; i++) orders.advance('o1');
  const stream = await open(t, app.url, { ...ada, after: 3 });
  // One that the bus lost lies between.
  orders.advance('o1');
  await feed.publish([orders.advance('o1')]);
  await eventually(() => idsIn(stream.text).at(-1) === 7, 'the last event');
  t.deepEqual(idsIn(stream.text), [4, 5, 6, 7]);
});

test('with nothing to come any more, 204 tells an EventSource to stop; after a return it goes on', async (t) => {
  const { app, orders, ada } = await setUp(t);
  orders.advance('o1', { final: true });
  t.deepEqual(
    idsIn(
      await open(t, app.url, ada).then(async (it) => {
        await eventually(() => it.ended, 'the end');
        return it.text;
      }),
    ),
    [1, 2],
  );
  t.is((await open(t, app.url, { ...ada, after: 2 })).response.status, 204);
  orders.advance('o1');
  const stream = await open(t, app.url, { ...ada, after: 2 });
  await eventually(() => idsIn(stream.text).length === 1, 'the return');
  t.false(stream.ended);
});

test('a stream is for those who may see the order, and as long as they may', async (t) => {
  const { app, live, clock, ada } = await setUp(t);
  const eve = await app.person('customer');
  const refused = await app.call('GET', '/api/v1/orders/o1/stream', eve);
  const missing = await app.call('GET', '/api/v1/orders/none/stream', eve);
  t.is(refused.status, 404);
  t.is(refused.text.replaceAll('o1', 'none'), missing.text);
  t.is((await app.call('GET', '/api/v1/orders/o1/stream')).status, 401);
  const operator = await app.person('operator');
  const [one, two] = [await open(t, app.url, ada), await open(t, app.url, operator)];
  live.recheck(ada.user.id);
  await eventually(() => one.ended, 'the end with the rights');
  t.false(two.ended);
  clock.advance(3_600_000);
  await eventually(() => two.ended, 'the end with the token');
  t.is((await app.call('GET', '/api/v1/orders/o1/stream', operator)).status, 401);
});

test('a silent stream beats; streams count as connections until they are closed', async (t) => {
  const { app, clock, ada } = await setUp(t, 1);
  const stream = await open(t, app.url, ada);
  await eventually(() => stream.text !== '', 'the first event');
  clock.advance(15_000);
  clock.advance(15_000);
  await eventually(() => stream.text.endsWith(':\n\n:\n\n'), 'two heartbeats');
  t.is((await app.call('GET', '/api/v1/orders/o1/stream', ada)).status, 429);
  stream.close();
  let again = 429;
  for (let attempt = 0; attempt < 200 && again === 429; attempt++)
    again = (await open(t, app.url, ada)).response.status;
  t.is(again, 200);
});

test('Last-Event-ID must be a seq', async (t) => {
  const { app, ada } = await setUp(t);
  const headers = { 'last-event-id': '-1' };
  const refused = await app.call('GET', '/api/v1/orders/o1/stream', { ...ada, headers });
  t.is(refused.status, 400);
  t.is(refused.json.errors[0]?.pointer, '/headers/last-event-id');
});

test('the transitions after a seq can be asked for as a list', async (t) => {
  const { app, orders, ada } = await setUp(t);
  for (let i = 0; i < 3; i++) orders.advance('o1');
  const ask = (query = '', person = ada) => app.call('GET', `/api/v1/orders/o1/transitions${query}`, person);
  t.deepEqual(
    (await ask()).json.items.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  const after = await ask('?afterSeq=2');
  t.deepEqual(
    after.json.items.map(({ seq }) => seq),
    [3, 4],
  );
  t.is(after.json.seq, 4);
  t.is((await ask('?afterSeq=x')).status, 400);
  t.is((await ask('', await app.person('customer'))).status, 404);
});

test('the machine is there for everybody', async (t) => {
  const { app } = await setUp(t);
  const answer = await app.call('GET', '/api/v1/machines/order');
  t.is(answer.status, 200);
  t.like(answer.json, { id: 'order', initial: 'placed' });
});
