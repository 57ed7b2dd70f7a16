/** Collations: matching, order, groups and indexes by a language's rules, and refusals of what ICU has and Intl has not. */
import test from 'ava';
import type { mongo } from 'mongoose';
import { startServer } from '../src/server.ts';
import { Catalog } from '../src/store/catalog.ts';
import { ChangeLog } from '../src/store/change-log.ts';
import { Records } from '../src/store/records.ts';
import { Storage } from '../src/store/storage.ts';
import { encode } from '../src/value/codec.ts';
import { ICU_VERSION, readCollation } from '../src/value/collation.ts';
import { client, database, temporaryFolder } from './helpers.ts';

const CASELESS = { locale: 'en', strength: 2 } as const;
const BASE = { locale: 'en_US', strength: 1 } as const;

function codeOf(error: unknown): unknown {
  return (error as mongo.MongoServerError).code;
}

interface Named {
  _id: number;
  name: string;
}

const NAMES = ['apple', 'Apple', 'äpple', 'Zebra', 'banana', 'résumé', 'Resume'];

async function named(db: mongo.Db, options: mongo.CreateCollectionOptions = {}) {
  await db.createCollection('names', options);
  const names = db.collection<Named>('names');
  await names.insertMany(NAMES.map((name, _id) => ({ _id, name })));
  return names;
}

test('strengths 1, 2 and 3 match base letters, accents, and case', async (t) => {
  const names = await named(await database(t));
  const idsOf = async (filter: object, collation?: mongo.CollationOptions) =>
    (await names.find(filter, collation ? { collation } : {}).toArray()).map((one) => one._id);
  t.deepEqual(await idsOf({ name: 'apple' }), [0]);
  t.deepEqual(await idsOf({ name: 'apple' }, BASE), [0, 1, 2]);
  t.deepEqual(await idsOf({ name: 'apple' }, CASELESS), [0, 1]);
  t.deepEqual(await idsOf({ name: 'apple' }, { locale: 'en' }), [0]);
  t.deepEqual(await idsOf({ name: 'apple' }, { locale: 'en', strength: 1, caseLevel: true }), [0, 2]);
  t.deepEqual(await idsOf({ name: { $in: ['APPLE', 'resume'] } }, BASE), [0, 1, 2, 5, 6]);
  t.deepEqual(await idsOf({ name: { $nin: ['APPLE', 'resume'] } }, BASE), [3, 4]);
  t.deepEqual(await idsOf({ name: { $ne: 'APPLE' } }, CASELESS), [2, 3, 4, 5, 6]);
  t.deepEqual(await idsOf({ name: { $gt: 'B' } }, CASELESS), [3, 4, 5, 6]);
  t.deepEqual(await idsOf({ name: /^a/ }, CASELESS), [0], 'regular expressions know no collation');
  t.deepEqual(await idsOf({ $nor: [{ name: 'ZEBRA' }] }, CASELESS), [0, 1, 2, 4, 5, 6]);
});

test('documents and arrays compare by it at any depth', async (t) => {
  const db = await database(t);
  const docs = db.collection<{ _id: number; a: unknown }>('docs');
  await docs.insertMany([
    { _id: 1, a: { b: ['X', { c: 'Y' }] } },
    { _id: 2, a: ['x', 'Z'] },
    { _id: 3, a: 5 },
  ]);
  const idsOf = async (filter: object) =>
    (await docs.find(filter, { collation: CASELESS }).toArray()).map((one) => one._id);
  t.deepEqual(await idsOf({ a: { b: ['x', { c: 'y' }] } }), [1]);
  t.deepEqual(await idsOf({ a: 'z' }), [2]);
  t.deepEqual(await idsOf({ a: { $elemMatch: { $eq: 'z' } } }), [2]);
  t.deepEqual(await idsOf({ a: { $all: ['X', 'z'] } }), [2]);
  t.deepEqual(await idsOf({ 'a.b': 'x' }), [1]);
  t.deepEqual(await idsOf({ 'a.B': 'x' }), [], 'names of fields know no collation');
});

