/** Collections with options: validated, capped (and tailed), clustered. */
import test from 'ava';
import type { mongo } from 'mongoose';
import { startServer } from '../src/server.ts';
import { client, database, server, temporaryFolder } from './helpers.ts';
import { rawClient } from './raw-client.ts';

function codeOf(error: unknown): unknown {
  return (error as mongo.MongoServerError).code;
}

interface Person {
  _id: number;
  age?: unknown;
  name?: string;
}

const SCHEMA = { $jsonSchema: { required: ['age'], properties: { age: { bsonType: 'int' } } } };

test('inserts, updates, upserts and $out are refused where the validator fails, with 121 and the reason', async (t) => {
  const db = await database(t);
  const people = await db.createCollection<Person>('people', { validator: SCHEMA });
  await people.insertOne({ _id: 1, age: 3 });
  const inserted = (await t.throwsAsync(people.insertOne({ _id: 2, age: 'x' }))) as mongo.MongoServerError;
  t.is(inserted.code, 121);
  t.is(inserted.message, 'Document failed validation');
  t.deepEqual(inserted.errInfo, {
    failingDocumentId: 2,
    details: {
      operatorName: '$jsonSchema',
      schemaRulesNotSatisfied: [
        {
          operatorName: 'properties',
          propertiesNotSatisfied: [
            {
              propertyName: 'age',
              details: [
                {
                  operatorName: 'bsonType',
                  specifiedAs: { bsonType: 'int' },
                  reason: 'type did not match',
                  consideredValue: 'x',
                  consideredType: 'string',
                },
              ],
            },
          ],
        },
      ],
    },
  });
  t.is(codeOf(await t.throwsAsync(people.updateOne({ _id: 1 }, { $unset: { age: 1 } }))), 121);
  t.is(codeOf(await t.throwsAsync(people.replaceOne({ _id: 1 }, {}))), 121);
  t.is(
    codeOf(await t.throwsAsync(people.updateOne({ _id: 3 }, { $set: { name: 'x' } }, { upsert: true }))),
    121,
  );
  const found = await t.throwsAsync(people.findOneAndUpdate({ _id: 1 }, { $set: { age: 'x' } }));
  t.is(codeOf(found), 121);
  t.is((found as mongo.MongoServerError).errInfo?.failingDocumentId, 1);
  const out = people.aggregate([{ $project: { name: 1 } }, { $out: 'people' }]).toArray();
  t.is(codeOf(await t.throwsAsync(out)), 121);
  t.deepEqual(await people.find().toArray(), [{ _id: 1, age: 3 }]);
  const bypassDocumentValidation = true;
  await people.insertOne({ _id: 4 }, { bypassDocumentValidation });
  await people.updateOne({ _id: 1 }, { $set: { age: 'x' } }, { bypassDocumentValidation });
  t.is(await people.countDocuments(), 2);
});

test('a validator of query operators tells which of its clauses failed', async (t) => {
  const db = await database(t);
  const people = await db.createCollection<Person>('people', {
    validator: { age: { $gt: 1 }, name: { $exists: true }, $expr: { $lt: ['$age', 10] } },
  });
  const error = (await t.throwsAsync(people.insertOne({ _id: 1, age: 12 }))) as mongo.MongoServerError;
  t.deepEqual(error.errInfo?.details, {
    operatorName: '$and',
    clausesNotSatisfied: [
      {
        index: 1,
        details: {
          operatorName: '$exists',
          specifiedAs: { name: { $exists: true } },
          reason: 'the document did not match',
        },
      },
      {
        index: 2,
        details: {
          operatorName: '$expr',
          specifiedAs: { $expr: { $lt: ['$age', 10] } },
          reason: 'the document did not match',
        },
      },
    ],
  });
});

test('moderate spares documents that failed before, warn and off spare all; collMod changes it', async (t) => {
  const db = await database(t);
  const people = db.collection<Person>('people');
  await people.insertMany([{ _id: 1 }, { _id: 2, age: 3 }]);
  await db.command({ collMod: 'people', validator: SCHEMA, validationLevel: 'moderate' });
  await people.updateOne({ _id: 1 }, { $set: { name: 'x' } });
  t.is(codeOf(await t.throwsAsync(people.updateOne({ _id: 2 }, { $set: { age: 'x' } }))), 121);
  t.is(codeOf(await t.throwsAsync(people.insertOne({ _id: 3 }))), 121);
  await db.command({ collMod: 'people', validationLevel: 'strict' });
  t.is(codeOf(await t.throwsAsync(people.updateOne({ _id: 1 }, { $set: { name: 'y' } }))), 121);
  await db.command({ collMod: 'people', validationAction: 'warn' });
  await people.insertOne({ _id: 4 });
  await db.command({ collMod: 'people', validationAction: 'error', validationLevel: 'off' });
  await people.insertOne({ _id: 5 });
  await db.command({ collMod: 'people', validationLevel: 'strict', validator: {} });
  await people.insertOne({ _id: 6 });
  const [info] = await db.listCollections({ name: 'people' }).toArray();
  t.deepEqual((info as { options: object }).options, {
    validator: {},
    validationLevel: 'strict',
    validationAction: 'error',
  });
});

