/** Change streams: every change once and in order, over restarts, and refusals where something could be missing. */
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { client, database, server, spawnServer, temporaryFolder } from './helpers.ts';
import { rawClient } from './raw-client.ts';

type Event = mongo.ChangeStreamDocument & { [field: string]: unknown };
type Stream = mongo.ChangeStream<mongo.Document, mongo.ChangeStreamDocument>;

/** Opens a stream and waits until the server has. */
async function opened(t: ExecutionContext, stream: Stream): Promise<Stream> {
  t.teardown(() => stream.close());
  t.is(await stream.tryNext(), null);
  return stream;
}

/** The next `count` events, without what is different in each run. */
async function take(stream: Stream, count: number): Promise<object[]> {
  const events: object[] = [];
  for (let i = 0; i < count; i += 1) {
    const { _id, clusterTime, wallTime, ...rest } = (await stream.next()) as Event;
    events.push(rest);
  }
  return events;
}

interface Order {
  _id: number;
  a?: { b: number; c: number };
  list?: number[];
  gone?: boolean;
  z?: number;
}

const NS = { db: 'test', coll: 'orders' };

test('insert, update, replace and delete are told in order, with what changed', async (t) => {
  const db = await database(t);
  const orders = db.collection<Order>('orders');
  const stream = await opened(t, orders.watch());
  await db.collection('others').insertOne({ n: 1 });
  await orders.insertOne({ _id: 1, a: { b: 1, c: 2 }, list: [1, 2, 3], gone: true });
  await orders.updateOne(
    { _id: 1 },
    { $set: { 'a.b': 5, 'new.x': 1 }, $unset: { gone: 1 }, $push: { list: 4 } },
  );
  await orders.updateOne({ _id: 1 }, { $pop: { list: 1 } });
  await orders.updateOne({ _id: 1 }, { $set: { 'a.b': 5 } });
  await orders.replaceOne({ _id: 1 }, { z: 1 });
  await orders.deleteOne({ _id: 1 });
  const documentKey = { _id: 1 };
  t.deepEqual(await take(stream, 5), [
    {
      operationType: 'insert',
      fullDocument: { _id: 1, a: { b: 1, c: 2 }, list: [1, 2, 3], gone: true },
      ns: NS,
      documentKey,
    },
    {
      operationType: 'update',
      ns: NS,
      documentKey,
      updateDescription: {
        updatedFields: { 'a.b': 5, 'list.3': 4, new: { x: 1 } },
        removedFields: ['gone'],
        truncatedArrays: [],
      },
    },
    {
      operationType: 'update',
      ns: NS,
      documentKey,
      updateDescription: {
        updatedFields: {},
        removedFields: [],
        truncatedArrays: [{ field: 'list', newSize: 3 }],
      },
    },
    { operationType: 'replace', fullDocument: { _id: 1, z: 1 }, ns: NS, documentKey },
    { operationType: 'delete', ns: NS, documentKey },
  ]);
  t.is(await stream.tryNext(), null);
});

test('updateLookup gives the document as it is when the event is read, and null when it is gone', async (t) => {
  const db = await database(t);
  const orders = db.collection<{ _id: number; n?: number }>('orders');
  await orders.insertMany([{ _id: 1 }, { _id: 2 }]);
  const stream = await opened(t, orders.watch([], { fullDocument: 'updateLookup' }));
  await orders.updateOne({ _id: 1 }, { $set: { n: 1 } });
  await orders.updateOne({ _id: 1 }, { $set: { n: 2 } });
  await orders.updateOne({ _id: 2 }, { $set: { n: 1 } });
  await orders.deleteOne({ _id: 2 });
  const events = (await take(stream, 3)) as { fullDocument: unknown }[];
  t.deepEqual(
    events.map((one) => one.fullDocument),
    [{ _id: 1, n: 2 }, { _id: 1, n: 2 }, null],
  );
});

