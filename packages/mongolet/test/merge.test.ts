/** `$merge`, what it does with documents that are there and with those that are not; and `dbStats`. */
import test, { type ExecutionContext } from 'ava';
import type { mongo } from 'mongoose';
import { database } from './helpers.ts';

interface Counted {
  _id: number;
  sku?: string;
  n?: number;
  more?: object;
}

async function collections(t: ExecutionContext) {
  const db = await database(t);
  const source = db.collection<Counted>('source');
  const target = db.collection<Counted>('target');
  await source.insertMany([
    { _id: 1, n: 10, more: { b: 2 } },
    { _id: 2, n: 20 },
  ]);
  await target.insertOne({ _id: 1, sku: 'a', n: 1, more: { a: 1 } });
  return { db, source, target };
}

const kept = { _id: 1, sku: 'a', n: 1, more: { a: 1 } };
const second = { _id: 2, n: 20 };
const outcomes: [string, object, object[]][] = [
  ['by default merges fields, and inserts', {}, [{ ...kept, n: 10, more: { b: 2 } }, second]],
  ['replaces', { whenMatched: 'replace' }, [{ _id: 1, n: 10, more: { b: 2 } }, second]],
  ['keeps what is there', { whenMatched: 'keepExisting' }, [kept, second]],
  ['leaves out what is not there', { whenNotMatched: 'discard' }, [{ ...kept, n: 10, more: { b: 2 } }]],
  [
    'changes by a pipeline, which sees the result as $$new',
    { whenMatched: [{ $set: { n: { $add: ['$n', '$$new.n'] } } }] },
    [{ ...kept, n: 11 }, second],
  ],
  [
    'gives a pipeline other variables',
    { let: { by: '$n' }, whenMatched: [{ $set: { n: '$$by' } }], whenNotMatched: 'discard' },
    [{ ...kept, n: 10 }],
  ],
];
for (const [what, options, expected] of outcomes) {
  test(`$merge ${what}`, async (t) => {
    const { source, target } = await collections(t);
    t.deepEqual(await source.aggregate([{ $merge: { into: 'target', ...options } }]).toArray(), []);
    t.deepEqual((await target.find().sort({ _id: 1 }).toArray()) as object[], expected);
  });
}

const failures: [string, object, number][] = [
  ['a match where none may be', { whenMatched: 'fail' }, 11000],
  ['no match where one must be', { whenNotMatched: 'fail' }, 13113],
  ['fields without a unique index', { on: 'sku' }, 51183],
  ['an unknown option', { wrong: 1 }, 9],
  ['an unknown way', { whenMatched: 'shrug' }, 2],
  ['let without a pipeline', { let: { a: 1 } }, 51199],
  ['a wrong pipeline', { whenMatched: [{ $group: { _id: 1 } }] }, 72],
];
for (const [what, options, code] of failures) {
  test(`$merge fails on ${what}, and writes nothing`, async (t) => {
    const { source, target } = await collections(t);
    const error = await t.throwsAsync(
      source.aggregate([{ $sort: { _id: -1 } }, { $merge: { into: 'target', ...options } }]).toArray(),
    );
    t.is((error as mongo.MongoServerError).code, code);
    t.deepEqual((await target.find().toArray()) as object[], [kept]);
  });
}

test('$merge by another unique index, into another database, and into its own source', async (t) => {
  const { db, source } = await collections(t);
  const { client } = db as unknown as { client: mongo.MongoClient };
  const elsewhere = client.db('other').collection<Counted>('byN');
  await elsewhere.createIndex({ n: 1 }, { unique: true });
  await elsewhere.insertOne({ _id: 7, n: 10 });
  const merge = { into: { db: 'other', coll: 'byN' }, on: 'n' };
  await source.aggregate([{ $project: { _id: 0, n: 1, sku: 'x' } }, { $merge: merge }]).toArray();
  t.deepEqual(await elsewhere.findOne({ n: 10 }), { _id: 7, n: 10, sku: 'x' });
  t.is(await elsewhere.countDocuments(), 2);
  const changedId = await t.throwsAsync(source.aggregate([{ $merge: merge }]).toArray());
  t.is((changedId as mongo.MongoServerError).code, 66);
  await source.aggregate([{ $set: { n: { $multiply: ['$n', 2] } } }, { $merge: 'source' }]).toArray();
  t.deepEqual(await source.distinct('n'), [20, 40]);
});

test('$merge stands last, and outside of transactions', async (t) => {
  const { db, source } = await collections(t);
  const early = await t.throwsAsync(source.aggregate([{ $merge: 'target' }, { $match: {} }]).toArray());
  t.is((early as mongo.MongoServerError).code, 40601);
  const { client } = db as unknown as { client: mongo.MongoClient };
  const session = client.startSession();
  session.startTransaction();
  const inside = await t.throwsAsync(source.aggregate([{ $merge: 'target' }], { session }).toArray());
  t.is((inside as mongo.MongoServerError).code, 263);
  await session.endSession();
});

test('dbStats counts what a database holds', async (t) => {
  const { db } = await collections(t);
  const stats = await db.stats();
  t.is(stats.collections, 2);
  t.is(stats.objects, 3);
  t.is(stats.indexes, 2);
  t.true((stats.dataSize as number) > 60);
  t.is(stats.avgObjSize, (stats.dataSize as number) / 3);
  t.is((await db.stats({ scale: 2 })).dataSize, (stats.dataSize as number) / 2);
});