test('a wrong validator, level or action is refused before anything is made or changed', async (t) => {
  const db = await database(t);
  t.is(codeOf(await t.throwsAsync(db.createCollection('c', { validator: { $jsonSchema: { x: 1 } } }))), 9);
  t.is(codeOf(await t.throwsAsync(db.createCollection('c', { validator: { a: { $nonsense: 1 } } }))), 2);
  t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', validationLevel: 'sometimes' }))), 2);
  t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', validationAction: 'shrug' }))), 2);
  t.deepEqual(await db.listCollections().toArray(), []);
  await db.createCollection('c');
  t.is(codeOf(await t.throwsAsync(db.command({ collMod: 'c', validator: { $where: '1' } }))), 115);
});

test('validators, caps and their fill survive a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startServer({ dataDir, port: 0 });
  const before = (await client(t, first.uri)).db('test');
  await before.createCollection('people', { validator: SCHEMA });
  const log = await before.createCollection<{ _id: number }>('log', { capped: true, size: 4096, max: 3 });
  await log.insertMany([1, 2, 3].map((_id) => ({ _id })));
  await first.close();
  const second = await startServer({ dataDir, port: 0 });
  t.teardown(() => second.close());
  const after = (await client(t, second.uri)).db('test');
  t.is(codeOf(await t.throwsAsync(after.collection('people').insertOne({ x: 1 }))), 121);
  await after.collection<{ _id: number }>('log').insertOne({ _id: 4 });
  const kept = await after.collection('log').find().toArray();
  t.deepEqual(
    kept.map((one) => one._id as unknown),
    [2, 3, 4],
  );
});

test('a capped collection keeps the newest documents, by number and by size, in the order they came', async (t) => {
  const db = await database(t);
  const byCount = await db.createCollection<{ _id: number }>('byCount', {
    capped: true,
    size: 10_000,
    max: 2,
  });
  await byCount.createIndex({ n: 1 });
  await byCount.insertMany([3, 1, 2].map((_id) => ({ _id, n: _id })));
  t.deepEqual(
    (await byCount.find().toArray()).map((one) => one._id),
    [1, 2],
  );
  t.deepEqual(
    (await byCount.find().sort({ $natural: -1 }).toArray()).map((one) => one._id),
    [2, 1],
  );
  t.is(await byCount.countDocuments({ n: 3 }), 0, 'the index has lost it too');
  await byCount.insertOne({ _id: 3 });
  const bySize = await db.createCollection<{ _id: number; text: string }>('bySize', {
    capped: true,
    size: 1000,
  });
  for (let i = 0; i < 20; i += 1) await bySize.insertOne({ _id: i, text: 'x'.repeat(200) });
  t.deepEqual(
    (await bySize.find().toArray()).map((one) => one._id),
    [16, 17, 18, 19],
  );
  const [info] = await db.listCollections({ name: 'bySize' }).toArray();
  t.deepEqual((info as { options: object }).options, { capped: true, size: 1024 });
  t.true(await bySize.isCapped());
});

test('what a capped collection cannot do is refused', async (t) => {
  const db = await database(t);
  const log = await db.createCollection<{ _id: number; text: string }>('log', { capped: true, size: 1024 });
  await log.insertOne({ _id: 1, text: 'abc' });
  t.is(codeOf(await t.throwsAsync(log.updateOne({ _id: 1 }, { $set: { text: 'abcd' } }))), 10003);
  t.is((await log.updateOne({ _id: 1 }, { $set: { text: 'xyz' } })).modifiedCount, 1);
  t.is(codeOf(await t.throwsAsync(log.insertOne({ _id: 2, text: 'x'.repeat(2000) }))), 2);
  t.is(codeOf(await t.throwsAsync(log.createIndex({ at: 1 }, { expireAfterSeconds: 1 }))), 67);
  t.is(
    codeOf(
      await t.throwsAsync(
        db
          .collection('other')
          .aggregate([{ $out: 'log' }])
          .toArray(),
      ),
    ),
    17152,
  );
  const { client: connected } = db as unknown as { client: mongo.MongoClient };
  const session = connected.startSession();
  session.startTransaction();
  t.is(codeOf(await t.throwsAsync(log.insertOne({ _id: 3, text: '' }, { session }))), 263);
  await session.endSession();
  t.is((await log.deleteOne({ _id: 1 })).deletedCount, 1);
  t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', capped: true }))), 72);
  t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', size: 1000 }))), 72);
  t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', capped: true, size: 0 }))), 51024);
});