test('a pipeline filters and shapes events, but may not touch their _id', async (t) => {
  const db = await database(t);
  const orders = db.collection<{ _id: number; n: number }>('orders');
  const stream = await opened(
    t,
    orders.watch([{ $match: { 'fullDocument.n': { $gt: 1 } } }, { $project: { n: '$fullDocument.n' } }]),
  );
  await orders.insertMany([1, 2, 3].map((n) => ({ _id: n, n })));
  t.deepEqual(await take(stream, 2), [{ n: 2 }, { n: 3 }]);
  const blind = await opened(t, orders.watch([{ $unset: '_id' }]));
  await orders.insertOne({ _id: 4, n: 4 });
  const changed = await t.throwsAsync(async () => void (await blind.next()), { message: /resume token/ });
  t.true((changed as mongo.MongoServerError).hasErrorLabel('NonResumableChangeStreamError'));
  const error = await t.throwsAsync(
    db.command({
      aggregate: 'orders',
      pipeline: [{ $changeStream: {} }, { $group: { _id: 1 } }],
      cursor: {},
    }),
  );
  t.is((error as mongo.MongoServerError).code, 20);
});

test('a getMore waits for the change, and ends with nothing when its time is over', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const writer = await rawClient(t, running.uri);
  const { cursor } = await raw.command({
    aggregate: 'orders',
    pipeline: [{ $changeStream: {} }],
    cursor: {},
    $db: 'test',
  });
  t.deepEqual(cursor.firstBatch, []);
  const more = { getMore: cursor.id, collection: 'orders', $db: 'test' };
  const nothing = await raw.command({ ...more, maxTimeMS: 20 });
  t.deepEqual(nothing.cursor.nextBatch, []);
  t.is(String(nothing.cursor.id), String(cursor.id));
  t.is(typeof nothing.cursor.postBatchResumeToken._data, 'string');
  const waiting = raw.command({ ...more, maxTimeMS: 60_000 });
  await writer.command({ insert: 'others', documents: [{ _id: 0 }], $db: 'test' });
  await writer.command({ insert: 'orders', documents: [{ _id: 1 }], $db: 'test' });
  const reply = await waiting;
  t.is(reply.cursor.nextBatch.length, 1);
  t.deepEqual(reply.cursor.nextBatch[0].documentKey, { _id: 1 });
  t.deepEqual(reply.cursor.postBatchResumeToken, reply.cursor.nextBatch[0]._id);
  const killed = raw.command({ ...more, maxTimeMS: 60_000 });
  // A round trip on this connection after it: the getMore waits by then, or will find the cursor gone.
  await writer.command({ killCursors: 'orders', cursors: [cursor.id], $db: 'test' });
  t.is((await killed).code, 43);
});

test('a transaction is told when it commits, at one time, and never when it aborts', async (t) => {
  const running = await server(t);
  const connected = await client(t, running.uri);
  const orders = connected.db('test').collection<{ _id: number; n?: number }>('orders');
  await orders.insertOne({ _id: 0 });
  const stream = await opened(t, orders.watch());
  const aborted = connected.startSession();
  aborted.startTransaction();
  await orders.insertOne({ _id: 8 }, { session: aborted });
  await aborted.abortTransaction();
  await connected.withSession((session) =>
    session.withTransaction(async () => {
      await orders.insertOne({ _id: 1 }, { session });
      await orders.updateOne({ _id: 0 }, { $set: { n: 1 } }, { session });
      await orders.insertOne({ _id: 9 });
    }),
  );
  const events = [await stream.next(), await stream.next(), await stream.next()] as Event[];
  t.deepEqual(
    events.map((one) => [one.operationType, (one.documentKey as { _id: number })._id]),
    [
      ['insert', 9],
      ['insert', 1],
      ['update', 0],
    ],
  );
  t.true(events[1]?.clusterTime?.equals(events[2]?.clusterTime as unknown as mongo.Long));
  t.is(events[0]?.lsid, undefined);
  t.deepEqual(events[1]?.lsid, events[2]?.lsid);
  t.is(String(events[1]?.txnNumber), '1');
  // Between the two: a resume inside a transaction misses nothing and repeats nothing.
  const resumed = orders.watch([], { resumeAfter: events[1]?._id });
  t.teardown(() => resumed.close());
  t.deepEqual((await resumed.next()) as unknown, events[2]);
});

