/** Indexes are really used, and whatever plan is chosen, the answer is that of a collection scan. */
import test, { type ExecutionContext } from 'ava';
import type { mongo } from 'mongoose';
import { database } from './helpers.ts';

type Collection = mongo.Collection<mongo.Document>;
type Document = mongo.Document;
type Sort = mongo.Sort;

interface Explained {
  stage: string;
  index: string | undefined;
  examined: number;
}

async function explain(
  collection: Collection,
  filter: mongo.Filter<Document>,
  options: { sort?: Sort; limit?: number } = {},
): Promise<Explained> {
  const explained = await collection.find(filter, options).explain();
  const plan = explained.queryPlanner.winningPlan;
  return { stage: plan.stage, index: plan.indexName, examined: explained.totalDocsExamined };
}

async function orders(t: ExecutionContext): Promise<Collection> {
  const collection = (await database(t)).collection('orders');
  await collection.insertMany(
    Array.from({ length: 1000 }, (_, i) => ({
      _id: i as never,
      state: `s${i % 4}`,
      due: 1000 - i,
      user: `u${i % 50}`,
      ...(i % 100 === 0 ? { pending: true } : {}),
    })),
  );
  return collection;
}

test('_id equality and $in look up, others scan', async (t) => {
  const all = await orders(t);
  t.deepEqual(await explain(all, { _id: 5 as never }), { stage: 'IXSCAN', index: '_id_', examined: 1 });
  t.deepEqual(await explain(all, { _id: { $in: [5, 7, 5000] as never[] } }), {
    stage: 'IXSCAN',
    index: '_id_',
    examined: 2,
  });
  t.deepEqual(await explain(all, { user: 'u1' }), { stage: 'COLLSCAN', index: undefined, examined: 1000 });
});

test('equality, then range and sort on a compound index, stop at the limit', async (t) => {
  const all = await orders(t);
  await all.createIndex({ state: 1, due: -1 });
  t.like(await explain(all, { state: 's1' }), { index: 'state_1_due_-1', examined: 250 });
  t.like(await explain(all, { state: 's1', due: { $lte: 100 } }), { index: 'state_1_due_-1', examined: 25 });
  t.like(await explain(all, { state: 's1' }, { sort: { due: -1 }, limit: 10 }), {
    stage: 'IXSCAN',
    examined: 10,
  });
  t.like(await explain(all, { state: 's1' }, { sort: { due: 1 }, limit: 10 }), {
    stage: 'IXSCAN',
    examined: 10,
  });
  t.like(await explain(all, { state: { $in: ['s1', 's2'] } }, { sort: { due: 1 }, limit: 10 }), {
    stage: 'IXSCAN',
    examined: 10,
  });
  t.like(await explain(all, { state: 's1' }, { sort: { user: 1 } }), { stage: 'SORT', examined: 250 });
  t.like(await explain(all, {}, { sort: { state: 1, due: -1 }, limit: 3 }), { stage: 'IXSCAN', examined: 3 });
  t.like(await explain(all, {}, { sort: { state: 1, due: 1 }, limit: 3 }), { stage: 'SORT', examined: 1000 });
  t.like(await explain(all, { due: 5 }), { stage: 'COLLSCAN' });
});

test('a partial index is used only where the filter implies it, a sparse one only for what exists', async (t) => {
  const all = await orders(t);
  await all.createIndex({ due: 1 }, { partialFilterExpression: { pending: true }, name: 'pending' });
  t.like(await explain(all, { pending: true, due: { $lt: 500 } }), { index: 'pending', examined: 4 });
  t.like(await explain(all, { due: { $lt: 500 } }), { stage: 'COLLSCAN' });
  t.like(await explain(all, { pending: false, due: { $lt: 500 } }), { stage: 'COLLSCAN' });
  await all.dropIndex('pending');
  await all.createIndex({ due: 1 }, { partialFilterExpression: { due: { $gt: 900 } }, name: 'late' });
  t.like(await explain(all, { due: { $gte: 950 } }), { index: 'late', examined: 51 });
  t.like(await explain(all, { due: { $gte: 900 } }), { stage: 'COLLSCAN' });
  await all.createIndex({ pending: 1 }, { sparse: true });
  t.like(await explain(all, { pending: true }), { index: 'pending_1', examined: 10 });
  t.like(await explain(all, { pending: null }), { stage: 'COLLSCAN' });
});

