/** Whatever the bus does to messages, a subscriber sees every transition once and in order. */
import test, { type ExecutionContext } from 'ava';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import { makeTestDir, startRedis } from '../support/services.ts';
import { createFakeOrders } from './fake-orders.ts';
import { connect, eventually, startInstance, tokenFor } from './instance.ts';

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Two instances on one Redis and one database; the order's transitions are published on the first. */
async function setUp(t: ExecutionContext) {
  const { redisUrl } = await startRedis(t, await makeTestDir(t));
  const orders = createFakeOrders();
  const one = await startInstance(t, { redisUrl, orders });
  const two = await startInstance(t, { redisUrl, orders });
  orders.place('o1', 'ada');
  return { orders, one, two };
}

test('a subscriber is answered with the view and the history, and then sees the order move', async (t) => {
  const { orders, one, two } = await setUp(t);
  orders.advance('o1');
  const here = await connect(t, one, tokenFor('ada'));
  const there = await connect(t, two, tokenFor('ada'));
  for (const client of [here, there]) {
    const reply = await client.subscribe('o1');
    t.true(reply.ok && reply.order.seq === 2 && reply.order.allowedEvents.join() === 'order.cancel');
    t.deepEqual(reply.ok && reply.transitions.map((it) => it.seq), [1, 2]);
  }
  const moved = orders.advance('o1');
  await one.feed.publish([moved]);
  await one.feed.publish([orders.advance('o1'), orders.advance('o1', { final: true })]);
  for (const client of [here, there]) {
    await eventually(() => client.transitions.length >= 3, 'three live transitions');
    t.deepEqual(client.seqsOf('o1'), [3, 4, 5]);
    t.deepEqual(client.transitions[0], moved.transition);
  }
});

test('a subscription resumes after the seq that the client has seen', async (t) => {
  const { orders, one } = await setUp(t);
  for (const _ of upTo(4)) orders.advance('o1');
  const client = await connect(t, one, tokenFor('ada'));
  const reply = await client.subscribe('o1', 3);
  t.deepEqual(reply.ok && reply.transitions.map((it) => it.seq), [4, 5]);
  const again = await client.subscribe('o1', 5);
  t.deepEqual(again.ok && again.transitions, []);
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.transitions.length > 0, 'the live transition');
  await client.unsubscribe('o1');
  t.deepEqual(client.seqsOf('o1'), [6], 'subscribed twice, told once');
});

test('after unsubscribing nothing comes any more', async (t) => {
  const { orders, one } = await setUp(t);
  orders.place('o2', 'ada');
  const client = await connect(t, one, tokenFor('ada'));
  await client.subscribe('o1');
  await client.subscribe('o2');
  t.deepEqual(await client.unsubscribe('o1'), { ok: true });
  await one.feed.publish([orders.advance('o1'), orders.advance('o2')]);
  await eventually(() => client.transitions.length > 0, 'the transition of the other order');
  t.deepEqual(
    client.transitions.map((it) => it.orderId),
    ['o2'],
  );
});

test('a gap is filled from the committed record', async (t) => {
  const { orders, one, two } = await setUp(t);
  const client = await connect(t, two, tokenFor('ada'));
  await client.subscribe('o1');
  orders.advance('o1');
  orders.advance('o1');
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.transitions.length >= 3, 'the lost transitions');
  t.deepEqual(client.seqsOf('o1'), [2, 3, 4]);
});

test('duplicates are dropped, and what overtook waits for its turn', async (t) => {
  const { orders, one, two } = await setUp(t);
  const client = await connect(t, two, tokenFor('ada'));
  await client.subscribe('o1');
  const [second, third, fourth, last] = upTo(4).map(() => orders.advance('o1')) as FeedTransition[];
  if (!second || !third || !fourth || !last) return t.fail();
  await one.feed.publish([fourth, second, second]);
  await one.feed.publish([third, second, fourth, third]);
  await two.feed.publish([third, last, last]);
  await eventually(() => client.transitions.length >= 4, 'four transitions');
  await client.unsubscribe('o1');
  t.deepEqual(client.seqsOf('o1'), [2, 3, 4, 5]);
});

