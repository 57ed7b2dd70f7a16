/** Multi-document transactions: what they see, what holds them up, and how they end. */
import test, { type ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { client, server, temporaryFolder } from './helpers.ts';
import { type RawClient, rawClient } from './raw-client.ts';

const { Binary, Long } = mongo;

type Account = { _id: number; n: number };

interface Setup {
  readonly connected: mongo.MongoClient;
  readonly accounts: mongo.Collection<Account>;
  readonly uri: string;
}

async function setup(t: ExecutionContext, options: Parameters<typeof server>[1] = {}): Promise<Setup> {
  const { uri } = await server(t, options);
  const connected = await client(t, uri);
  const accounts = connected.db('test').collection<Account>('accounts');
  await accounts.insertMany([1, 2, 3].map((_id) => ({ _id, n: 100 })));
  return { connected, accounts, uri };
}

function begin({ connected }: Setup): mongo.ClientSession {
  const session = connected.startSession();
  session.startTransaction();
  return session;
}

async function codeOf(promise: Promise<unknown>): Promise<{ code: unknown; labels: readonly string[] }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof mongo.MongoServerError) return { code: error.code, labels: error.errorLabels };
    throw error;
  }
  return { code: undefined, labels: [] };
}

/** A session of its own, driven by hand. */
function raw(connection: RawClient, number: number) {
  const lsid = { id: new Binary(Buffer.alloc(16, number), 4) };
  const fields = (txnNumber: number) => ({ lsid, txnNumber: Long.fromNumber(txnNumber), autocommit: false });
  return {
    first: (command: mongo.Document, txnNumber = 1) =>
      connection.command({ ...command, ...fields(txnNumber), startTransaction: true, $db: 'test' }),
    next: (command: mongo.Document, txnNumber = 1) =>
      connection.command({ ...command, ...fields(txnNumber), $db: 'test' }),
    commit: (txnNumber = 1) =>
      connection.command({ commitTransaction: 1, ...fields(txnNumber), $db: 'admin' }),
    abort: (txnNumber = 1) => connection.command({ abortTransaction: 1, ...fields(txnNumber), $db: 'admin' }),
    retryable: (command: mongo.Document, txnNumber: number) =>
      connection.command({ ...command, lsid, txnNumber: Long.fromNumber(txnNumber), $db: 'test' }),
  };
}

test('a transaction sees its own writes, others see them with the commit', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: -10 } }, { session });
  await accounts.insertOne({ _id: 4, n: 7 }, { session });
  await accounts.deleteOne({ _id: 3 }, { session });
  const inside = await accounts.find({}, { session, sort: { _id: 1 } }).toArray();
  t.deepEqual(inside, [
    { _id: 1, n: 90 },
    { _id: 2, n: 100 },
    { _id: 4, n: 7 },
  ]);
  t.is(await accounts.countDocuments({ n: { $lt: 100 } }, { session }), 2);
  t.is((await accounts.find().toArray()).map((one) => one.n).join(), '100,100,100');
  await session.commitTransaction();
  t.deepEqual(await accounts.find().sort({ _id: 1 }).toArray(), inside);
});

test('an aborted transaction leaves nothing', async (t) => {
  const all = await setup(t);
  const { accounts, connected } = all;
  const session = begin(all);
  await accounts.updateMany({}, { $set: { n: 0 } }, { session });
  await connected.db('test').collection('fresh').insertOne({ a: 1 }, { session });
  await session.abortTransaction();
  t.is(await accounts.countDocuments({ n: 100 }), 3);
  const names = (await connected.db('test').listCollections().toArray()).map((one) => one.name);
  t.deepEqual(names, ['accounts']);
});

test('a transaction reads its snapshot, also through an index and over several batches', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  await accounts.createIndex({ n: 1 });
  await accounts.insertMany(Array.from({ length: 300 }, (_, i) => ({ _id: i + 10, n: i })));
  const session = begin(all);
  const cursor = accounts.find({ n: { $gte: 0 } }, { session, sort: { n: 1 }, batchSize: 50 });
  t.is((await cursor.next())?.n, 0);
  await accounts.deleteMany({ n: { $gte: 100 } });
  await accounts.insertOne({ _id: 1000, n: 5 });
  let count = 1;
  for await (const _one of cursor) count += 1;
  t.is(count, 303);
  t.is(await accounts.countDocuments({}, { session }), 303);
  await session.commitTransaction();
  t.is(await accounts.countDocuments({}), 101);
});

