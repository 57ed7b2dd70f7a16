/** The official driver and mongoose against a real server: what applications do. */
import test from 'ava';
import mongoose, { mongo } from 'mongoose';
import { client, database, server, temporaryFolder } from './helpers.ts';
import { rawClient } from './raw-client.ts';

const { Binary, Decimal128, Double, Int32, Long, MongoBulkWriteError, MongoServerError, ObjectId } = mongo;

async function refusal(action: Promise<unknown>): Promise<mongo.MongoServerError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof MongoServerError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

test('insert, find, update, delete', async (t) => {
  const orders = (await database(t)).collection<{ _id: number; state: string; lines?: number[] }>('orders');
  await orders.insertMany([
    { _id: 1, state: 'placed' },
    { _id: 2, state: 'placed', lines: [1, 2] },
  ]);
  t.deepEqual(await orders.find({ state: 'placed' }).sort({ _id: -1 }).project({ _id: 1 }).toArray(), [
    { _id: 2 },
    { _id: 1 },
  ]);
  const updated = await orders.updateMany({}, { $set: { state: 'paid' }, $push: { lines: 3 } });
  t.like(updated, { matchedCount: 2, modifiedCount: 2 });
  t.like(await orders.updateOne({ _id: 1 }, { $set: { state: 'paid' } }), {
    matchedCount: 1,
    modifiedCount: 0,
  });
  t.deepEqual(await orders.findOne({ _id: 2 }), { _id: 2, state: 'paid', lines: [1, 2, 3] });
  t.is((await orders.deleteOne({ lines: 2 })).deletedCount, 1);
  t.is(await orders.countDocuments({ state: 'paid' }), 1);
  t.is(await orders.estimatedDocumentCount(), 1);
});

for (const ordered of [true, false])
  test(`a large ${ordered ? 'ordered' : 'unordered'} insert tells its duplicates, and survives`, async (t) => {
    const dataDir = temporaryFolder(t);
    const running = await server(t, { dataDir });
    const items = (await client(t, running.uri))
      .db('test')
      .collection<{ _id: number; code: string }>('items');
    await items.createIndex({ code: 1 }, { unique: true });
    await items.insertOne({ _id: 500, code: 'before' });
    const text = 'x'.repeat(1_000);
    const documents = Array.from({ length: 1_000 }, (_, i) => ({ _id: i, code: `${i}`, text }));
    documents.push({ _id: 1_000, code: '7', text }, { _id: 1_001, code: 'last', text });
    const refused = await t.throwsAsync(items.insertMany(documents, { ordered }), {
      instanceOf: MongoBulkWriteError,
    });
    const at = [refused.writeErrors].flat().map(({ index }) => index);
    t.deepEqual(at, ordered ? [500] : [500, 1_000], 'one by its id, one by a code of the same command');
    const kept = ordered ? 501 : 1_001;
    t.is(await items.countDocuments(), kept);
    await running.close();
    const again = await server(t, { dataDir });
    const found = (await client(t, again.uri)).db('test').collection<{ _id: number; code: string }>('items');
    t.is(await found.countDocuments(), kept);
    t.is((await found.findOne({ code: '7' }))?._id, 7);
    t.is(await found.countDocuments({ code: 'last' }), ordered ? 0 : 1);
  });

test('a compare-and-set on seq lets exactly one of many writers through', async (t) => {
  const orders = (await database(t)).collection<{ _id: string; seq: number }>('orders');
  await orders.insertOne({ _id: 'o', seq: 1 });
  const results = await Promise.all(
    Array.from({ length: 20 }, () => orders.updateOne({ _id: 'o', seq: 1 }, { $set: { seq: 2 } })),
  );
  t.is(results.filter((one) => one.modifiedCount === 1).length, 1);
});

test('number types survive a round trip', async (t) => {
  const db = await database(t);
  const values = db.collection('values', { promoteValues: false });
  const doc = {
    _id: new ObjectId(),
    int: new Int32(1),
    double: new Double(1),
    long: Long.fromString('9007199254740993'),
    decimal: Decimal128.fromString('1.10'),
  };
  await values.insertOne(doc);
  t.deepEqual(await values.findOne({ decimal: Decimal128.fromString('1.1') }), doc);
});

