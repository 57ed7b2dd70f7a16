/** Lists of orders: whose they are, what was missed, and that nothing is, whatever the bus and the clocks do. */
import test, { type ExecutionContext } from 'ava';
import type { ListTransition } from '../../src/realtime/messages.ts';
import { SETTLE_MS } from '../../src/realtime/order-stream.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import {
  type Client,
  connect,
  eventually,
  type InstanceOptions,
  startInstance,
  tokenFor,
} from './instance.ts';

async function setUp(t: ExecutionContext, options: Partial<InstanceOptions> = {}) {
  const { redisUrl, redis } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const start = () => startInstance(t, { redisUrl, orders, ...options });
  const [one, two] = [await start(), await start()];
  return { orders, one, two, redis };
}

/** The seqs of each order as a client keeps them: what it has already is dropped; a gap is a fault. */
function seqsIn(t: ExecutionContext, listed: ListTransition[], known = new Map<string, number>()) {
  for (const { orderId, seq } of listed) {
    const last = known.get(orderId);
    if (last !== undefined && seq <= last) continue;
    t.true(last === undefined || seq === last + 1, `${orderId}: ${seq} after ${last}`);
    known.set(orderId, seq);
  }
  return Object.fromEntries(known);
}

const settle = (client: Client) => client.ask('orders.unsubscribe', { filter: {} });

test('a customer’s list tells their own orders alone, on any instance', async (t) => {
  const { orders, one, two } = await setUp(t);
  const placed = orders.place('a1', 'ada');
  const client = await connect(t, two, tokenFor('ada'));
  const reply = await client.subscribeList();
  t.deepEqual(reply.ok && reply.orders?.map(({ id, seq }) => [id, seq]), [['a1', 1]]);
  await one.feed.publish([
    placed,
    orders.advance('a1'),
    orders.place('e1', 'eve'),
    orders.place('a2', 'ada'),
  ]);
  await two.feed.publish([orders.advance('e1'), orders.advance('a2'), orders.advance('a1')]);
  await eventually(() => client.listed.length >= 4, 'four transitions');
  await settle(client);
  t.deepEqual(seqsIn(t, client.listed, new Map([['a1', 1]])), { a1: 3, a2: 2 });
  t.true(client.listed.every(({ customerId }) => customerId === 'ada'));
  t.is(client.listed.length, 4, 'nothing twice');
});

test('nobody gets a list that is not theirs', async (t) => {
  const { orders, one } = await setUp(t);
  orders.place('e1', 'eve');
  const ada = await connect(t, one, tokenFor('ada'));
  const refused = await ada.subscribeList({ customerId: 'eve' });
  t.is(!refused.ok && refused.error.code, 'forbidden');
  t.deepEqual(await ada.subscribeList({ customerId: 'ada' }).then((it) => it.ok && it.orders), []);
  const queues = await ada.ask('queues.subscribe');
  t.is(!queues.ok && queues.error.code, 'forbidden');
  // Also not by a cursor of somebody else.
  const olga = await connect(t, one, tokenFor('olga', 'operator'));
  await olga.subscribeList();
  t.true((await ada.subscribeList({}, olga.cursor)).ok);
  await one.feed.publish([orders.advance('e1'), orders.place('a1', 'ada')]);
  await eventually(() => ada.listed.length > 0, 'the transition of their own order');
  t.deepEqual(
    ada.listed.map(({ orderId }) => orderId),
    ['a1'],
  );
});

test('what is asked for wrongly is refused', async (t) => {
  const { one } = await setUp(t);
  const client = await connect(t, one, tokenFor('olga', 'operator'));
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const asked of [
    {},
    { id: '' },
    { id: 'x', filter: { state: { $ne: '' } } },
    { id: 'x', filter: { customerId: '*/x' } },
    { id: 'x', filter: { order: 'o' } },
    { id: 'x', cursor: 'nonsense' },
    { id: 'x', cursor: text({ after: 'yesterday' }) },
    { id: 'x', cursor: text({ after: 1e300 }) },
    { id: 'x', cursor: text({ after: 0, position: { updatedAt: 0, orderId: { $gt: '' } } }) },
  ]) {
    const reply = await client.ask('orders.subscribe', asked);
    t.is(!reply.ok && reply.error.code, 'invalid-request', JSON.stringify(asked));
  }
});