test('sort, with case first, with numbers, and with accents from the end', async (t) => {
  const db = await database(t);
  const sorted = async (texts: string[], collation: mongo.CollationOptions) => {
    const docs = db.collection<Named>(`sorted${Math.abs(JSON.stringify([texts, collation]).length)}`);
    await docs.deleteMany({});
    await docs.insertMany(texts.map((name, _id) => ({ _id, name })));
    const inOrder = await docs.find().collation(collation).sort({ name: 1, _id: 1 }).toArray();
    return inOrder.map((one) => one.name);
  };
  t.deepEqual(await sorted(['Zeta', 'alpha', 'Alpha'], { locale: 'en' }), ['alpha', 'Alpha', 'Zeta']);
  t.deepEqual(await sorted(['alpha', 'Alpha'], { locale: 'en', caseFirst: 'upper' }), ['Alpha', 'alpha']);
  t.deepEqual(await sorted(['a10', 'a9'], { locale: 'en', numericOrdering: true }), ['a9', 'a10']);
  t.deepEqual(await sorted(['a10', 'a9'], { locale: 'en', numericOrdering: false }), ['a10', 'a9']);
  t.deepEqual(await sorted(['coté', 'côte'], { locale: 'fr_CA' }), ['côte', 'coté']);
  t.deepEqual(await sorted(['coté', 'côte'], { locale: 'fr' }), ['coté', 'côte']);
  t.deepEqual(await sorted(['z', 'ä'], { locale: 'sv' }), ['z', 'ä']);
  t.deepEqual(await sorted(['ad', 'ä', 'ae'], { locale: 'de@collation=phonebook' }), ['ad', 'ae', 'ä']);
});

test('count, distinct, update, delete and findAndModify follow it, and a collection’s own holds by default', async (t) => {
  const names = await named(await database(t), { collation: BASE });
  t.is(await names.countDocuments({ name: 'APPLE' }), 3);
  t.is(await names.countDocuments({ name: 'APPLE' }, { collation: { locale: 'simple' } }), 0);
  t.deepEqual(await names.distinct('name'), ['apple', 'Zebra', 'banana', 'résumé']);
  const changed = await names.updateMany({ name: 'APPLE' }, { $set: { name: 'pear' } });
  t.is(changed.modifiedCount, 3);
  t.is((await names.deleteMany({ name: 'RESUME' })).deletedCount, 2);
  t.is((await names.findOneAndDelete({ name: 'ZEBRA' }))?._id, 3);
  t.is((await names.findOneAndUpdate({ name: 'BANANA' }, { $set: { name: 'BANANA' } }))?.name, 'banana');
  t.is(
    (await names.findOne({ _id: 4 }))?.name,
    'BANANA',
    'a write sees the difference that a match does not',
  );
});

test('operators of updates and array filters compare by it', async (t) => {
  const db = await database(t);
  await db.createCollection('docs', { collation: CASELESS });
  const docs = db.collection<{ _id: number; list: string[]; low: string; high: string }>('docs');
  await docs.insertOne({ _id: 1, list: ['a', 'B', 'b'], low: 'b', high: 'b' });
  await docs.updateOne({ _id: 1 }, { $addToSet: { list: 'A' }, $min: { low: 'B' }, $max: { high: 'Z' } });
  t.deepEqual(await docs.findOne(), { _id: 1, list: ['a', 'B', 'b'], low: 'b', high: 'Z' });
  await docs.updateOne({ _id: 1 }, { $set: { 'list.$[one]': 'x' } }, { arrayFilters: [{ one: 'A' }] });
  t.deepEqual((await docs.findOne())?.list, ['x', 'B', 'b']);
  await docs.updateOne({ _id: 1 }, { $pull: { list: 'b' } });
  t.deepEqual((await docs.findOne())?.list, ['x']);
  await docs.updateOne({ _id: 1 }, { $push: { list: { $each: ['Y', 'w'], $sort: 1 } } });
  t.deepEqual((await docs.findOne())?.list, ['w', 'x', 'Y']);
});