test('upsert seeds from the filter and reports the new id', async (t) => {
  const stock = (await database(t)).collection<{ _id: string; on: number; sku?: string; at?: string }>(
    'stock',
  );
  const first = await stock.updateOne(
    { _id: 'a', sku: 'x' },
    { $inc: { on: 5 }, $setOnInsert: { at: 'now' } },
    { upsert: true },
  );
  t.like(first, { matchedCount: 0, upsertedCount: 1, upsertedId: 'a' });
  const second = await stock.updateOne(
    { _id: 'a' },
    { $inc: { on: 5 }, $setOnInsert: { at: 'later' } },
    { upsert: true },
  );
  t.like(second, { matchedCount: 1, modifiedCount: 1, upsertedCount: 0 });
  t.deepEqual(await stock.findOne(), { _id: 'a', sku: 'x', on: 10, at: 'now' });
});

test('findOneAndUpdate returns before or after, sorts, projects, upserts; findOneAndDelete removes', async (t) => {
  const jobs = (await database(t)).collection<{ _id: number; at: number; owner?: string }>('jobs');
  await jobs.insertMany([
    { _id: 1, at: 5 },
    { _id: 2, at: 3 },
  ]);
  const after = await jobs.findOneAndUpdate(
    {},
    { $set: { owner: 'me' } },
    { sort: { at: 1 }, returnDocument: 'after' },
  );
  t.deepEqual(after, { _id: 2, at: 3, owner: 'me' });
  const before = await jobs.findOneAndUpdate({ _id: 1 }, { $inc: { at: 1 } }, { projection: { _id: 0 } });
  t.deepEqual(before, { at: 5 });
  t.is(await jobs.findOneAndUpdate({ _id: 9 }, { $set: { at: 1 } }), null);
  t.deepEqual(
    await jobs.findOneAndUpdate({ _id: 9 }, { $set: { at: 1 } }, { upsert: true, returnDocument: 'after' }),
    { _id: 9, at: 1 },
  );
  t.deepEqual(await jobs.findOneAndReplace({ _id: 9 }, { at: 7 }, { returnDocument: 'after' }), {
    _id: 9,
    at: 7,
  });
  t.deepEqual(await jobs.findOneAndDelete({ at: { $gt: 6 } }), { _id: 9, at: 7 });
  t.is(await jobs.countDocuments(), 2);
});

test('arrayFilters and the positional operator change the right elements', async (t) => {
  const carts = (await database(t)).collection<{ _id: number; lines: { sku: string; n: number }[] }>('carts');
  await carts.insertOne({
    _id: 1,
    lines: [
      { sku: 'a', n: 1 },
      { sku: 'b', n: 2 },
    ],
  });
  await carts.updateOne({ 'lines.sku': 'b' }, { $inc: { 'lines.$.n': 10 } });
  await carts.updateOne(
    { _id: 1 },
    { $inc: { 'lines.$[one].n': 5 } },
    { arrayFilters: [{ 'one.sku': 'a' }] },
  );
  t.deepEqual((await carts.findOne())?.lines, [
    { sku: 'a', n: 6 },
    { sku: 'b', n: 12 },
  ]);
});

test('a duplicate key is error 11000 with pattern, value and message, and leaves no trace', async (t) => {
  const users = (await database(t)).collection<{ email: string; name?: string }>('users');
  await users.createIndex({ email: 1 }, { unique: true });
  await users.insertOne({ email: 'a@b.c' });
  const error = await refusal(users.insertOne({ email: 'a@b.c', name: 'second' }));
  t.like(error, { code: 11000, keyPattern: { email: 1 }, keyValue: { email: 'a@b.c' } });
  t.is(
    error.message,
    'E11000 duplicate key error collection: test.users index: email_1 dup key: { email: "a@b.c" }',
  );
  t.is(await users.countDocuments(), 1);
  await users.insertOne({ email: 'd@e.f' });
  t.is((await refusal(users.updateOne({ email: 'd@e.f' }, { $set: { email: 'a@b.c' } }))).code, 11000);
  await users.updateOne({ email: 'a@b.c' }, { $set: { name: 'same key again' } });
  await users.deleteOne({ email: 'a@b.c' });
  await t.notThrowsAsync(users.insertOne({ email: 'a@b.c' }));
});