test('a write that failed leaves nothing in the log', async (t) => {
  const db = await database(t);
  const orders = db.collection<{ _id: number }>('orders');
  const stream = await opened(t, orders.watch());
  await t.throwsAsync(orders.insertMany([{ _id: 1 }, { _id: 1 }, { _id: 2 }], { ordered: false }));
  const events = (await take(stream, 2)) as { documentKey: unknown }[];
  t.deepEqual(
    events.map((one) => one.documentKey),
    [{ _id: 1 }, { _id: 2 }],
  );
  t.is(await stream.tryNext(), null);
});

test('a drop is told and ends the stream; startAfter goes on after it, resumeAfter is refused', async (t) => {
  const db = await database(t);
  const orders = db.collection<{ _id: number }>('orders');
  await orders.insertOne({ _id: 0 });
  const stream = await opened(t, orders.watch());
  await orders.drop();
  const drop = (await stream.next()) as Event;
  const invalidate = (await stream.next()) as Event;
  t.deepEqual([drop.operationType, invalidate.operationType], ['drop', 'invalidate']);
  await t.throwsAsync(async () => void (await stream.next()), undefined, 'the stream has ended');
  await orders.insertOne({ _id: 1 });
  const after = orders.watch([], { startAfter: invalidate._id });
  t.teardown(() => after.close());
  t.is(((await after.next()) as Event).operationType, 'insert');
  const refused = orders.watch([], { resumeAfter: invalidate._id });
  t.teardown(() => refused.close());
  const error = await t.throwsAsync(async () => void (await refused.next()));
  t.is((error as mongo.MongoServerError).code, 260);
  // Who had seen the drop alone is still told of the end.
  const resumed = orders.watch([], { resumeAfter: drop._id });
  t.teardown(() => resumed.close());
  t.is(((await resumed.next()) as Event).operationType, 'invalidate');
});

test('a rename ends the streams of both names', async (t) => {
  const db = await database(t);
  await db.createCollection('orders');
  const from = await opened(t, db.collection('orders').watch());
  const to = await opened(t, db.collection('archive').watch());
  await db.renameCollection('orders', 'archive');
  const expected = [
    { operationType: 'rename', ns: NS, to: { db: 'test', coll: 'archive' } },
    { operationType: 'invalidate' },
  ];
  t.deepEqual(await take(from, 2), expected);
  t.deepEqual(await take(to, 2), expected);
});

test('a database and a whole server are watched too; only dropDatabase ends a database’s stream', async (t) => {
  const running = await server(t);
  const connected = await client(t, running.uri);
  const db = connected.db('test');
  const all = await opened(t, connected.watch() as Stream);
  const ofDatabase = await opened(t, db.watch() as Stream);
  await db.collection<{ _id: number }>('a').insertOne({ _id: 1 });
  await connected.db('other').collection<{ _id: number }>('b').insertOne({ _id: 2 });
  await db.dropDatabase();
  const typesOf = (events: object[]) => events.map((one) => (one as Event).operationType);
  t.deepEqual(typesOf(await take(ofDatabase, 4)), ['insert', 'drop', 'dropDatabase', 'invalidate']);
  t.deepEqual(typesOf(await take(all, 4)), ['insert', 'insert', 'drop', 'dropDatabase']);
  t.is(await all.tryNext(), null);
});

test('nothing is missed over a SIGKILL: the driver resumes, also what was written while nobody watched', async (t) => {
  t.timeout(60_000);
  const dataDir = temporaryFolder(t);
  const first = await spawnServer(t, ['--data', dataDir, '--port', '0']);
  const { port } = new URL(first.uri);
  const connected = await client(t, first.uri);
  const orders = connected.db('test').collection<{ _id: number }>('orders');
  const stream = await opened(t, orders.watch());
  await orders.insertOne({ _id: 1 });
  t.deepEqual((await take(stream, 1)).length, 1);
  const token = stream.resumeToken;
  await orders.insertOne({ _id: 2 });
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  await spawnServer(t, ['--data', dataDir, '--port', port]);
  await orders.insertOne({ _id: 3 });
  const keys = ((await take(stream, 2)) as { documentKey: unknown }[]).map((one) => one.documentKey);
  t.deepEqual(keys, [{ _id: 2 }, { _id: 3 }]);
  const later = orders.watch([], { resumeAfter: token });
  t.teardown(() => later.close());
  t.deepEqual(
    ((await take(later, 2)) as { documentKey: unknown }[]).map((one) => one.documentKey),
    keys,
  );
});