test('its own writes appear in the order of an index, forwards and backwards', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  await accounts.createIndex({ n: 1 });
  await accounts.insertMany([10, 20, 30].map((n) => ({ _id: n, n })));
  const session = begin(all);
  await accounts.insertMany(
    [15, 25, 5].map((n) => ({ _id: n, n })),
    { session },
  );
  await accounts.updateOne({ _id: 20 }, { $set: { n: 40 } }, { session });
  await accounts.deleteOne({ _id: 30 }, { session });
  const read = async (direction: 1 | -1) => {
    const found = accounts.find({ n: { $lt: 100 } }, { session, sort: { n: direction } });
    return (await found.toArray()).map((one) => one.n);
  };
  t.deepEqual(await read(1), [5, 10, 15, 25, 40]);
  t.deepEqual(await read(-1), [40, 25, 15, 10, 5]);
  await session.abortTransaction();
});

test('of two transactions that write one document the second gets 112 and is aborted', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const first = begin(all);
  const second = begin(all);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: first });
  await accounts.updateOne({ _id: 2 }, { $inc: { n: 1 } }, { session: second });
  const lost = await codeOf(accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: second }));
  t.deepEqual(lost, { code: 112, labels: ['TransientTransactionError'] });
  await first.commitTransaction();
  t.is((await codeOf(second.commitTransaction())).code, 251);
  t.is((await accounts.findOne({ _id: 2 }))?.n, 100);
  t.is((await accounts.findOne({ _id: 1 }))?.n, 101);
});

test('a document that was written since the snapshot cannot be written any more', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.findOne({ _id: 1 }, { session });
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } });
  t.is((await codeOf(accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session }))).code, 112);
  await session.abortTransaction();
  t.is((await accounts.findOne({ _id: 1 }))?.n, 101);
});

test('two transactions cannot insert the same unique key', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  await accounts.createIndex({ n: 1 }, { unique: true, partialFilterExpression: { _id: { $gt: 10 } } });
  const [first, second] = [begin(all), begin(all)];
  await accounts.insertOne({ _id: 11, n: 5 }, { session: first });
  t.is((await codeOf(accounts.insertOne({ _id: 12, n: 5 }, { session: second }))).code, 112);
  await first.commitTransaction();
  t.is((await codeOf(accounts.insertOne({ _id: 13, n: 5 }))).code, 11000);
});

test('a write outside waits for the transaction that holds its document', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session });
  let isDone = false;
  const waiting = accounts
    .findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { returnDocument: 'after' })
    .then((found) => {
      isDone = true;
      return found;
    });
  await accounts.updateOne({ _id: 2 }, { $inc: { n: 1 } });
  t.false(isDone);
  await session.commitTransaction();
  t.is((await waiting)?.n, 111);
});

test('an insert outside waits for the end of a pending removal of its key', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.deleteOne({ _id: 1 }, { session });
  const waiting = accounts.insertOne({ _id: 1, n: 5 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await session.commitTransaction();
  await waiting;
  t.is((await accounts.findOne({ _id: 1 }))?.n, 5);
});

test('the wait for a transaction is bounded by maxTimeMS', async (t) => {
  const all = await setup(t);
  const { accounts, connected } = all;
  const session = begin(all);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session });
  const command = {
    update: 'accounts',
    updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }],
    maxTimeMS: 100,
  };
  t.is((await codeOf(connected.db('test').command(command))).code, 50);
  await session.commitTransaction();
  t.is((await accounts.findOne({ _id: 1 }))?.n, 110);
});

test('an error aborts the transaction, also one of a statement that is reported by itself', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.insertOne({ _id: 50, n: 1 }, { session });
  t.is((await codeOf(accounts.insertOne({ _id: 1, n: 1 }, { session }))).code, 11000);
  t.deepEqual(await codeOf(accounts.findOne({}, { session })), {
    code: 251,
    labels: ['TransientTransactionError'],
  });
  await session.abortTransaction();
  t.is(await accounts.countDocuments(), 3);
});