test('an operator’s list of a state tells what enters and leaves it; each transition comes once a socket', async (t) => {
  const { orders, one } = await setUp(t);
  orders.place('o1', 'ada');
  const client = await connect(t, one, tokenFor('olga', 'operator'));
  for (const filter of [{ state: 'charging' }, { state: 'charging', customerId: 'ada' }])
    t.true((await client.subscribeList(filter)).ok);
  for (const to of ['validating', 'charging', 'shipping', 'confirming', 'completed'])
    await one.feed.publish([orders.advance('o1', { to })]);
  await one.feed.publish([orders.place('o2', 'eve'), orders.advance('o2', { to: 'charging' })]);
  await eventually(() => client.listed.length >= 3, 'three transitions');
  await settle(client);
  t.deepEqual(
    client.listed.map(({ orderId, from, to }) => [orderId, from, to]),
    [
      ['o1', 'validating', 'charging'],
      ['o1', 'charging', 'shipping'],
      ['o2', 'stateA', 'charging'],
    ],
  );
});

test('a list resumes from its cursor on another instance: every order’s transitions, none missing', async (t) => {
  const { orders, one, two } = await setUp(t);
  const ids = Array.from({ length: 450 }, (_, i) => `order-${i}`);
  await one.feed.publish(ids.map((id) => orders.place(id, 'ada')));
  const first = await connect(t, one, tokenFor('olga', 'operator'));
  const reply = await first.subscribeList();
  t.is(reply.ok && reply.orders?.length, 50, 'the newest, not all');
  first.socket.disconnect();
  for (const id of ids) for (let i = 0; i < 3; i++) orders.advance(id);
  const second = await connect(t, two, tokenFor('olga', 'operator'));
  const resumed = await second.subscribeList({}, first.cursor);
  t.true(resumed.ok && resumed.orders === undefined);
  t.true(second.listed.length >= 3 * 450, 'all of it before the answer');
  await two.feed.publish(ids.slice(0, 5).map((id) => orders.advance(id)));
  await eventually(() => second.listed.at(-1)?.seq === 5, 'the live ones behind them');
  const known = new Map(ids.map((id) => [id, 1]));
  const expected = Object.fromEntries(ids.map((id, i) => [id, i < 5 ? 5 : 4]));
  t.deepEqual(seqsIn(t, second.listed, known), expected);
});

test('transitions that are committed while a list is resumed are not lost', async (t) => {
  const { orders, one } = await setUp(t);
  orders.place('o1', 'ada');
  const client = await connect(t, one, tokenFor('ada'));
  const { changes } = orders;
  const read = changes.recordsAfter;
  let fired = 0;
  // In the window: the page is read, and a transition comes before it goes out.
  changes.recordsAfter = async (...asked) => {
    const records = await read(...asked);
    if (fired++ === 0) await one.feed.publish([orders.advance('o1'), orders.advance('o1')]);
    return records;
  };
  t.true((await client.subscribeList({}, Buffer.from('{"after":0}').toString('base64url'))).ok);
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.listed.at(-1)?.seq === 4, 'the transition after');
  t.true(fired > 0);
  t.deepEqual(seqsIn(t, client.listed, new Map([['o1', 0]])), { o1: 4 });
});

test('what Redis never told is told after the next round, to lists and to single orders', async (t) => {
  const clock = createFakeClock(new Date());
  const { orders, one } = await setUp(t, { clock });
  orders.place('o1', 'ada');
  const client = await connect(t, one, tokenFor('ada'));
  t.true((await client.subscribe('o1')).ok);
  t.true((await client.subscribeList()).ok);
  const known = new Map([['o1', 1]]);
  orders.advance('o1');
  orders.advance('o1');
  orders.place('o2', 'ada');
  clock.advance(5_000);
  await eventually(() => client.listed.length >= 3 && client.transitions.length >= 2, 'what was committed');
  t.deepEqual(seqsIn(t, client.listed, known), { o1: 3, o2: 1 });
  t.deepEqual(client.seqsOf('o1'), [2, 3]);
  const readings = orders.readings();
  const cursor = client.cursor;
  clock.advance(5_000);
  await eventually(() => client.cursor !== cursor, 'the next round');
  t.is(orders.readings(), readings, 'nothing is read again that was told');
  t.is(client.listed.length, 3);
});