test('$match, $sort, $group, $sortByCount and $lookup follow it', async (t) => {
  const db = await database(t);
  const names = await named(db);
  const run = (pipeline: object[]) => names.aggregate(pipeline, { collation: BASE }).toArray();
  t.deepEqual(
    (await run([{ $match: { name: 'APPLE' } }, { $sort: { name: 1, _id: -1 } }])).map((one) => one._id),
    [2, 1, 0],
  );
  t.deepEqual(await run([{ $sort: { _id: 1 } }, { $group: { _id: '$name', n: { $sum: 1 } } }]), [
    { _id: 'apple', n: 3 },
    { _id: 'Zebra', n: 1 },
    { _id: 'banana', n: 1 },
    { _id: 'résumé', n: 2 },
  ]);
  t.deepEqual((await run([{ $sortByCount: '$name' }]))[0], { _id: 'apple', count: 3 });
  await db.collection('plants').insertOne({ fruit: 'APPLE' } as object);
  const joined = await db
    .collection('plants')
    .aggregate([{ $lookup: { from: 'names', localField: 'fruit', foreignField: 'name', as: 'found' } }], {
      collation: CASELESS,
    })
    .toArray();
  t.deepEqual(
    (joined[0] as { found: Named[] }).found.map((one) => one._id),
    [0, 1],
  );
});

const comparing: [string, object[]][] = [
  ['$cmp', [{ $project: { x: { $cmp: ['$name', 'apple'] } } }]],
  ['$max', [{ $group: { _id: null, x: { $max: '$name' } } }]],
  ['$eq', [{ $match: { $expr: { $eq: ['$name', 'apple'] } } }]],
  ['$bucket', [{ $bucket: { groupBy: '$name', boundaries: ['a', 'z'] } }]],
];
for (const [what, pipeline] of comparing) {
  test(`${what} of an aggregation is refused with a collation, not computed without`, async (t) => {
    const db = await database(t);
    const run = db.collection('names').aggregate(pipeline, { collation: BASE }).toArray();
    t.is(codeOf(await t.throwsAsync(run)), 238);
  });
}

test('a unique index takes strings for equal that are so by its collation, and no others', async (t) => {
  const db = await database(t);
  const users = db.collection<{ _id: number; name: unknown }>('users');
  await users.createIndex({ name: 1 }, { unique: true, collation: CASELESS });
  await users.insertMany([
    { _id: 1, name: 'Ada' },
    { _id: 2, name: 'Adá' },
    { _id: 3, name: 'ada ' },
    { _id: 4, name: ['Greta', 'Σίσυφος'] },
    { _id: 5, name: 'x'.repeat(3000) },
  ]);
  for (const name of ['ADA', 'GRETA', 'σίσυφοσ', 'X'.repeat(3000)]) {
    const error = await t.throwsAsync(users.insertOne({ _id: 9, name }), undefined, name);
    t.is(codeOf(error), 11000, name);
  }
  t.is(codeOf(await t.throwsAsync(users.updateOne({ _id: 3 }, { $set: { name: 'aDA' } }))), 11000);
  t.is((await users.updateOne({ _id: 1 }, { $set: { name: 'ADA' } })).modifiedCount, 1);
  await users.deleteOne({ _id: 1 });
  t.is((await users.updateOne({ _id: 3 }, { $set: { name: 'aDA' } })).modifiedCount, 1);
  t.is(codeOf(await t.throwsAsync(users.insertOne({ _id: 1, name: 'ada' }))), 11000);
});

test('strength 3: two that differ by case only are two, also after one is changed into the other', async (t) => {
  const users = (await database(t)).collection<{ _id: number; name: string }>('users');
  await users.createIndex({ name: 1 }, { unique: true, collation: { locale: 'en' } });
  await users.insertMany([
    { _id: 1, name: 'Ada' },
    { _id: 2, name: 'ada' },
  ]);
  t.is(codeOf(await t.throwsAsync(users.updateOne({ _id: 1 }, { $set: { name: 'ada' } }))), 11000);
});