test('a transaction ends by itself, and lets go of what it holds', async (t) => {
  const all = await setup(t, { transactionLifetimeLimitSeconds: 0.3 });
  const { accounts } = all;
  const session = begin(all);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session });
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } });
  t.is((await codeOf(session.commitTransaction())).code, 251);
  t.is((await accounts.findOne({ _id: 1 }))?.n, 101);
});

test('numbers: too old, not in progress, started twice, committed, aborted', async (t) => {
  const { uri } = await setup(t);
  const session = raw(await rawClient(t, uri), 1);
  const insert = (_id: number) => ({ insert: 'things', documents: [{ _id }] });
  t.like(await session.next(insert(1), 5), { code: 251, errorLabels: ['TransientTransactionError'] });
  t.like(await session.first(insert(1), 5), { ok: 1 });
  t.like(await session.first(insert(2), 5), { code: 50911 });
  t.like(await session.next(insert(2), 4), { code: 225 });
  t.like(await session.commit(5), { ok: 1 });
  t.like(await session.commit(5), { ok: 1 });
  t.like(await session.next(insert(2), 5), { code: 256 });
  t.like(await session.abort(5), { code: 256 });
  t.like(await session.commit(6), { code: 251 });
  t.like(await session.commit(4), { code: 225 });
  t.like(await session.first(insert(2), 7), { ok: 1 });
  t.like(await session.abort(7), { ok: 1 });
  t.like(await session.abort(7), { code: 251 });
  t.like(await session.commit(7), { code: 251, errorLabels: ['TransientTransactionError'] });
  t.like(await session.retryable(insert(3), 7), { code: 225 });
  t.like(await session.first(insert(4), 8), { ok: 1 });
  t.like(await session.retryable(insert(5), 9), { ok: 1 });
  t.like(await session.commit(8), { code: 225 });
});

test('what belongs to no transaction, or not into one, is refused', async (t) => {
  const { uri } = await setup(t);
  const connection = await rawClient(t, uri);
  const session = raw(connection, 1);
  const lsid = { id: new Binary(Buffer.alloc(16, 9), 4) };
  const find = { find: 'accounts', $db: 'test', lsid };
  const txnNumber = Long.fromNumber(1);
  t.like(await connection.command({ ...find, autocommit: false }), { code: 72 });
  t.like(await connection.command({ ...find, txnNumber, startTransaction: true }), { code: 72 });
  t.like(await connection.command({ ...find, txnNumber, autocommit: true }), { code: 72 });
  t.like(await connection.command({ ...find, txnNumber }), { code: 50768 });
  t.like(await connection.command({ commitTransaction: 1, $db: 'admin' }), { code: 125 });
  for (const command of [{ count: 'accounts' }, { drop: 'accounts' }, { listCollections: 1 }, { ping: 1 }]) {
    t.like(await session.first(command), { code: 263 });
  }
  const concern = { level: 'snapshot' };
  t.like(await session.first({ find: 'accounts', readConcern: concern }), { ok: 1 });
  t.like(await session.next({ find: 'accounts', readConcern: concern }), { code: 72 });
  t.like(await session.first({ find: 'accounts', readConcern: { level: 'linearizable' } }, 2), { code: 72 });
  t.like(await session.first({ find: 'accounts', writeConcern: { w: 1 } }, 3), { code: 72 });
});

test('a cursor of a transaction is read in it, and ends with it', async (t) => {
  const { uri } = await setup(t);
  const connection = await rawClient(t, uri);
  const session = raw(connection, 1);
  const { cursor } = await session.first({ find: 'accounts', batchSize: 1 });
  const getMore = {
    getMore: Long.fromBigInt(BigInt(String(cursor.id))),
    collection: 'accounts',
    batchSize: 1,
  };
  t.like(await connection.command({ ...getMore, $db: 'test' }), { code: 50740 });
  t.like(await session.next(getMore), { ok: 1 });
  t.like(await session.commit(), { ok: 1 });
  t.like(await connection.command({ ...getMore, $db: 'test' }), { code: 43 });
});