test('an anchored regular expression reads the strings that begin alike, in arrays too', async (t) => {
  const words = (await database(t)).collection<Document>('words');
  await words.createIndex({ text: 1 });
  await words.createIndex({ terms: -1 });
  const texts = ['ab', 'abc', 'abd', 'abe.f', 'ac', 'Ab', 'a', 'b', ''];
  await words.insertMany(texts.map((text, i) => ({ _id: i as never, text, terms: [text, 'zz'] })));
  await words.insertOne({ _id: 100 as never, text: /^ab/, terms: [] });
  const find = async (filter: Document) =>
    (await words.find(filter).sort({ _id: 1 }).toArray()).map((one) => one._id as unknown);
  t.deepEqual(await find({ text: /^ab/ }), [0, 1, 2, 3, 100]);
  t.deepEqual(await find({ text: { $regex: '^abc?' } }), [0, 1, 2, 3]);
  t.deepEqual(await find({ text: { $regex: '^abe\\.f$' } }), [3]);
  t.deepEqual(await find({ text: /^ab/i }), [0, 1, 2, 3, 5]);
  t.deepEqual(await find({ text: /^ab|^b/ }), [0, 1, 2, 3, 7]);
  t.deepEqual(await find({ terms: { $regex: '^ab' } }), [0, 1, 2, 3]);
  t.like(await explain(words, { terms: { $regex: '^ab' } }), { index: 'terms_-1', examined: 4 });
  t.like(await explain(words, { text: /^abc?/ }), { index: 'text_1', examined: 5 });
  t.like(await explain(words, { text: /^ab/i }), { stage: 'COLLSCAN' });
});

test('a hint must name an index, and is followed where that is possible', async (t) => {
  const all = await orders(t);
  await all.createIndex({ state: 1 });
  await all.createIndex({ user: 1 });
  const hinted = await all.find({ state: 's1', user: 'u1' }, { hint: 'user_1' }).explain();
  t.is(hinted.queryPlanner.winningPlan.indexName, 'user_1');
  await t.throwsAsync(all.find({}, { hint: { nothing: 1 } }).toArray(), { message: /bad hint/ });
});

test('very long keys are found, are unique, and are not trusted for order', async (t) => {
  const long = (await database(t)).collection<{ _id: number; text: string }>('long');
  await long.createIndex({ text: 1 }, { unique: true });
  const texts = ['a', 'b', 'c'].map((tail) => 'x'.repeat(5000) + tail);
  await long.insertMany(texts.map((text, i) => ({ _id: i, text })));
  await t.throwsAsync(long.insertOne({ _id: 9, text: texts[1] as string }), { message: /E11000/ });
  t.deepEqual(
    (await long.find({ text: texts[1] as string }).toArray()).map((one) => one._id),
    [1],
  );
  t.deepEqual(
    (
      await long
        .find({ text: { $gt: texts[0] as string } })
        .sort({ text: -1 })
        .toArray()
    ).map((one) => one._id),
    [2, 1],
  );
  t.deepEqual(
    (
      await long
        .find({ text: { $lt: texts[2] as string } })
        .sort({ text: 1 })
        .toArray()
    ).map((one) => one._id),
    [0, 1],
  );
});

