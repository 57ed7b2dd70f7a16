/**
 * The limit: the same durable writes and the same Bull jobs as the engine's, with no engine around them. Nothing is
 * decided, checked or read; what is written is cut out of an order that the engine has completed. Writes are gathered as
 * an ideal engine would: while one batch is under way, the next one gathers. Stages are handed straight on, and a job
 * stands for the orders of a tenth of a second.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Bull from 'bull';
import { Redis } from 'ioredis';
import { mongo } from 'mongoose';
import { v7 as newId } from 'uuid';
import { done, ready } from '../peers/lib/recorder.mjs';

const { PORT, MONGODB_URI, REDIS_PORT, EXAMPLE } = process.env;
/** As the engine's own: finished jobs kept, how long a job gathers orders, and how many at most. */
const KEEP_COMPLETED = 100;
const SHARED_WITHIN_MS = 100;
const SHARE_MAX = 100;
const LEASE_MS = 30_000;

const example = mongo.BSON.EJSON.parse(readFileSync(EXAMPLE, 'utf8'));
/** The placing is written by the insert, each later transition by a compare-and-set. */
const seqs = example.history.slice(1).map(({ seq }) => seq);

const client = new mongo.MongoClient(MONGODB_URI, {
  writeConcern: { w: 'majority', journal: true },
  readConcernLevel: 'majority',
  maxPoolSize: 32,
});
await client.connect();
const orders = client.db().collection('orders');
const products = client.db().collection('products');

/** Gathers what is handed in while the batch before is under way; resolves when its own batch is durable. */
function gather(write) {
  let waiting = [];
  let isRunning = false;
  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await write(batch.flatMap(({ items }) => items)).then(
        () => batch.forEach(({ resolve }) => void resolve()),
        (error) => batch.forEach(({ reject }) => void reject(error)),
      );
    }
    isRunning = false;
  };
  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      setImmediate(run);
    });
}

/** Each update must find its document as expected. */
const updates = (collection) =>
  gather(async (items) => {
    const operations = items.map((updateOne) => ({ updateOne }));
    const { matchedCount } = await collection.bulkWrite(operations, { ordered: false });
    if (matchedCount !== items.length)
      throw new Error(`${items.length - matchedCount} updates found nothing`);
  });

const insert = gather((items) => orders.insertMany(items, { ordered: false }));
const commit = updates(orders);
const move = updates(products);

const connect = (forBlocking) =>
  new Redis({
    host: '127.0.0.1',
    port: Number(REDIS_PORT),
    ...(forBlocking && { maxRetriesPerRequest: null, enableReadyCheck: false }),
  });
const shared = { client: connect(false), subscriber: connect(true) };
const jobs = new Bull('validation', {
  createClient: (type) => (type === 'bclient' ? connect(true) : shared[type]),
  defaultJobOptions: { removeOnComplete: KEEP_COMPLETED },
});

const unwritten = [];

/** A job will stand for that order and those that come meanwhile. */
function standFor(orderId) {
  unwritten.push({
    jobId: `${orderId}.1.work.0`,
    ref: { actorId: orderId, kind: 'invocation', id: 'work', seq: 1 },
  });
  if (unwritten.length > 1) return;
  setTimeout(() => {
    const all = unwritten.splice(0);
    for (let from = 0; from < all.length; from += SHARE_MAX) {
      const [first, ...companions] = all.slice(from, from + SHARE_MAX);
      void jobs.add({ ...first.ref, companions }, { jobId: first.jobId });
    }
  }, SHARED_WITHIN_MS);
}

/** What is pending after each transition but the last. */
const pending = (id, seq, now) => ({
  invocations: [
    {
      id: 'payment',
      seq,
      src: 'payment.capture',
      input: { chargeKey: `${id}.charge.1` },
      attempts: 0,
      dispatch: 0,
    },
  ],
  timers: [{ id: 'xstate.after.payment.overdue.order.charging', seq, dueAt: now, dispatch: 0 }],
  sweepAt: new Date(now.getTime() + LEASE_MS),
});

function firstRecord({ reference, lines, ...facts }) {
  const id = newId();
  const now = new Date();
  const { quarantine: _, ...shape } = example;
  return {
    ...shape,
    _id: id,
    seq: 1,
    state: example.history[0].to,
    status: 'active',
    input: { ...example.input, ...facts, reference, lines, orderId: id },
    publications: [1],
    ...pending(id, 1, now),
    history: [{ ...example.history[0], at: now, commandId: id }],
    idempotency: { ...example.idempotency, key: `bare/${reference}` },
    placedAt: now,
    updatedAt: now,
  };
}

const hold = ({ id, lines }) =>
  move(
    lines.map(({ sku, quantity }) => ({
      filter: {
        _id: sku,
        kind: 'goods',
        'stock.available': { $gte: quantity },
        'holds.orderId': { $ne: id },
      },
      update: {
        $inc: { 'stock.available': -quantity, 'stock.held': quantity },
        $push: { holds: { orderId: id, quantity, heldAt: new Date() } },
      },
    })),
  );

const sell = ({ id, lines }) =>
  move(
    lines.map(({ sku, quantity }) => ({
      filter: { _id: sku, 'holds.orderId': id },
      update: {
        $pull: { holds: { orderId: id } },
        $inc: { 'stock.held': -quantity, 'stock.sold': quantity },
      },
    })),
  );

async function advance(order, seq) {
  const isFirst = seq === seqs.at(0),
    isLast = seq === seqs.at(-1);
  if (isFirst) await hold(order);
  if (isLast) await sell(order);
  const now = new Date();
  const { to } = example.history[seq - 1];
  const set = {
    state: to,
    status: isLast ? 'done' : 'active',
    snapshot: example.snapshot,
    allowedCommands: example.allowedCommands,
    publications: [seq],
    updatedAt: now,
    seq,
    ...(isLast ? { invocations: [], timers: [], sweepAt: now } : pending(order.id, seq, now)),
  };
  const entry = { ...example.history[seq - 1], at: now, commandId: `work.${seq}` };
  await commit([
    { filter: { _id: order.id, seq: seq - 1 }, update: { $set: set, $push: { history: entry } } },
  ]);
}

/** All that an order goes through after its placing. */
async function live(order) {
  for (const seq of seqs) await advance(order, seq);
  done(order.name);
  await commit([
    {
      filter: { _id: order.id, seq: seqs.at(-1) },
      update: { $set: { publications: [] }, $unset: { sweepAt: 1 } },
    },
  ]);
}

jobs.process(1, async () => undefined);
await jobs.isReady();

const server = createServer(async (request, response) => {
  const body = JSON.parse(await text(request));
  const record = firstRecord(body);
  await insert([record]);
  standFor(record._id);
  void live({ id: record._id, name: body.reference, lines: body.lines });
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: record._id }));
});
server.listen(Number(PORT), '127.0.0.1', () => ready());