test('a collection and its indexes may be made in a transaction, an index of an older one may not', async (t) => {
  const all = await setup(t);
  const { connected, accounts } = all;
  const db = connected.db('test');
  const session = begin(all);
  await db.createCollection('made', { session });
  await db.collection('made').createIndex({ a: 1 }, { unique: true, session });
  await db.collection('made').insertOne({ a: 1 }, { session });
  await session.commitTransaction();
  t.is((await codeOf(db.collection('made').insertOne({ a: 1 }))).code, 11000);
  const other = begin(all);
  t.is((await codeOf(accounts.createIndex({ n: 1 }, { session: other }))).code, 263);
});

test('creating a collection outside waits for a transaction that creates it', async (t) => {
  const all = await setup(t);
  const things = all.connected.db('test').collection<Account>('things');
  const session = begin(all);
  await things.insertOne({ _id: 1, n: 1 }, { session });
  const waiting = things.insertOne({ _id: 2, n: 2 });
  const other = begin(all);
  t.is((await codeOf(things.insertOne({ _id: 3, n: 3 }, { session: other }))).code, 112);
  await session.commitTransaction();
  await waiting;
  t.is(await things.countDocuments(), 2);
});

test('a drop and an index wait for the transactions that looked into the collection', async (t) => {
  const all = await setup(t);
  const { accounts } = all;
  const session = begin(all);
  await accounts.findOne({ _id: 1 }, { session });
  let isIndexed = false;
  const indexed = accounts.createIndex({ n: 1 }).then(() => {
    isIndexed = true;
  });
  await accounts.insertOne({ _id: 10, n: 1 });
  t.false(isIndexed);
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session });
  await session.commitTransaction();
  await indexed;
  t.is((await accounts.find({ n: 101 }).hint('n_1').toArray()).length, 1);
});

test('a collection that changed after the snapshot cannot be read through it', async (t) => {
  const all = await setup(t);
  const { accounts, connected } = all;
  const others = connected.db('test').collection<Account>('others');
  await others.insertOne({ _id: 1, n: 1 });
  const session = begin(all);
  await accounts.findOne({ _id: 1 }, { session });
  await others.createIndex({ n: 1 });
  const lost = await codeOf(others.findOne({}, { session }));
  t.deepEqual(lost, { code: 246, labels: ['TransientTransactionError'] });
  await session.abortTransaction();
  const second = begin(all);
  await accounts.findOne({ _id: 1 }, { session: second });
  await others.drop();
  t.is((await codeOf(others.findOne({}, { session: second }))).code, 246);
});

test('an index that became multikey in an aborted transaction is known to be so when it matters', async (t) => {
  const folder = temporaryFolder(t);
  const first = await server(t, { dataDir: folder });
  const connected = await client(t, first.uri);
  const things = connected.db('test').collection<{ _id: number; tags: number | number[] }>('things');
  await things.createIndex({ tags: 1 });
  await things.insertOne({ _id: 1, tags: 1 });
  const session = connected.startSession();
  session.startTransaction();
  await things.insertOne({ _id: 2, tags: [1, 2] }, { session });
  await things.insertOne({ _id: 3, tags: [1, 9] });
  await session.abortTransaction();
  await connected.close();
  await first.close();
  const second = await server(t, { dataDir: folder });
  const again = (await client(t, second.uri)).db('test').collection('things');
  t.is((await again.find({ tags: { $gte: 0 } }).toArray()).length, 2);
});

test('a committed transaction is known after a restart, and answered as done', async (t) => {
  const folder = temporaryFolder(t);
  const first = await server(t, { dataDir: folder });
  const before = raw(await rawClient(t, first.uri), 1);
  t.like(await before.first({ insert: 'things', documents: [{ _id: 1 }] }), { ok: 1 });
  t.like(await before.commit(), { ok: 1 });
  t.like(await before.first({ insert: 'things', documents: [{ _id: 2 }] }, 2), { ok: 1 });
  await first.close();
  const second = await server(t, { dataDir: folder });
  const connection = await rawClient(t, second.uri);
  const after = raw(connection, 1);
  t.like(await after.commit(2), { code: 251 });
  t.like(await after.commit(1), { ok: 1 });
  const { cursor } = await connection.command({ find: 'things', $db: 'test' });
  t.deepEqual(cursor.firstBatch, [{ _id: 1 }]);
});

