/** Where commands take expressions: filters, projections, updates by a pipeline, `let`. */
import test, { type ExecutionContext } from 'ava';
import type { mongo } from 'mongoose';
import { database } from './helpers.ts';

interface Item extends mongo.Document {
  _id: number;
}

async function items(t: ExecutionContext): Promise<mongo.Collection<Item>> {
  const collection = (await database(t)).collection<Item>('items');
  await collection.insertMany([
    { _id: 1, a: 1, b: 2, list: [{ x: 1 }, { x: 2 }] },
    { _id: 2, a: 5, b: 2, name: 'two' },
  ]);
  return collection;
}

const codeOf = (error: unknown): unknown => (error as mongo.MongoServerError).code;

test('$expr in every command that has a filter', async (t) => {
  const collection = await items(t);
  const filter = { $expr: { $gt: ['$a', '$b'] } };
  t.deepEqual(
    (await collection.find(filter).toArray()).map(({ _id }) => _id),
    [2],
  );
  t.is(await collection.countDocuments(filter), 1);
  t.deepEqual(await collection.distinct('name', filter), ['two']);
  t.deepEqual((await collection.find({ $or: [filter, { _id: 1 }] }).toArray()).length, 2);
  t.is((await collection.updateOne(filter, { $set: { seen: true } })).modifiedCount, 1);
  t.is((await collection.findOneAndUpdate(filter, { $inc: { n: 1 } }))?.seen, true);
  t.is((await collection.deleteMany(filter)).deletedCount, 1);
});

test('a wrong $expr is refused before a document is looked at', async (t) => {
  const empty = (await database(t)).collection('empty');
  const error = await t.throwsAsync(empty.find({ $expr: { $nothing: 1 } }).toArray());
  t.is(codeOf(error), 168);
});

test('computed projections, in find and in findAndModify', async (t) => {
  const collection = await items(t);
  const projection = { sum: { $add: ['$a', '$b'] }, first: { $first: '$list.x' }, 'deep.name': '$name' };
  t.deepEqual(await collection.find({}, { projection }).toArray(), [
    { _id: 1, sum: 3, first: 1, deep: {} },
    { _id: 2, sum: 7, first: null, deep: { name: 'two' } },
  ] as never);
  const found = await collection.findOneAndUpdate(
    { _id: 1 },
    { $set: { a: 9 } },
    { projection: { _id: 0, twice: { $multiply: ['$a', 2] } }, returnDocument: 'after' },
  );
  t.deepEqual(found as unknown, { twice: 18 });
});

test('let in find, update, findAndModify, delete and aggregate', async (t) => {
  const collection = await items(t);
  const filter = { $expr: { $eq: ['$a', '$$wanted'] } };
  const options = { let: { wanted: { $add: [2, 3] } } };
  t.is((await collection.find(filter, options).toArray())[0]?._id, 2);
  t.is((await collection.updateOne(filter, [{ $set: { w: '$$wanted' } }], options)).modifiedCount, 1);
  t.is((await collection.findOneAndUpdate(filter, { $set: { z: 1 } }, options))?.w, 5);
  const piped = await collection
    .aggregate([{ $match: filter }, { $project: { v: '$$wanted' } }], options)
    .toArray();
  t.deepEqual(piped, [{ _id: 2, v: 5 }]);
  t.is((await collection.deleteOne(filter, options)).deletedCount, 1);
  t.is(codeOf(await t.throwsAsync(collection.find(filter).toArray())), 17276);
});