test('a publication that comes a second time, long after, is no second transition', async (t) => {
  const clock = createFakeClock(new Date());
  const { orders, one } = await setUp(t, { clock });
  const client = await connect(t, one, tokenFor('ada'));
  t.true((await client.subscribe('none')).ok === false);
  t.true((await client.subscribeList()).ok);
  const entries = [orders.place('o1', 'ada'), orders.advance('o1')];
  await one.feed.publish(entries);
  clock.advance(4 * SETTLE_MS);
  await one.feed.publish(entries);
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.listed.some(({ seq }) => seq === 3), 'the third');
  t.deepEqual(seqsIn(t, client.listed), { o1: 3 });
});

test('a process whose clock is behind, but by less than the time to settle, loses nothing', async (t) => {
  const clock = createFakeClock(new Date());
  const { orders, one, two } = await setUp(t, { clock });
  const client = await connect(t, one, tokenFor('ada'));
  t.true((await client.subscribeList()).ok);
  const late = () => new Date(clock.now().getTime() - SETTLE_MS + 1_000);
  // Nobody publishes them: the round and the resume alone can find them.
  orders.place('o1', 'ada');
  orders.advance('o1', { at: late() });
  orders.advance('o1', { at: clock.now() });
  orders.advance('o1', { at: late() });
  clock.advance(5_000);
  await eventually(() => client.listed.length >= 4, 'what the round finds');
  clock.advance(SETTLE_MS);
  const { cursor } = client;
  await eventually(() => client.cursor !== cursor, 'a later cursor');
  client.socket.disconnect();
  orders.advance('o1', { at: late() });
  orders.advance('o1', { at: late() });
  const again = await connect(t, two, tokenFor('ada'));
  t.true((await again.subscribeList({}, client.cursor)).ok);
  t.deepEqual(seqsIn(t, [...client.listed, ...again.listed]), { o1: 6 });
});

test('with the database away a list is refused as unavailable, and works when asked again', async (t) => {
  const { orders, one } = await setUp(t);
  const client = await connect(t, one, tokenFor('ada'));
  const { changedAfter } = orders.changes;
  orders.changes.changedAfter = () => Promise.reject(new Error('The database is away.'));
  const refused = await client.subscribeList();
  t.is(!refused.ok && refused.error.code, 'unavailable');
  orders.changes.changedAfter = changedAfter;
  t.true((await client.subscribeList()).ok);
  await one.feed.publish([orders.place('o1', 'ada')]);
  await eventually(() => client.listed.length > 0, 'the live transition');
  t.pass();
});

test('the queues’ counters come when asked for, and whenever they have changed', async (t) => {
  const clock = createFakeClock(new Date());
  let waiting = 1;
  let asked = 0;
  const countQueues = async () => {
    asked++;
    return { payment: { waiting, active: 0 } };
  };
  const { one } = await setUp(t, { clock, countQueues });
  const client = await connect(t, one, tokenFor('olga', 'operator'));
  const told: unknown[] = [];
  client.socket.on('queues.counts', (counts) => told.push(counts));
  t.deepEqual(await client.ask('queues.subscribe'), {
    ok: true,
    queues: { payment: { waiting: 1, active: 0 } },
  });
  waiting = 7;
  clock.advance(1_000);
  await eventually(() => told.length > 0, 'the change');
  t.deepEqual(told.at(-1), { payment: { waiting: 7, active: 0 } });
  const before = { asked, told: told.length };
  await eventually(() => {
    clock.advance(1_000);
    return asked > before.asked + 1;
  }, 'the next look');
  t.is(told.length, before.told, 'nothing has changed');
  t.true((await client.ask('queues.unsubscribe')).ok);
  const atEnd = asked;
  clock.advance(10_000);
  t.true(asked <= atEnd + 1, 'nobody watches: nobody asks');
});