test('two transactions cannot bring in strings that are equal by a unique index', async (t) => {
  const db = await database(t);
  const users = db.collection<{ _id: number; name: string }>('users');
  await users.createIndex({ name: 1 }, { unique: true, collation: CASELESS });
  const { client: connected } = db as unknown as { client: mongo.MongoClient };
  const [first, second] = [connected.startSession(), connected.startSession()];
  first.startTransaction();
  second.startTransaction();
  await users.insertOne({ _id: 1, name: 'ada' }, { session: first });
  t.is(codeOf(await t.throwsAsync(users.insertOne({ _id: 2, name: 'ADA' }, { session: second }))), 112);
  await first.commitTransaction();
});

test('_id is unique by the collection’s collation', async (t) => {
  const db = await database(t);
  await db.createCollection('ids', { collation: CASELESS });
  const ids = db.collection<{ _id: string }>('ids');
  await ids.insertOne({ _id: 'a' });
  t.is(codeOf(await t.throwsAsync(ids.insertOne({ _id: 'A' }))), 11000);
  t.is((await ids.findOne({ _id: 'A' }))?._id, 'a');
  t.is(await ids.findOne({ _id: 'A' }, { collation: { locale: 'simple' } }), null);
  t.is(codeOf(await t.throwsAsync(ids.createIndex({ _id: 1 }, { collation: { locale: 'fr' } }))), 2);
});

test('an index serves a query of its own collation, and of another one where no string is compared', async (t) => {
  const docs = (await database(t)).collection<{ _id: number; a: unknown }>('docs');
  await docs.insertMany([
    { _id: 1, a: 'x' },
    { _id: 2, a: 'X' },
    { _id: 3, a: 7 },
  ]);
  await docs.createIndex({ a: 1 }, { collation: CASELESS, name: 'caseless' });
  const plan = async (filter: object, collation?: mongo.CollationOptions) => {
    const explained = await docs.find(filter, collation ? { collation } : {}).explain('executionStats');
    return [explained.queryPlanner.winningPlan.stage, explained.executionStats.nReturned];
  };
  t.deepEqual(await plan({ a: 'X' }, CASELESS), ['IXSCAN', 2]);
  t.deepEqual(await plan({ a: { $in: ['x', 7] } }, CASELESS), ['IXSCAN', 3]);
  t.deepEqual(await plan({ a: 'X' }), ['COLLSCAN', 1]);
  t.deepEqual(await plan({ a: 'X' }, BASE), ['COLLSCAN', 2]);
  t.deepEqual(await plan({ a: 7 }), ['IXSCAN', 1]);
  t.deepEqual(await plan({ a: { $gt: 'W' } }, CASELESS), ['COLLSCAN', 2]);
  await docs.createIndex({ a: 1 }, { name: 'simple' });
  t.deepEqual(await plan({ a: 'X' }), ['IXSCAN', 1]);
  t.deepEqual(
    (await docs.find().collation(CASELESS).sort({ a: -1, _id: 1 }).toArray()).map((one) => one._id),
    [1, 2, 3],
  );
});

test('an index and a collection tell their collation in full', async (t) => {
  const db = await database(t);
  const names = await named(db, { collation: BASE });
  await names.createIndex({ name: 1 });
  const full = {
    locale: 'en_US',
    caseLevel: false,
    caseFirst: 'off',
    strength: 1,
    numericOrdering: false,
    alternate: 'non-ignorable',
    maxVariable: 'punct',
    normalization: false,
    backwards: false,
    version: ICU_VERSION,
  };
  const [info] = await db.listCollections({ name: 'names' }).toArray();
  t.deepEqual((info as { options: object }).options, { collation: full });
  const indexes = await names.listIndexes().toArray();
  t.deepEqual(
    indexes.map((one) => one.collation),
    [full, full],
  );
  await names.dropIndexes();
  await names.createIndex({ name: 1 }, { collation: { locale: 'simple' } });
  t.is((await names.listIndexes().toArray())[1]?.collation, undefined);
});

test('the same name with another collation is a conflict, another name another index', async (t) => {
  const names = (await database(t)).collection('names');
  await names.createIndex({ name: 1 });
  t.is(codeOf(await t.throwsAsync(names.createIndex({ name: 1 }, { collation: CASELESS }))), 86);
  await names.createIndex({ name: 1 }, { collation: CASELESS, name: 'caseless' });
  t.is((await names.listIndexes().toArray()).length, 3);
});

