/** The client library against real instances: what it promises, whatever happens to the connection. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import {
  type ConnectOptions,
  connect,
  type ListTransition,
  OrdoError,
  type Transition,
} from '../../packages/client/src/index.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { eventually, type InstanceOptions, startInstance, tokenFor } from './instance.ts';
import { startProxy } from './proxy.ts';

async function setUp(t: ExecutionContext, options: Partial<InstanceOptions> = {}) {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const start = () => startInstance(t, { redisUrl, orders, ...options });
  const [one, two] = [await start(), await start()];
  const proxy = await startProxy(t, [one.url, two.url]);
  const open = (more: Partial<ConnectOptions> = {}) => {
    const client = connect({ url: proxy.url, token: tokenFor('ada'), ...more });
    t.teardown(() => client.close());
    return client;
  };
  orders.place('o1', 'ada');
  return { orders, one, two, proxy, open };
}

const seqsOf = (told: Transition[], orderId = 'o1') =>
  told.filter((it) => it.orderId === orderId).map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

test('an order is told from its first transition, over disconnections, to a listener and to a loop', async (t) => {
  const { orders, one, proxy, open } = await setUp(t);
  const told: Transition[] = [];
  const looped: number[] = [];
  const client = open();
  const watch = client.watchOrder('o1', (transition) => told.push(transition));
  const loop = (async () => {
    for await (const { seq, final } of client.watchOrder('o1')) {
      looped.push(seq);
      if (final) break;
    }
  })();
  for (let seq = 2; seq <= 20; seq++) {
    await one.feed.publish([orders.advance('o1', { final: seq === 20 })]);
    if (seq % 5 === 0) proxy.cut();
    if (seq % 3 === 0) await eventually(() => watch.seq === seq, `seq ${seq}`);
  }
  await eventually(() => watch.seq === 20, 'the last one');
  await loop;
  t.deepEqual(seqsOf(told), upTo(20));
  t.deepEqual(looped, upTo(20));
  t.true(proxy.cuts >= 4, 'the faults fired');
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => watch.seq === 21, 'the transition after the final one: a return');
});

test('a watch begins behind what is known, and a second one of the same order gets its own part', async (t) => {
  const { orders, one, open } = await setUp(t);
  for (let i = 0; i < 5; i++) orders.advance('o1');
  const client = open();
  const [late, whole]: Transition[][] = [[], []];
  const first = client.watchOrder('o1', (it) => late?.push(it), { afterSeq: 4 });
  await eventually(() => first.seq === 6, 'what was missed');
  const second = client.watchOrder('o1', (it) => whole?.push(it));
  await eventually(() => second.seq === 6, 'the whole history');
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => first.seq === 7 && second.seq === 7, 'the live one');
  first.close();
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => second.seq === 8, 'the next one');
  t.deepEqual([seqsOf(late ?? []), seqsOf(whole ?? [])], [[5, 6, 7], upTo(8)]);
  t.true(first.ended && !second.ended);
});

test('without a listener nothing is lost between the beginning of a watch and its loop', async (t) => {
  const { orders, open } = await setUp(t);
  for (let i = 0; i < 3; i++) orders.advance('o1');
  const watch = open().watchOrder('o1');
  t.is((await watch.order()).seq, 4);
  await eventually(() => watch.seq === 4, 'the history');
  const looped: number[] = [];
  for await (const { seq } of watch) {
    looped.push(seq);
    if (seq === 4) break;
  }
  t.deepEqual(looped, upTo(4));
  t.true(watch.ended, 'leaving the loop closes the watch');
});

test('what fails for good is a typed error: thrown by a loop, given to onError, and by order()', async (t) => {
  const { open } = await setUp(t);
  const watch = open().watchOrder('none');
  const asked = watch.order();
  await t.throwsAsync(asked, { instanceOf: OrdoError, code: 'not-found' });
  await t.throwsAsync(
    (async () => {
      for await (const _ of watch) t.fail();
    })(),
    { instanceOf: OrdoError, code: 'not-found' },
  );
  const errors: OrdoError[] = [];
  open({ token: 'nonsense' }).watchOrder('o1', () => {}, { onError: (error) => errors.push(error) });
  open({
    getToken: () => {
      throw new OrdoError('unauthenticated', 'signed out');
    },
  }).watchOrders({}, () => {}, { onError: (error) => errors.push(error) });
  open().watchQueues(() => {}, { onError: (error) => errors.push(error) });
  await eventually(() => errors.length === 3, 'three errors');
  t.deepEqual(errors.map(({ code }) => code).sort(), ['forbidden', 'unauthenticated', 'unauthenticated']);
  const client = open();
  const closed = client.watchOrder('o1');
  client.close();
  for await (const _ of closed) t.fail('it is closed');
  t.throws(() => client.watchOrder('o1'), { instanceOf: OrdoError, code: 'closed' });
});

test('a token is renewed before it ends, and asked for anew when it has ended', async (t) => {
  const clock = createFakeClock(new Date('2026-01-01T00:00:00Z'));
  const { orders, one, open } = await setUp(t, { clock });
  let given = 0;
  let connections = 0;
  const getToken = () => {
    given++;
    return tokenFor('ada', 'customer', new Date(clock.now().getTime() + 3_600_000).toISOString());
  };
  const onStatus = (status: string) => {
    if (status === 'connected') connections++;
  };
  const watch = open({ getToken, onStatus }).watchOrder('o1', () => {});
  await eventually(() => watch.seq === 1, 'the first transition');
  for (let hour = 1; hour <= 3; hour++) {
    clock.advance(3_541_000);
    await eventually(() => given === 1 + hour, 'the renewal');
    // The answer to a later question tells that the renewal is done.
    await one.feed.publish([orders.advance('o1')]);
    await eventually(() => watch.seq === 1 + hour, 'the transition after it');
  }
  t.is(connections, 1, 'the connection has lasted longer than any token');
  clock.advance(2 * 3_600_000);
  await eventually(() => connections === 2, 'a new connection after the token had ended');
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => watch.seq === 5, 'the transition after that');
});

test('lists tell every transition once, over disconnections and instances, and resume from a kept cursor', async (t) => {
  const { orders, one, two, proxy, open } = await setUp(t);
  const told: ListTransition[] = [];
  const shown: string[] = [];
  const client = open();
  const list = client.watchOrders({}, (it) => told.push(it), {
    onOrders: (newest) => shown.push(...newest.map(({ id }) => id)),
  });
  await eventually(() => shown.length > 0, 'the orders as they stand');
  t.deepEqual(shown, ['o1']);
  const ids = upTo(30).map((i) => `order-${i}`);
  for (const id of ids) {
    await one.feed.publish([orders.place(id, 'ada')]);
    await two.feed.publish([orders.advance(id)]);
    // The bus loses every third.
    orders.advance(id);
    await one.feed.publish([orders.advance(id)]);
    if (ids.indexOf(id) % 7 === 3) proxy.cut();
  }
  await eventually(() => told.length >= 120, 'every transition');
  for (const id of ids) t.deepEqual(seqsOf(told, id), upTo(4), id);
  const { cursor } = list;
  client.close();
  orders.advance('order-1');
  orders.advance('order-1');
  const later: ListTransition[] = [];
  if (cursor === undefined) return t.fail('there is no cursor');
  open().watchOrders({ customerId: 'ada' }, (it) => later.push(it), { cursor });
  await eventually(() => seqsOf(later, 'order-1').includes(6), 'what came while nobody watched');
  t.deepEqual(seqsOf([...told, ...later.filter(({ seq }) => seq > 4)], 'order-1'), upTo(6));
});

test('a gap in a list is filled by asking for that order, once', async (t) => {
  const { orders, open, proxy } = await setUp(t);
  const told: ListTransition[] = [];
  const client = open();
  let isLive = false;
  const onOrders = () => {
    isLive = true;
  };
  client.watchOrders({}, (it) => told.push(it), { onOrders });
  await eventually(() => isLive, 'the orders as they stand');
  orders.place('o2', 'ada');
  // Ways that only a broken engine takes: the second and third transition are never told.
  for (let i = 0; i < 4; i++) orders.advance('o2');
  const read = await orders.read('o2');
  const tell = (seq: number) => {
    const entry = read?.history.find((it) => it.seq === seq);
    const transition = {
      orderId: 'o2',
      customerId: 'ada',
      ...entry,
      at: entry?.at.toISOString(),
      by: 'system',
    };
    proxy.inject(['orders.transition', transition]);
  };
  tell(1);
  await eventually(() => told.length === 1, 'the first');
  tell(4);
  tell(5);
  await eventually(() => told.length >= 5, 'the rest');
  t.deepEqual(seqsOf(told, 'o2'), upTo(5));
});

test('a gap in an order is noticed, reported, and filled by asking again', async (t) => {
  const { orders, open, proxy } = await setUp(t);
  const told: Transition[] = [];
  const faults: unknown[] = [];
  const client = open({ onOutOfTurn: (fault) => faults.push(fault) });
  const watch = client.watchOrder('o1', (it) => told.push(it));
  await watch.order();
  for (let i = 0; i < 3; i++) orders.advance('o1');
  const { transition } = orders.advance('o1');
  proxy.inject(['order.transition', transition]);
  await eventually(() => told.length >= 5, 'what lies between');
  t.deepEqual(seqsOf(told), upTo(5));
  t.deepEqual(faults, [{ orderId: 'o1', expectedSeq: 2, seq: 5 }]);
});

test('an operator watches the queues', async (t) => {
  const clock = createFakeClock(new Date());
  let waiting = 1;
  const { open } = await setUp(t, { clock, countQueues: async () => ({ payment: { waiting } }) });
  const told: unknown[] = [];
  const watch = open({ token: tokenFor('olga', 'operator') }).watchQueues((counts) => told.push(counts));
  await eventually(() => told.length > 0, 'the counters');
  waiting = 2;
  await eventually(() => {
    clock.advance(1_000);
    return told.length > 1 && JSON.stringify(told.at(-1)) === '{"payment":{"waiting":2}}';
  }, 'the change');
  watch.close();
  t.deepEqual(told[0], { payment: { waiting: 1 } });
});

test('the tracking client of the README, to the letter, follows an order to its end', async (t) => {
  const { orders, one, proxy } = await setUp(t);
  const readme = await readFile(new URL('../../packages/client/README.md', import.meta.url), 'utf8');
  const snippet = /## Track an order\n\n```js\n([^`]+)```/.exec(readme)?.[1] ?? '';
  t.true(snippet.trim().split('\n').length < 15 && snippet.includes('watchOrder'));
  // In the project's folder, where its packages are found by their names.
  const folder = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = join(folder, `readme-${process.pid}.mjs`);
  await writeFile(file, snippet);
  const env = {
    ...process.env,
    ORDO_URL: proxy.url,
    ORDO_TOKEN: tokenFor('ada'),
    ORDER_ID: 'o1',
    NODE_OPTIONS: '',
  };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await rm(file);
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit');
  await eventually(() => output.includes('\n'), 'the first line');
  proxy.cut();
  await one.feed.publish([orders.advance('o1'), orders.advance('o1', { final: true })]);
  t.is((await exited)[0], 0);
  t.deepEqual(
    output
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[0])),
    [1, 2, 3],
  );
});
