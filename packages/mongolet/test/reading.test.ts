/** Updates that read a part of their documents do what they do when they read everything. */
import test, { type ExecutionContext } from 'ava';
import { type Document, serialize as toBson } from 'bson';
import type { mongo } from 'mongoose';
import type { Engine } from '../src/commands/command.ts';
import { readingOf } from '../src/commands/reading.ts';
import { Collection } from '../src/store/collection.ts';
import { Index } from '../src/store/index-info.ts';
import { compileUpdate } from '../src/update/index.ts';
import { decode, encode } from '../src/value/codec.ts';
import { Unread } from '../src/value/unread.ts';
import { client, database, server } from './helpers.ts';

const serialize = (doc: Document): Buffer => Buffer.from(toBson(doc));

test('what is not to be read is left as it is, and is written again byte by byte', (t) => {
  const bytes = serialize({
    _id: 1,
    name: 'n',
    whole: { deep: [{ x: 1 }] },
    other: { deep: { er: true } },
    list: [1, { a: 1 }, [2], 'b'],
    more: [{ a: 1 }],
    last: null,
  });
  const doc = decode(bytes, { whole: new Set(['whole']), counted: new Set(['list', 'name']) });
  t.deepEqual(Object.keys(doc), ['_id', 'name', 'whole', 'other', 'list', 'more', 'last']);
  t.is(doc.name, 'n');
  t.false(doc.whole instanceof Unread);
  t.true(doc.other instanceof Unread && doc.more instanceof Unread);
  t.deepEqual(
    (doc.list as unknown[]).map((one) => one instanceof Unread),
    [false, true, true, false],
  );
  t.deepEqual(encode(doc), bytes);
});

test('a document that is cut short is invalid, also where nobody reads it', (t) => {
  const bytes = serialize({ a: { b: 1 } });
  const nothing = { whole: new Set<string>(), counted: new Set<string>() };
  t.notThrows(() => decode(bytes, nothing));
  for (const size of [0, 4, 100, -1]) {
    const broken = Buffer.from(bytes);
    broken.writeInt32LE(size, 7);
    t.throws(() => decode(broken, nothing), { message: /Invalid BSON/ }, String(size));
  }
});

/** It may look at any field of a document. */
const PARTIAL = { $and: [{ b: { $exists: true } }, { 'c.k': { $gte: 1 } }] };

/** Numbers from a seed, so that a failure can be seen again. */
function random(seed: number): <T>(values: readonly T[]) => T {
  let state = seed;
  return (values) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return values[Math.floor((state / 0x80000000) * values.length)] as never;
  };
}

const INDEXES = [{ key: { a: 1 } }, { key: { 'c.k': 1, b: 1 } }] as const;

/** Makes random updates on a collection of which parts are read, and on one that is read whole. */
async function compareUpdates(
  t: ExecutionContext,
  indexes: readonly mongo.IndexDescription[],
): Promise<void> {
  const db = await database(t);
  const parts = await db.createCollection('parts');
  // A validator must see the whole document.
  const wholes = await db.createCollection('wholes', { validator: { _id: { $exists: true } } });
  const pick = random(20_261_122);
  const scalar = (): unknown => pick([1, 2, 'x', 'y', null, new Date(0)]);
  const nested = (): unknown =>
    pick([{ k: scalar() }, { k: { l: scalar() } }, [scalar()], [{ k: scalar() }, { k: 2 }], []]);
  const value = (): unknown => (pick([true, false]) ? scalar() : nested());
  const docs = Array.from({ length: 60 }, (_, _id) => ({
    _id,
    a: value(),
    b: scalar(),
    c: nested(),
    d: [{ k: 1 }, 2],
  }));
  for (const collection of [parts, wholes]) {
    await collection.createIndexes(indexes.map((index) => ({ ...index })));
    await collection.insertMany(docs.map((doc) => ({ ...doc })) as never[]);
  }
  const path = (): string =>
    pick(['a', 'b', 'c', 'd', 'e', 'f', 'c.k', 'c.0', 'd.0.k', 'f.g', 'd.$', 'd.$[].k', 'd.$[one].k']);
  const operators: (() => Document)[] = [
    () => ({ $set: { [path()]: value(), [pick(['f', 'a', 'c'])]: value() } }),
    () => ({ $unset: { [path()]: '' } }),
    () => ({ $inc: { [path()]: 1 } }),
    () => ({ $push: { [path()]: value() } }),
    () => ({ $push: { [path()]: { $each: [value()], $position: pick([0, -1]), $slice: pick([2, -2, 5]) } } }),
    () => ({ $push: { d: { $each: [{ k: 0 }], $sort: { k: 1 } } }, $set: { f: value() } }),
    () => ({ $addToSet: { [path()]: value() } }),
    () => ({ $pull: { [path()]: pick([{ k: 1 }, 1, 'x']) } }),
    () => ({ $pop: { [path()]: 1 } }),
    () => ({ $rename: { [pick(['a', 'c', 'f.g'])]: pick(['e', 'f', 'c.m']) } }),
    () => ({ $max: { [path()]: value() }, $setOnInsert: { c: 1 } }),
    () => ({ $currentDate: { h: { $type: 'bad' } } }),
  ];
  const filters: (() => Document)[] = [
    () => ({ _id: pick(docs)._id }),
    () => ({ _id: pick(docs)._id, 'c.k': scalar() }),
    () => ({ _id: pick(docs)._id, d: { $elemMatch: { k: 1 } } }),
    () => ({ a: scalar() }),
    () => ({ $or: [{ 'c.k': scalar() }, { b: scalar() }] }),
    () => ({ $and: [{ 'd.k': 1 }, { b: scalar() }] }),
    () => ({ $expr: { $eq: ['$c.k', scalar()] } }),
  ];
  const seen = { changed: 0, unchanged: 0, refused: 0 };
  const run = async (collection: mongo.Collection, filter: Document, update: Document, isMulti: boolean) => {
    try {
      const options = JSON.stringify(update).includes('$[one]') ? { arrayFilters: [{ 'one.k': 1 }] } : {};
      const { matchedCount, modifiedCount } = isMulti
        ? await collection.updateMany(filter, update, options)
        : await collection.updateOne(filter, update, options);
      return { matchedCount, modifiedCount };
    } catch (error) {
      return { code: (error as mongo.MongoServerError).code, message: (error as Error).message };
    }
  };
  const contents = (collection: mongo.Collection) =>
    collection.find({}, { raw: true, sort: { _id: 1 } }).toArray();
  for (let round = 0; round < 1500; round += 1) {
    const filter = pick(filters)();
    const update = pick(operators)();
    const isMulti = pick([true, false, false]);
    const shown = `${round}: ${JSON.stringify({ filter, update })}`;
    const [got, wanted] = [
      await run(parts, filter, update, isMulti),
      await run(wholes, filter, update, isMulti),
    ];
    t.deepEqual(got, wanted, shown);
    if ('code' in wanted) seen.refused += 1;
    else if (wanted.modifiedCount > 0) seen.changed += 1;
    else seen.unchanged += 1;
    if (round % 10 > 0) continue;
    t.deepEqual(await contents(parts), await contents(wholes), shown);
    const queries: [Record<string, 1>, Document][] = [
      [{ a: 1 }, { a: scalar() }],
      [{ 'c.k': 1, b: 1 }, { 'c.k': scalar() }],
      [{ e: 1 }, { e: pick([1, 2, 'x']), ...PARTIAL }],
    ];
    for (const [hint, query] of queries.slice(0, indexes.length)) {
      const ids = (collection: mongo.Collection) => collection.distinct('_id', query, { hint });
      t.deepEqual(
        (await ids(parts)).sort(),
        (await ids(wholes)).sort(),
        `${shown}, ${JSON.stringify(query)}`,
      );
    }
  }
  t.true(
    Object.values(seen).every((count) => count > 100),
    JSON.stringify(seen),
  );
}