test('a unique index is refused over duplicates, and the collection stays as it was', async (t) => {
  const users = (await database(t)).collection('users');
  await users.insertMany([{ a: 1 }, { a: 1 }]);
  t.is((await refusal(users.createIndex({ a: 1 }, { unique: true }))).code, 11000);
  t.is((await users.indexes()).length, 1);
  await t.notThrowsAsync(users.insertOne({ a: 1 }));
});

test('sparse, partial and multikey unique indexes', async (t) => {
  const db = await database(t);
  const sparse = db.collection('sparse');
  await sparse.createIndex({ a: 1 }, { unique: true, sparse: true });
  await sparse.insertMany([{}, {}]);
  const partial = db.collection('partial');
  await partial.createIndex({ a: 1 }, { unique: true, partialFilterExpression: { open: true } });
  await partial.insertMany([{ a: 1 }, { a: 1 }, { a: 1, open: true }]);
  t.is((await refusal(partial.insertOne({ a: 1, open: true }))).code, 11000);
  t.is(
    (await refusal(partial.updateOne({ open: { $exists: false } }, { $set: { open: true } }))).code,
    11000,
  );
  const tags = db.collection('tags');
  await tags.createIndex({ tags: 1 }, { unique: true });
  await tags.insertOne({ tags: ['x', 'y', 'y'] });
  t.is((await refusal(tags.insertOne({ tags: ['z', 'y'] }))).code, 11000);
  await t.notThrowsAsync(tags.insertOne({ tags: ['z'] }));
});

test('a cursor goes over several batches, also when a batch fills exactly', async (t) => {
  const many = (await database(t)).collection<{ _id: number }>('many');
  await many.insertMany(Array.from({ length: 250 }, (_, i) => ({ _id: i })));
  for (const batchSize of [1, 50, 249, 250, 251]) {
    const found = await many.find({}, { batchSize }).toArray();
    t.deepEqual(
      found.map((one) => one._id),
      Array.from({ length: 250 }, (_, i) => i),
    );
  }
  t.is((await many.find({}, { skip: 10, limit: 120, batchSize: 50 }).toArray()).length, 120);
  t.is((await many.find({}, { limit: 5, singleBatch: true }).toArray()).length, 5);
});

test('a cursor survives writes between its batches and never repeats a document', async (t) => {
  const many = (await database(t)).collection<{ _id: number; n: number }>('many');
  await many.createIndex({ n: 1 });
  await many.insertMany(Array.from({ length: 100 }, (_, i) => ({ _id: i, n: i })));
  const cursor = many.find({}, { batchSize: 10, sort: { n: 1 } });
  const seen: number[] = [];
  for await (const { _id } of cursor) {
    seen.push(_id);
    if (_id === 15) await many.deleteMany({ n: { $lt: 40 } });
  }
  t.is(new Set(seen).size, seen.length);
  t.deepEqual(
    seen.filter((id) => id >= 40),
    Array.from({ length: 60 }, (_, i) => i + 40),
  );
  t.true(seen.length < 100);
});

test('getMore on a cursor that was killed is error 43', async (t) => {
  const db = await database(t);
  await db.collection<{ _id: number }>('many').insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
  const opened = await db.command({ find: 'many', batchSize: 1 }, { promoteLongs: false });
  const { id } = opened.cursor as { id: mongo.Long };
  t.like(await db.command({ killCursors: 'many', cursors: [id] }), { ok: 1 });
  t.is((await refusal(db.command({ getMore: id, collection: 'many' }))).code, 43);
});

