/**
 * The limit: the same durable writes and the same Bull jobs as the engine's, with no engine around them. Nothing is
 * decided, checked or read; what is written is cut out of an order that the engine has completed. Writes and jobs are
 * gathered as an ideal engine would: while one batch is under way, the next one gathers.
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
/** As the engine's own defaults: jobs at once per queue, finished jobs kept. */
const CONCURRENCY = 32;
const KEEP_COMPLETED = 100;
const LEASE_MS = 30_000;

const example = mongo.BSON.EJSON.parse(readFileSync(EXAMPLE, 'utf8'));
/** The placing is written by the insert; each later transition is a job, and a compare-and-set. */
const stages = example.history.slice(1).map(({ seq }) => ({ seq, queue: `stage-${seq}` }));

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
for (const stage of stages) {
  stage.jobs = new Bull(stage.queue, {
    createClient: (type) => (type === 'bclient' ? connect(true) : shared[type]),
    defaultJobOptions: { removeOnComplete: KEEP_COMPLETED },
  });
  stage.add = gather((items) => stage.jobs.addBulk(items));
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

const inFlight = new Map();

function handOn(order, index) {
  const { seq, add } = stages[index];
  const data = { actorId: order.id, kind: 'invocation', id: 'work', seq };
  return add([{ name: '__default__', data, opts: { jobId: `${order.id}.${seq}.work.0` } }]);
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

async function advance(order, index) {
  const { seq } = stages[index];
  const isLast = index === stages.length - 1;
  if (index === 0) await hold(order);
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
  if (!isLast) {
    void handOn(order, index + 1);
    return;
  }
  done(order.name);
  inFlight.delete(order.id);
  void commit([
    { filter: { _id: order.id, seq }, update: { $set: { publications: [] }, $unset: { sweepAt: 1 } } },
  ]);
}

for (const [index, { jobs }] of stages.entries()) {
  jobs.process(CONCURRENCY, (job) => advance(inFlight.get(job.data.actorId), index));
}
await Promise.all(stages.map(({ jobs }) => jobs.isReady()));

const server = createServer(async (request, response) => {
  const body = JSON.parse(await text(request));
  const record = firstRecord(body);
  await insert([record]);
  const order = { id: record._id, name: body.reference, lines: body.lines };
  inFlight.set(order.id, order);
  void handOn(order, 0);
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: order.id }));
});
server.listen(Number(PORT), '127.0.0.1', () => ready());