test('a tailable cursor waits for documents to come, and is lost when its place is overwritten', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const writer = await rawClient(t, running.uri);
  const insert = (_id: number) => writer.command({ insert: 'log', documents: [{ _id }], $db: 'test' });
  await raw.command({ create: 'log', capped: true, size: 4096, max: 2, $db: 'test' });
  const find = { find: 'log', tailable: true, awaitData: true, $db: 'test' };
  const empty = await raw.command(find);
  t.is(String(empty.cursor.id), '0', 'there is no place yet to go on from');
  await insert(1);
  const { cursor } = await raw.command({ ...find, filter: { _id: { $ne: 2 } } });
  t.deepEqual(cursor.firstBatch, [{ _id: 1 }]);
  const more = { getMore: cursor.id, collection: 'log', $db: 'test' };
  t.deepEqual((await raw.command({ ...more, maxTimeMS: 10 })).cursor.nextBatch, []);
  const waiting = raw.command({ ...more, maxTimeMS: 60_000 });
  await insert(2);
  await insert(3);
  t.deepEqual((await waiting).cursor.nextBatch, [{ _id: 3 }]);
  const impatient = await raw.command({ find: 'log', tailable: true, $db: 'test' });
  t.not(String(impatient.cursor.id), '0');
  const next = await raw.command({ getMore: impatient.cursor.id, collection: 'log', $db: 'test' });
  t.deepEqual(next.cursor.nextBatch, [], 'without awaitData nobody waits');
  for (const _id of [4, 5, 6]) await insert(_id);
  t.is((await raw.command(more)).code, 136);
});

test('a tailable cursor is for capped collections in natural order only', async (t) => {
  const db = await database(t);
  await db.createCollection('plain');
  await db.createCollection('log', { capped: true, size: 4096 });
  const refused: [number, object][] = [
    [2, { find: 'plain', tailable: true }],
    [2, { find: 'log', tailable: true, sort: { a: 1 } }],
    [9, { find: 'log', awaitData: true }],
    [9, { find: 'log', tailable: true, singleBatch: true }],
  ];
  for (const [code, command] of refused) t.is(codeOf(await t.throwsAsync(db.command(command))), code);
});

test('a clustered collection is in the order of _id, and tells its index as such', async (t) => {
  const db = await database(t);
  const docs = await db.createCollection<{ _id: number }>('docs', {
    clusteredIndex: { key: { _id: 1 }, unique: true, name: 'byId' },
  });
  await docs.insertMany([3, 1, 2].map((_id) => ({ _id })));
  t.deepEqual(
    (await docs.find().toArray()).map((one) => one._id),
    [1, 2, 3],
  );
  t.deepEqual(
    (await docs.find().sort({ $natural: -1 }).toArray()).map((one) => one._id),
    [3, 2, 1],
  );
  t.deepEqual(
    (
      await docs
        .find({ _id: { $gt: 1 } })
        .hint('byId')
        .toArray()
    ).map((one) => one._id),
    [2, 3],
  );
  t.is(codeOf(await t.throwsAsync(docs.insertOne({ _id: 1 }))), 11000);
  const clustered = { v: 2, key: { _id: 1 }, name: 'byId', unique: true };
  t.deepEqual(await docs.listIndexes().toArray(), [{ ...clustered, clustered: true }]);
  const [info] = await db.listCollections({ name: 'docs' }).toArray();
  t.deepEqual((info as { options: object }).options, { clusteredIndex: clustered });
  t.is(codeOf(await t.throwsAsync(docs.dropIndex('byId'))), 5979800);
  const refused: [number, object][] = [
    [72, { clusteredIndex: { key: { a: 1 }, unique: true } }],
    [2, { clusteredIndex: { key: { _id: 1 } } }],
    [72, { clusteredIndex: { key: { _id: 1 }, unique: true }, capped: true, size: 1000 }],
    [238, { clusteredIndex: { key: { _id: 1 }, unique: true }, expireAfterSeconds: 5 }],
    [238, { clusteredIndex: { key: { _id: 1 }, unique: true }, collation: { locale: 'en' } }],
  ];
  for (const [code, options] of refused)
    t.is(codeOf(await t.throwsAsync(db.command({ create: 'c', ...options }))), code, JSON.stringify(options));
});