test('indexes made by another version of ICU are made anew at the start', async (t) => {
  const dataDir = temporaryFolder(t);
  const storage = new Storage(`${dataDir}/store`, { sync: false });
  const catalog = new Catalog(storage);
  const records = new Records(storage, catalog, new ChangeLog(storage));
  storage.runBatch(() => {
    const collection = catalog.create('test.users', {});
    const collation = { ...readCollation(CASELESS)?.spec, version: '1.0' };
    catalog.addIndex(collection, { v: 2, key: { name: 1 }, name: 'name_1', unique: true, collation });
    const doc = { _id: 1, name: 'Ada' };
    records.insert(collection, doc, Buffer.from(encode(doc)));
  });
  await storage.close();
  const running = await startServer({ dataDir, port: 0 });
  t.teardown(() => running.close());
  const users = (await client(t, running.uri)).db('test').collection<Named>('users');
  t.is((await users.listIndexes().toArray())[1]?.collation.version, ICU_VERSION);
  t.is((await users.find({ name: 'ADA' }, { collation: CASELESS }).toArray()).length, 1);
  t.is(codeOf(await t.throwsAsync(users.insertOne({ _id: 2, name: 'ADA' }))), 11000);
});

const refusals: [string, object, number][] = [
  ['no locale', { strength: 1 }, 40414],
  ['an unknown locale', { locale: 'nowhere' }, 2],
  ['a hyphen in a locale', { locale: 'en-US' }, 2],
  ['an unknown field', { locale: 'en', wrong: 1 }, 40415],
  ['strength 4, which Intl has not', { locale: 'en', strength: 4 }, 238],
  ['strength 6, which nobody has', { locale: 'en', strength: 6 }, 2],
  ['a case level at strength 3', { locale: 'en', caseLevel: true }, 238],
  ['case first where case does not count', { locale: 'en', strength: 1, caseFirst: 'upper' }, 2],
  ['accents from the end in English', { locale: 'en', backwards: true }, 238],
  ['spaces alone as variable', { locale: 'en', alternate: 'shifted', maxVariable: 'space' }, 238],
  ['an unknown choice', { locale: 'en', alternate: 'sometimes' }, 2],
  ['a simple one with more', { locale: 'simple', strength: 1 }, 2],
  ['rules of another version', { locale: 'en', version: '1.0' }, 161],
];
for (const [what, collation, code] of refusals) {
  test(`refused: ${what}`, async (t) => {
    const db = await database(t);
    t.is(codeOf(await t.throwsAsync(db.command({ find: 'c', collation }))), code);
  });
}

test('keys are alike for all strings that are equal, whatever the collation', (t) => {
  const parts = [
    'a',
    'A',
    'á',
    'a\u0301',
    'ß',
    'ss',
    'æ',
    'ae',
    'Ω',
    'ω',
    ' ',
    '-',
    '10',
    '2',
    'ı',
    'i',
    '\u0000',
    'ﬁ',
    'fi',
    '漢',
    '',
  ];
  const texts = parts.flatMap((one) => parts.map((other) => one + other));
  const specs = [
    BASE,
    CASELESS,
    { locale: 'en' },
    { locale: 'de', alternate: 'shifted', strength: 2 },
    { locale: 'tr', strength: 1 },
    { locale: 'en', numericOrdering: true, strength: 1 },
  ];
  let equalPairs = 0;
  for (const spec of specs) {
    const collation = readCollation(spec);
    if (!collation) throw new Error('not simple');
    const keys = texts.map((text) => collation.keyOf(text));
    for (const [i, a] of texts.entries()) {
      for (const [j, b] of texts.entries()) {
        if (a === b || collation.compare(a, b) !== 0) continue;
        equalPairs += 1;
        if (keys[i] !== keys[j]) t.fail(`${JSON.stringify([a, b, spec])} are equal, their keys are not`);
      }
    }
  }
  t.true(equalPairs > 1000, `${equalPairs} pairs were equal`);
});