const PIPELINES: [string, mongo.Document[], mongo.Document][] = [
  [
    '$set sees the fields of the stage before',
    [{ $set: { a: 2 } }, { $set: { c: { $add: ['$a', '$b'] } } }],
    { _id: 1, a: 2, b: 2, list: [{ x: 1 }, { x: 2 }], c: 4 },
  ],
  [
    '$set of one stage sees the fields as they were',
    [{ $set: { a: '$b', b: '$a' } }],
    { _id: 1, a: 2, b: 1, list: [{ x: 1 }, { x: 2 }] },
  ],
  [
    '$addFields within arrays',
    [{ $addFields: { 'list.y': '$a' } }],
    {
      _id: 1,
      a: 1,
      b: 2,
      list: [
        { x: 1, y: 1 },
        { x: 2, y: 1 },
      ],
    },
  ],
  ['$unset of several paths', [{ $unset: ['a', 'list.x'] }], { _id: 1, b: 2, list: [{}, {}] }],
  ['$project', [{ $project: { a: 1, s: { $sum: '$list.x' } } }], { _id: 1, a: 1, s: 3 }],
  ['$replaceRoot keeps the _id', [{ $replaceRoot: { newRoot: { z: '$a' } } }], { _id: 1, z: 1 }],
  [
    '$replaceWith',
    [{ $replaceWith: { $mergeObjects: ['$$ROOT', { z: 0 }] } }],
    { _id: 1, a: 1, b: 2, list: [{ x: 1 }, { x: 2 }], z: 0 },
  ],
  [
    '$$REMOVE',
    [{ $set: { b: { $cond: [{ $eq: ['$a', 1] }, '$$REMOVE', '$b'] } } }],
    { _id: 1, a: 1, list: [{ x: 1 }, { x: 2 }] },
  ],
];

for (const [name, pipeline, wanted] of PIPELINES) {
  test(`an update by a pipeline: ${name}`, async (t) => {
    const collection = await items(t);
    await collection.updateOne({ _id: 1 }, pipeline);
    t.deepEqual((await collection.findOne({ _id: 1 })) as unknown, wanted);
  });
}

test('an upsert by a pipeline starts from the equalities of the filter', async (t) => {
  const collection = await items(t);
  const { upsertedId } = await collection.updateOne(
    { _id: 7, k: 'x' },
    [{ $set: { n: { $add: [{ $ifNull: ['$n', 0] }, 1] } } }],
    { upsert: true },
  );
  t.is(upsertedId, 7);
  t.deepEqual((await collection.findOne({ _id: 7 })) as unknown, { _id: 7, k: 'x', n: 1 });
});

test('an update of many by a pipeline counts what it changed', async (t) => {
  const collection = await items(t);
  const { matchedCount, modifiedCount } = await collection.updateMany({}, [
    { $set: { a: { $min: ['$a', 1] } } },
  ]);
  t.deepEqual({ matchedCount, modifiedCount }, { matchedCount: 2, modifiedCount: 1 });
});

const REFUSED: [string, mongo.Document[], mongo.UpdateOptions, number][] = [
  ['$match', [{ $match: { a: 1 } }], {}, 72],
  ['$group', [{ $group: { _id: 1 } }], {}, 72],
  ['an unknown stage', [{ $nothing: 1 }], {}, 40324],
  ['an unknown expression', [{ $set: { a: { $nothing: 1 } } }], {}, 168],
  ['array filters', [{ $set: { a: 1 } }], { arrayFilters: [{ x: 1 }] }, 9],
  ['another _id', [{ $set: { _id: 9 } }], {}, 66],
  ['a root that is no document', [{ $replaceWith: '$a' }], {}, 40228],
];

for (const [name, pipeline, options, code] of REFUSED) {
  test(`an update by a pipeline refuses ${name} with ${code}`, async (t) => {
    const collection = await items(t);
    t.is(codeOf(await t.throwsAsync(collection.updateOne({ _id: 1 }, pipeline, options))), code);
    t.is((await collection.findOne({ _id: 1 }))?.a, 1);
  });
}

test('an upsert takes no $expr, whether it would insert or not', async (t) => {
  const collection = await items(t);
  const filter = { $expr: { $eq: ['$a', 1] } };
  const update = { $set: { z: 1 } };
  for (const attempt of [
    collection.updateOne(filter, update, { upsert: true }),
    collection.findOneAndUpdate({ $or: [filter] }, update, { upsert: true }),
  ]) {
    t.is(codeOf(await t.throwsAsync(attempt)), 224);
  }
});