test('bulk writes: ordered ones stop at the first error, unordered ones go on', async (t) => {
  const db = await database(t);
  const orders = db.collection<{ _id: number; n?: number }>('bulk');
  await orders.insertOne({ _id: 1 });
  const operations = [
    { insertOne: { document: { _id: 2 } } },
    { insertOne: { document: { _id: 1 } } },
    { updateMany: { filter: {}, update: { $set: { n: 1 } } } },
    { deleteOne: { filter: { _id: 2 } } },
  ];
  const ordered = await t.throwsAsync(orders.bulkWrite(operations), { instanceOf: MongoBulkWriteError });
  t.like(ordered, { code: 11000, result: { insertedCount: 1, deletedCount: 0 } });
  await orders.deleteOne({ _id: 2 });
  const unordered = await t.throwsAsync(orders.bulkWrite(operations, { ordered: false }), {
    instanceOf: MongoBulkWriteError,
  });
  t.like(unordered, { code: 11000, result: { insertedCount: 1, modifiedCount: 2, deletedCount: 1 } });
  t.deepEqual(await orders.find().toArray(), [{ _id: 1, n: 1 }]);
});

test('a write repeated under its number is answered from memory and not done again', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const increment = {
    findAndModify: 'counters',
    query: { _id: 1 },
    update: { $inc: { n: 1 } },
    upsert: true,
    new: true,
    lsid: { id: new Binary(Buffer.alloc(16, 7), 4) },
    $db: 'test',
  };
  const first = await raw.command({ ...increment, txnNumber: Long.fromNumber(5) });
  t.deepEqual(await raw.command({ ...increment, txnNumber: Long.fromNumber(5) }), first);
  t.like(await raw.command({ ...increment, txnNumber: Long.fromNumber(6) }), { value: { n: 2 } });
  t.like(await raw.command({ ...increment, txnNumber: Long.fromNumber(5) }), { ok: 0, code: 225 });
  // Without a number it is another write each time.
  t.like(await raw.command(increment), { value: { n: 3 } });
});

test('a repeated write is recognised after a restart too', async (t) => {
  const dataDir = temporaryFolder(t);
  const lsid = { id: new Binary(Buffer.alloc(16, 9), 4) };
  const insert = { insert: 'c', lsid, txnNumber: Long.fromNumber(1), $db: 'test' };
  const replies: unknown[] = [];
  for (let round = 0; round < 2; round += 1) {
    const running = await server(t, { dataDir });
    const raw = await rawClient(t, running.uri);
    replies.push(await raw.command(insert, { documents: [{ _id: 1 }, { _id: 2 }] }));
    raw.end();
    await running.close();
  }
  t.deepEqual(replies, [
    { n: 2, ok: 1 },
    { n: 2, ok: 1 },
  ]);
});

test('data, indexes and flags are there after a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await server(t, { dataDir });
  const writer = await client(t, first.uri);
  const things = writer.db('test').collection<{ _id: number; tags: string[] }>('things');
  await things.createIndex({ tags: 1 }, { unique: true });
  await things.insertOne({ _id: 1, tags: ['a', 'b'] });
  await writer.db('test').collection('gone').insertOne({ a: 1 });
  await writer.db('test').collection('gone').drop();
  await writer.close();
  await first.close();
  const second = await server(t, { dataDir });
  const reader = (await client(t, second.uri)).db('test');
  t.deepEqual(await reader.collection<{ _id: number }>('things').find({ tags: 'b' }).toArray(), [
    { _id: 1, tags: ['a', 'b'] },
  ]);
  t.is((await refusal(reader.collection('things').insertOne({ tags: ['b'] }))).code, 11000);
  t.deepEqual(
    (await reader.listCollections({}, { nameOnly: true }).toArray()).map((one) => one.name),
    ['things'],
  );
});