test('random updates have the same outcome whether a part is read or everything', (t) =>
  compareUpdates(t, INDEXES));

test('where an index may look at any field, every update reads everything', (t) =>
  compareUpdates(t, [...INDEXES, { key: { e: 1 }, partialFilterExpression: PARTIAL }]));

test('it is a part that is read, but for whom may look anywhere', (t) => {
  const collection = new Collection('test.things', 1, 'uuid', {});
  collection.indexes = INDEXES.map((spec, id) => new Index(id, { v: 2, name: `index${id}`, ...spec }));
  const engineOf = (isWatched: boolean, view?: object) =>
    ({ storage: { view }, log: { isWatched: () => isWatched } }) as unknown as Engine;
  const shown = (update: Document, filter: Document = { _id: 1 }, engine = engineOf(false)) => {
    const reading = readingOf(engine, collection, { filter }, compileUpdate(update));
    return reading && [[...reading.whole].sort(), [...reading.counted]];
  };
  t.deepEqual(shown({ $set: { f: 1 }, $push: { d: 1 }, $unset: { g: 1 } }), [['_id'], ['d']]);
  t.deepEqual(shown({ $set: { f: 1 } }, { _id: 1, 'd.k': 2 }), [['_id', 'd'], []]);
  t.deepEqual(shown({ $set: { b: 1 } }), [['_id', 'b', 'c'], []]);
  t.deepEqual(shown({ $inc: { f: 1 }, $set: { 'g.h': 1 } }), [['_id', 'f', 'g'], []]);
  t.is(shown({ $rename: { f: 'g' } }), undefined);
  t.is(shown({ f: 1 }), undefined);
  t.is(shown({ $set: { f: 1 } }, { $or: [{ _id: 1 }] }), undefined);
  t.is(shown({ $set: { f: 1 } }, { _id: 1 }, engineOf(true)), undefined);
  t.is(shown({ $set: { f: 1 } }, { _id: 1 }, engineOf(false, {})), undefined);
});

test('nothing is moved so far inside that nobody could read it any more', async (t) => {
  const things = (await database(t)).collection<{ _id: number }>('things');
  let deep: Document = {};
  for (let level = 0; level < 180; level += 1) deep = { deep };
  await things.insertOne({ _id: 1, deep } as never);
  const deeper = Array.from({ length: 25 }, () => 'other').join('.');
  const error = await t.throwsAsync(things.updateOne({ _id: 1 }, { $rename: { deep: deeper } }));
  t.regex(error?.message ?? '', /nested/);
  t.is((await things.findOne({ _id: 1 }))?._id, 1);
});

test('who watches is told of what an update did to nested fields', async (t) => {
  const { uri } = await server(t);
  const things = (await client(t, uri)).db('test').collection<{ _id: number }>('things');
  await things.insertOne({ _id: 1, nested: { a: 1, b: 2 }, list: [{ n: 1 }] } as never);
  const stream = things.watch([], { fullDocument: 'updateLookup' });
  t.teardown(() => stream.close());
  const next = stream.next();
  await stream.tryNext();
  await things.updateOne({ _id: 1 }, {
    $set: { nested: { a: 1, b: 3 } },
    $push: { list: { n: 2 } },
  } as never);
  t.like(await next, {
    operationType: 'update',
    updateDescription: { updatedFields: { 'nested.b': 3, 'list.1': { n: 2 } } },
    fullDocument: { nested: { a: 1, b: 3 }, list: [{ n: 1 }, { n: 2 }] },
  });
});