test('transitions that are committed while a subscription is being answered are told once, in order', async (t) => {
  const { orders, one } = await setUp(t);
  const client = await connect(t, one, tokenFor('ada'));
  // In the window: the record is read, and two transitions come before the answer goes out.
  orders.onCopied = async () => {
    orders.onCopied = () => Promise.resolve();
    await one.feed.publish([orders.advance('o1'), orders.advance('o1')]);
  };
  const reply = await client.subscribe('o1');
  const answered = reply.ok ? reply.transitions.map((it) => it.seq) : [];
  t.true(reply.ok && reply.order.seq === answered.at(-1), 'the view is as new as the transitions');
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.seqsOf('o1').at(-1) === 4, 'the transition after the window');
  t.deepEqual([...answered, ...client.seqsOf('o1')], [1, 2, 3, 4]);
});

test('a reading that fails is repeated until it tells what lies between', async (t) => {
  const { orders, one } = await setUp(t);
  const client = await connect(t, one, tokenFor('ada'));
  await client.subscribe('o1');
  let failures = 0;
  orders.onRead = async () => {
    failures++;
    if (failures <= 2) throw new Error('The database is away.');
  };
  orders.advance('o1');
  await one.feed.publish([orders.advance('o1')]);
  await one.feed.publish([orders.advance('o1')]);
  await eventually(() => client.transitions.length >= 3, 'the transitions from behind the failures');
  t.true(failures > 2);
  t.deepEqual(client.seqsOf('o1'), [2, 3, 4]);
});

test('a subscription that cannot be read is refused as unavailable, and works when asked again', async (t) => {
  const { orders, one } = await setUp(t);
  const client = await connect(t, one, tokenFor('ada'));
  orders.onRead = () => Promise.reject(new Error('The database is away.'));
  const refused = await client.subscribe('o1');
  t.is(!refused.ok && refused.error.code, 'unavailable');
  orders.onRead = () => Promise.resolve();
  t.true((await client.subscribe('o1')).ok);
});

test('many orders over a bus that loses, repeats and reorders: everybody ends up with exactly 1..n', async (t) => {
  const { orders, one, two } = await setUp(t);
  let seed = 20_101_201;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const ids = upTo(20).map((i) => `order-${i}`);
  for (const id of ids) orders.place(id, 'ada');
  const clients = [await connect(t, one, tokenFor('ada')), await connect(t, two, tokenFor('ada'))];
  const answered = clients.map(() => new Map<string, number[]>());
  const kept: FeedTransition[] = [];
  for (let step = 0; step < 600; step++) {
    const id = ids[Math.floor(random() * ids.length)] ?? '';
    kept.push(orders.advance(id));
    for (const [i, client] of clients.entries()) {
      if (random() > 0.1 || answered[i]?.has(id)) continue;
      answered[i]?.set(id, []);
      const reply = await client.subscribe(id);
      answered[i]?.set(id, reply.ok ? reply.transitions.map((it) => it.seq) : []);
    }
    while (kept.length > 3) {
      const [entry] = kept.splice(Math.floor(random() * kept.length), 1);
      if (!entry || random() < 0.2) continue;
      const { feed } = random() < 0.5 ? one : two;
      await feed.publish(random() < 0.3 ? [entry, entry] : [entry]);
    }
  }
  await one.feed.publish(ids.map((id) => orders.advance(id, { final: true })));
  for (const [i, client] of clients.entries()) {
    const watched = [...(answered[i] ?? [])];
    t.true(watched.length > 10);
    for (const [id, first] of watched) {
      const last = (await orders.read(id))?.seq ?? 0;
      await eventually(() => client.seqsOf(id).at(-1) === last, `the end of ${id}`);
      t.deepEqual([...first, ...client.seqsOf(id)], upTo(last), id);
    }
  }
});