test('a point that the bounded log no longer has is refused, for a live stream too', async (t) => {
  const running = await server(t, { changeLogBytes: 10_000 });
  const connected = await client(t, running.uri);
  const orders = connected.db('test').collection<{ _id: number; text: string }>('orders');
  const stream = await opened(t, orders.watch());
  await orders.insertOne({ _id: 0, text: '' });
  await stream.next();
  const token = stream.resumeToken;
  for (let i = 1; i < 30; i += 1) await orders.insertOne({ _id: i, text: 'x'.repeat(1000) });
  const late = orders.watch([], { resumeAfter: token });
  t.teardown(() => late.close());
  const error = await t.throwsAsync(async () => void (await late.next()));
  t.is((error as mongo.MongoServerError).code, 286);
  const live = await t.throwsAsync(async () => void (await stream.next()));
  t.is((live as mongo.MongoServerError).code, 286);
});

test('a time before anybody watched is refused, a later one includes what happened at it', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const open = (spec: object) =>
    raw.command({ aggregate: 'orders', pipeline: [{ $changeStream: spec }], cursor: {}, $db: 'test' });
  await raw.command({ insert: 'orders', documents: [{ _id: 0 }], $db: 'test' });
  const early = new mongo.Timestamp({ t: 1, i: 1 });
  t.is((await open({ startAtOperationTime: early })).code, 286);
  const { cursor } = await open({});
  await raw.command({ insert: 'orders', documents: [{ _id: 1 }, { _id: 2 }], $db: 'test' });
  const more = { getMore: cursor.id, collection: 'orders', $db: 'test' };
  const second = (await raw.command(more)).cursor.nextBatch[1] as Event;
  await raw.command({ insert: 'orders', documents: [{ _id: 3 }], $db: 'test' });
  const seen = await open({ startAtOperationTime: second.clusterTime });
  t.deepEqual(
    (seen.cursor.firstBatch as Event[]).map((one) => (one.documentKey as { _id: number })._id),
    [2, 3],
  );
});

const refusals: [string, object, number][] = [
  ['an unknown option', { wrong: 1 }, 40415],
  ['an unknown fullDocument', { fullDocument: 'sometimes' }, 2],
  ['images, which are not kept', { fullDocument: 'required' }, 238],
  ['expanded events', { showExpandedEvents: true }, 238],
  ['a token of somebody else', { resumeAfter: { _data: '8265' } }, 260],
  [
    'two points to start from',
    { startAtOperationTime: new mongo.Timestamp({ t: 1, i: 1 }), resumeAfter: { _data: 'x' } },
    40674,
  ],
  ['the whole server from a collection', { allChangesForCluster: true }, 72],
];

for (const [what, spec, code] of refusals) {
  test(`$changeStream refuses ${what}`, async (t) => {
    const db = await database(t);
    const error = await t.throwsAsync(
      db.command({ aggregate: 'orders', pipeline: [{ $changeStream: spec }], cursor: {} }),
    );
    t.is((error as mongo.MongoServerError).code, code);
  });
}

test('$changeStream stands first, and outside of transactions', async (t) => {
  const running = await server(t);
  const connected = await client(t, running.uri);
  const orders = connected.db('test').collection('orders');
  const second = await t.throwsAsync(orders.aggregate([{ $match: {} }, { $changeStream: {} }]).toArray());
  t.is((second as mongo.MongoServerError).code, 40602);
  const session = connected.startSession();
  session.startTransaction();
  const inside = await t.throwsAsync(orders.aggregate([{ $changeStream: {} }], { session }).toArray());
  t.is((inside as mongo.MongoServerError).code, 263);
});