test('the end of a session aborts its transaction', async (t) => {
  const { uri, accounts } = await setup(t);
  const connection = await rawClient(t, uri);
  const session = raw(connection, 1);
  await session.first({ update: 'accounts', updates: [{ q: { _id: 1 }, u: { $set: { n: 0 } } }] });
  await connection.command({ endSessions: [{ id: new Binary(Buffer.alloc(16, 1), 4) }], $db: 'admin' });
  await accounts.updateOne({ _id: 1 }, { $inc: { n: 1 } });
  t.is((await accounts.findOne({ _id: 1 }))?.n, 101);
});

test('withTransaction moves money between accounts, many at once, and the sum stays', async (t) => {
  t.timeout(60_000);
  const { connected, accounts } = await setup(t);
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const [from, to] = [(i % 3) + 1, ((i + 1) % 3) + 1];
      await connected.withSession((session) =>
        session.withTransaction(async () => {
          await accounts.updateOne({ _id: from }, { $inc: { n: -1 } }, { session });
          await accounts.updateOne({ _id: to }, { $inc: { n: 1 } }, { session });
        }),
      );
    }),
  );
  const all = await accounts.find().toArray();
  t.is(
    all.reduce((sum, one) => sum + one.n, 0),
    300,
  );
});

test('reads after writes of a session carry a time, and causal consistency asks for it', async (t) => {
  const { connected, accounts } = await setup(t);
  const session = connected.startSession({ causalConsistency: true });
  await accounts.updateOne({ _id: 1 }, { $set: { n: 1 } }, { session });
  t.truthy(session.operationTime);
  t.is((await accounts.findOne({ _id: 1 }, { session }))?.n, 1);
});

test('random writes in transactions read back as a model says, before and after their end', async (t) => {
  t.timeout(60_000);
  const all = await setup(t);
  const { accounts } = all;
  await accounts.createIndex({ n: 1 });
  await accounts.deleteMany({});
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  let model = new Map<number, number>();
  const check = async (expected: Map<number, number>, session?: mongo.ClientSession) => {
    const low = random(50);
    const found = await accounts
      .find({ n: { $gte: low } }, { sort: { n: random(2) === 0 ? 1 : -1 }, ...(session ? { session } : {}) })
      .toArray();
    const wanted = [...expected].filter(([, n]) => n >= low).map(([_id, n]) => `${n}/${_id}`);
    t.deepEqual(found.map(({ _id, n }) => `${n}/${_id}`).sort(), wanted.sort());
    t.is(await accounts.countDocuments({}, session ? { session } : {}), expected.size);
  };
  for (let round = 0; round < 12; round += 1) {
    const session = begin(all);
    const own = new Map(model);
    for (let step = 0; step < 15; step += 1) {
      const _id = random(30);
      const n = random(100);
      if (random(4) === 0) {
        await accounts.deleteOne({ _id }, { session });
        own.delete(_id);
      } else {
        await accounts.updateOne({ _id }, { $set: { n } }, { session, upsert: true });
        own.set(_id, n);
      }
      await check(own, session);
    }
    await check(model);
    if (random(3) === 0) {
      await session.abortTransaction();
    } else {
      await session.commitTransaction();
      model = own;
    }
    await check(model);
  }
});

test('a server that is closed lets go of who waits for a transaction', async (t) => {
  const running = await server(t);
  const first = await rawClient(t, running.uri);
  const second = await rawClient(t, running.uri);
  await first.command({ insert: 'accounts', documents: [{ _id: 1, n: 1 }], $db: 'test' });
  const update = { update: 'accounts', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] };
  t.like(await raw(first, 1).first(update), { ok: 1 });
  const waiting = second.command({ ...update, $db: 'test' });
  // The server reads this connection's request in the turn in which it reads the other's, and parks that one then.
  for (let i = 0; i < 3; i += 1) await first.command({ ping: 1, $db: 'admin' });
  await running.close();
  t.like(await waiting, { ok: 1, n: 1 });
});