test('documents expire by a TTL index', async (t) => {
  const running = await server(t, { expirePeriodMs: 50 });
  const sessions = (await client(t, running.uri))
    .db('test')
    .collection<{ _id: string; at: Date }>('sessions');
  await sessions.createIndex({ at: 1 }, { expireAfterSeconds: 60 });
  await sessions.insertMany([
    { _id: 'old', at: new Date(Date.now() - 61_000) },
    { _id: 'young', at: new Date() },
  ]);
  for (let i = 0; i < 100 && (await sessions.countDocuments()) > 1; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.deepEqual(
    (await sessions.find().toArray()).map((one) => one._id),
    ['young'],
  );
});

test('distinct, rename, drop, listing of databases and indexes', async (t) => {
  const db = await database(t);
  const things = db.collection('things');
  await things.insertMany([{ tags: ['a', 'b'] }, { tags: ['b', 'c'] }, { tags: 'c' }, {}]);
  t.deepEqual(await things.distinct('tags'), ['a', 'b', 'c']);
  await things.createIndex({ tags: 1, at: -1 }, { name: 'byTags' });
  t.is((await refusal(things.createIndex({ tags: 1, at: -1 }, { name: 'other' }))).code, 85);
  t.is((await refusal(things.createIndex({ other: 1 }, { name: 'byTags' }))).code, 86);
  await things.rename('renamed');
  t.deepEqual(await db.collection('renamed').indexes(), [
    { v: 2, key: { _id: 1 }, name: '_id_' },
    { v: 2, key: { tags: 1, at: -1 }, name: 'byTags' },
  ]);
  await db.collection('renamed').dropIndex('byTags');
  t.is((await refusal(db.collection('renamed').dropIndex('byTags'))).code, 27);
  t.is((await refusal(db.collection('nowhere').indexes())).code, 26);
  t.deepEqual(
    (await db.admin().listDatabases()).databases.map((one) => one.name),
    ['test'],
  );
  await db.dropDatabase();
  t.deepEqual((await db.admin().listDatabases()).databases, []);
});

test('what is not supported is refused with its code, and nothing is done', async (t) => {
  const db = await database(t);
  const refused: [number, object][] = [
    [59, { mapReduce: 'c' }],
    [40415, { find: 'c', limitt: 1 }],
    [238, { find: 'c', collation: { locale: 'de', strength: 4 } }],
    [238, { find: 'c', returnKey: true }],
    [115, { find: 'c', filter: { $where: 'true' } }],
    [115, { find: 'c', filter: { a: { $near: [0, 0] } } }],
    [238, { create: 'd', timeseries: { timeField: 'at' } }],
    [238, { create: 'd', viewOn: 'c', pipeline: [] }],
    [115, { createIndexes: 'c', indexes: [{ key: { a: 'text' }, name: 'a_text' }] }],
    [115, { createIndexes: 'c', indexes: [{ key: { a: '2dsphere' }, name: 'a_geo' }] }],
    [115, { createIndexes: 'c', indexes: [{ key: { '$**': 1 }, name: 'a' }] }],
    [115, { aggregate: 'c', pipeline: [{ $sample: { size: 1 } }], cursor: {} }],
    [40324, { aggregate: 'c', pipeline: [{ $nonsense: 1 }], cursor: {} }],
    [168, { aggregate: 'c', pipeline: [{ $project: { a: { $function: {} } } }], cursor: {} }],
    [2, { find: 'c', filter: { a: { $nonsense: 1 } } }],
    [73, { insert: '.c', documents: [{ _id: 1 }] }],
    [100, { insert: 'c', documents: [{ _id: 1 }], writeConcern: { w: 3 } }],
    [2, { find: 'c', hint: 'nowhere' }],
    [18, { saslStart: 1, mechanism: 'PLAIN', payload: '' }],
  ];
  await db.collection('c').insertOne({ a: 1 });
  for (const [code, command] of refused) {
    const error = await refusal(db.command(command));
    t.is(error.code, code, `${JSON.stringify(command)}: ${error.message}`);
  }
  t.is(await db.collection('c').countDocuments(), 1);
});

test('maxTimeMS ends a query that takes too long, and a write leaves nothing', async (t) => {
  const many = (await database(t)).collection('many');
  await many.insertMany(Array.from({ length: 20_000 }, (_, i) => ({ n: i })));
  t.is((await refusal(many.find({ n: -1 }, { maxTimeMS: 1 }).toArray())).code, 50);
  t.is(
    (await refusal(many.updateMany({ n: { $gte: 0 } }, { $inc: { n: 100_000 } }, { maxTimeMS: 1 }))).code,
    50,
  );
  t.is(await many.countDocuments({ n: { $gte: 100_000 } }), 0);
  t.is(await many.countDocuments({ n: { $gte: 0 } }, { maxTimeMS: 60_000 }), 20_000);
});

test('maxTimeMS ends a join that takes too long, however little each part of it looks at', async (t) => {
  const db = await database(t);
  const few = db.collection('few');
  await few.insertMany(Array.from({ length: 60 }, (_, n) => ({ n })));
  const numbers = (length: number) => Array.from({ length }, (_, n) => n);
  const counted = { $count: 'n' };
  const all = (...pipeline: object[]) => ({ $lookup: { from: 'few', pipeline, as: 'joined' } });
  const byId = { $lookup: { from: 'few', localField: 'n', foreignField: '_id', as: 'joined' } };
  const isTooLong = async (aggregation: mongo.AggregationCursor) =>
    t.is((await refusal(aggregation.toArray())).code, 50);
  const limit = { maxTimeMS: 1 };
  await isTooLong(few.aggregate([all(all(all(counted), counted), counted), counted], limit));
  const missing = numbers(20_000).map((n) => ({ n }));
  await isTooLong(db.aggregate([{ $documents: missing }, byId, counted], limit));
  const square = { one: numbers(2_000), other: numbers(2_000) };
  const pairs = [{ $documents: [square] }, { $unwind: '$one' }, { $unwind: '$other' }];
  await isTooLong(db.aggregate([...pairs, counted], limit));
  t.deepEqual(await few.aggregate([all(counted), counted], { maxTimeMS: 60_000 }).toArray(), [{ n: 60 }]);
});

test('mongoose works unchanged over TCP, as a replica set', async (t) => {
  const running = await server(t);
  const connection = await mongoose
    .createConnection(running.uri.replace('/?directConnection=true', '/shop?replicaSet=rs0'))
    .asPromise();
  t.teardown(() => connection.close());
  const schema = new mongoose.Schema(
    { sku: { type: String, unique: true }, stock: Number, sub: { type: Object, default: {} } },
    { minimize: false, timestamps: true },
  );
  const Product = connection.model('Product', schema);
  await Product.init();
  const made = await Product.create({ sku: 'a', stock: 3 });
  t.deepEqual((await Product.findById(made._id).lean())?.sub, {});
  await t.throwsAsync(Product.create({ sku: 'a' }), { message: /E11000/ });
  const held = await Product.findOneAndUpdate(
    { sku: 'a', stock: { $gte: 2 } },
    { $inc: { stock: -2 } },
    { returnDocument: 'after' },
  );
  t.is(held?.stock, 1);
  t.is(await Product.findOneAndUpdate({ sku: 'a', stock: { $gte: 2 } }, { $inc: { stock: -2 } }), null);
  made.set('stock', 9);
  await made.save();
  t.is((await Product.findOne({ sku: 'a' }).orFail()).stock, 9);
  t.is(await Product.countDocuments({ stock: { $gt: 5 } }), 1);
});

test('a Unix socket serves as well, readable by its owner alone', async (t) => {
  const socketPath = `${temporaryFolder(t)}/mongolet.sock`;
  const running = await server(t, { socketPath });
  t.true(running.uri.startsWith('mongodb://%2F'));
  const connected = await client(t, running.uri.replace('/?', '/ordo?'));
  await connected.db().collection<{ _id: number }>('c').insertOne({ _id: 1 });
  t.deepEqual(await connected.db('ordo').collection<{ _id: number }>('c').find().toArray(), [{ _id: 1 }]);
});

test('writes without acknowledgement are done, and in order', async (t) => {
  const db = await database(t);
  const things = db.collection<{ _id: number }>('things', { writeConcern: { w: 0 } });
  for (let i = 0; i < 20; i += 1) await things.insertOne({ _id: i });
  for (let i = 0; i < 100 && (await db.collection('things').countDocuments()) < 20; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.deepEqual(
    (await things.find().toArray()).map((one) => one._id),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('large documents and batches come back whole', async (t) => {
  const big = (await database(t)).collection<{ _id: number; text: string }>('big');
  const text = 'x'.repeat(5_000_000);
  await big.insertMany(Array.from({ length: 8 }, (_, i) => ({ _id: i, text })));
  const found = await big.find().toArray();
  t.deepEqual(
    found.map((one) => [one._id, one.text.length]),
    Array.from({ length: 8 }, (_, i) => [i, text.length]),
  );
  t.is((await refusal(big.updateOne({ _id: 1 }, { $set: { more: 'y'.repeat(12_000_000) } }))).code, 10334);
});