/** Numbers from a seed, so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

test('with and without indexes the same documents are found, in an order that agrees', async (t) => {
  const db = await database(t);
  const next = random(20_261_121);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const scalars = [null, 0, 1, 2, 2.5, -3, 'a', 'b', '', true, false, new Date(0), new Date(5)];
  const value = (): unknown =>
    next() < 0.15 ? Array.from({ length: Math.floor(next() * 3) }, () => pick(scalars)) : pick(scalars);
  const docs = Array.from({ length: 400 }, (_, i) => {
    const doc: Document = { _id: i as never };
    if (next() < 0.85) doc.a = value();
    if (next() < 0.85 && !Array.isArray(doc.a)) doc.b = value();
    if (next() < 0.5) doc.c = { d: pick(scalars) };
    return doc;
  });
  const plain = db.collection('plain');
  const indexed = db.collection('indexed');
  await indexed.createIndexes([
    { key: { a: 1, b: -1 } },
    { key: { b: 1 } },
    { key: { 'c.d': -1, _id: 1 } },
    { key: { a: -1 }, sparse: true, name: 'sparse' },
  ]);
  await plain.insertMany(docs);
  await indexed.insertMany(docs);
  const condition = (): unknown => {
    const kinds: (() => unknown)[] = [
      () => pick(scalars),
      () => ({ $gt: pick(scalars) }),
      () => ({ $lte: pick(scalars) }),
      () => ({ $gte: pick(scalars), $lt: pick(scalars) }),
      () => ({ $in: [pick(scalars), pick(scalars), pick(scalars)] }),
      () => ({ $ne: pick(scalars) }),
      () => ({ $exists: next() < 0.5 }),
      () => [pick(scalars)],
    ];
    return pick(kinds)();
  };
  let indexUses = 0;
  for (let round = 0; round < 400; round += 1) {
    const filter: Document = {};
    for (const path of ['a', 'b', 'c.d']) if (next() < 0.6) filter[path] = condition();
    const sort = pick<Sort | undefined>([
      undefined,
      { a: 1, b: -1, _id: 1 },
      { b: -1, _id: 1 },
      { 'c.d': 1, _id: -1 },
      { _id: -1 },
    ]);
    const options = sort ? { sort } : { sort: { _id: 1 as const } };
    const shown = JSON.stringify({ filter, options });
    const wanted = await plain.find(filter, options).project({ _id: 1 }).toArray();
    t.deepEqual(await indexed.find(filter, options).project({ _id: 1 }).toArray(), wanted, shown);
    t.is(await indexed.countDocuments(filter), wanted.length, shown);
    const { stage } = await explain(indexed, filter);
    if (stage === 'IXSCAN') indexUses += 1;
  }
  t.true(indexUses > 100, `only ${indexUses} queries used an index`);
});

test('what an index alone can tell is counted without reading a document, and what it cannot is read', async (t) => {
  const collection = await orders(t);
  await collection.createIndexes([{ key: { user: 1, due: 1 } }, { key: { state: 1 } }, { key: { tags: 1 } }]);
  await collection.insertMany([
    { user: 'u1', due: null, tags: ['a', 'b'] },
    { user: 'u1', state: ['s1', 's2'] },
  ] as never[]);
  const check = async (filter: Document, isCovered: boolean): Promise<void> => {
    const shown = JSON.stringify(filter);
    const wanted = (await collection.find(filter, { hint: { $natural: 1 } }).toArray()).length;
    t.true(wanted > 0, shown);
    t.is(await collection.countDocuments(filter), wanted, shown);
    t.is((await collection.db.command({ count: 'orders', query: filter })).n, wanted, shown);
    t.is(await collection.countDocuments(filter, { skip: 1, limit: 3 }), Math.min(3, wanted - 1), shown);
    const explained = await collection.db.command({ explain: { count: 'orders', query: filter } });
    t.is(explained.queryPlanner.winningPlan.stage === 'COUNT_SCAN', isCovered, shown);
    t.is(explained.executionStats.totalDocsExamined === 0, isCovered, shown);
  };
  await check({ user: 'u1' }, true);
  await check({ user: { $in: ['u1', 'u2', 'u1'] } }, true);
  await check({ due: 7, user: { $eq: 'u43' } }, true);
  await check({ $and: [{ user: 'u1' }] }, true);
  await check({ user: 'u1', due: null }, false);
  await check({ user: 'u1', due: { $exists: true } }, false);
  await check({ user: { $in: ['u1'], $ne: 'u2' } }, false);
  await check({ $and: [{ user: { $in: ['u1', 'u2'] } }, { user: 'u1' }] }, false);
  await check({ user: 'u1', state: 's1' }, false);
  // More values than an index is asked for: it fixes the user alone.
  await check({ user: 'u1', due: { $in: Array.from({ length: 1500 }, (_, i) => 700 + i) } }, false);
  // One document has several keys here.
  await check({ state: { $in: ['s1', 's2'] } }, false);
  await check({ tags: 'a' }, false);
});

test('a hint is obeyed where the filter gives the index nothing to do', async (t) => {
  const collection = await orders(t);
  await collection.createIndex({ due: 1 });
  const found = await collection.find({}, { hint: { due: 1 }, limit: 2 }).toArray();
  t.deepEqual(
    found.map(({ due }) => due),
    [1, 2],
  );
  const [first] = await collection.aggregate([{ $match: {} }], { hint: 'due_1' }).toArray();
  t.is(first?.due, 1);
});

test('a hint at a partial index that lacks matches is refused with 291', async (t) => {
  const collection = await orders(t);
  await collection.createIndex({ due: 1 }, { partialFilterExpression: { pending: true } });
  const error = await t.throwsAsync(collection.find({}, { hint: { due: 1 } }).toArray());
  t.is((error as mongo.MongoServerError).code, 291);
});

test('a hidden index is kept up to date, but no plan uses it until it is shown again', async (t) => {
  const collection = await orders(t);
  await collection.createIndex({ user: 1 });
  const hide = (hidden: boolean) =>
    collection.db.command({ collMod: 'orders', index: { name: 'user_1', hidden } });
  const reply = await hide(true);
  t.deepEqual([reply.hidden_old, reply.hidden_new], [false, true]);
  t.is((await collection.indexes())[1]?.hidden, true);
  t.is((await explain(collection, { user: 'u1' })).stage, 'COLLSCAN');
  await t.throwsAsync(collection.find({}, { hint: 'user_1' }).toArray());
  await collection.insertOne({ user: 'u1' });
  await hide(false);
  t.is((await explain(collection, { user: 'u1' })).index, 'user_1');
  t.is(await collection.countDocuments({ user: 'u1' }), 21);
});

test('explain of a pipeline tells the plan of its query, and the stages after it', async (t) => {
  const collection = await orders(t);
  await collection.createIndex({ user: 1 });
  const alone = await collection.aggregate([{ $match: { user: 'u1' } }]).explain();
  t.is(alone.queryPlanner.winningPlan.indexName, 'user_1');
  const longer = await collection
    .aggregate([{ $match: { user: 'u1' } }, { $group: { _id: '$state' } }])
    .explain();
  t.is(longer.stages[0].$cursor.queryPlanner.winningPlan.indexName, 'user_1');
  t.deepEqual(longer.stages[1], { $group: { _id: '$state' } });
});

test('a hashed index finds what is equal, and refuses arrays and uniqueness', async (t) => {
  const collection = await orders(t);
  t.is(await collection.createIndex({ user: 'hashed' }), 'user_hashed');
  t.deepEqual((await collection.indexes())[1]?.key, { user: 'hashed' });
  t.is((await explain(collection, { user: 'u1' })).index, 'user_hashed');
  t.is(await collection.countDocuments({ user: 'u1' }), 20);
  const array = await t.throwsAsync(collection.insertOne({ user: ['u1'] }));
  t.is((array as mongo.MongoServerError).code, 16766);
  const unique = await t.throwsAsync(collection.createIndex({ due: 'hashed' }, { unique: true }));
  t.is((unique as mongo.MongoServerError).code, 16764);
});

test('a hint at a multikey index gives every document once', async (t) => {
  const collection = (await database(t)).collection('tagged');
  await collection.insertMany([{ tags: [1, 2] }, { tags: [2, 3] }, { tags: [] }, {}]);
  await collection.createIndex({ tags: 1 });
  t.is((await collection.find({}, { hint: 'tags_1' }).toArray()).length, 4);
  t.is(await collection.countDocuments({}, { hint: 'tags_1' }), 4);
});
