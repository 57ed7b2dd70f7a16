/** Pipelines over the wire. */
import test, { type ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { database } from './helpers.ts';

const { Double, Int32, Long } = mongo;
type Document = mongo.Document;

async function sample(t: ExecutionContext): Promise<mongo.Collection<Document>> {
  const db = await database(t);
  const orders = db.collection('orders');
  await orders.insertMany([
    {
      _id: 1 as never,
      user: 'a',
      total: 10,
      tags: ['x', 'y'],
      lines: [
        { sku: 'p1', n: 2 },
        { sku: 'p2', n: 1 },
      ],
    },
    { _id: 2 as never, user: 'b', total: 5.5, tags: [], lines: [{ sku: 'p1', n: 1 }] },
    { _id: 3 as never, user: 'a', total: 7, lines: [] },
  ]);
  await db.collection<{ _id: string; price: number }>('products').insertMany([
    { _id: 'p1', price: 3 },
    { _id: 'p2', price: 4 },
  ]);
  await db.collection<{ _id: string; boss: string }>('people').insertMany([
    { _id: 'a', boss: 'b' },
    { _id: 'b', boss: 'c' },
    { _id: 'c', boss: 'a' },
  ]);
  return orders;
}

const cases: [string, Document[], Document[]][] = [
  [
    '$group with its accumulators',
    [
      {
        $group: {
          _id: '$user',
          sum: { $sum: '$total' },
          avg: { $avg: '$total' },
          n: { $count: {} },
          ids: { $push: '$_id' },
          least: { $min: '$total' },
          most: { $max: '$total' },
        },
      },
      { $sort: { _id: 1 } },
    ],
    [
      { _id: 'a', sum: 17, avg: 8.5, n: 2, ids: [1, 3], least: 7, most: 10 },
      { _id: 'b', sum: 5.5, avg: 5.5, n: 1, ids: [2], least: 5.5, most: 5.5 },
    ],
  ],
  [
    '$unwind, $lookup by fields, $project with arithmetic',
    [
      { $unwind: '$lines' },
      { $lookup: { from: 'products', localField: 'lines.sku', foreignField: '_id', as: 'product' } },
      { $unwind: '$product' },
      { $project: { _id: 0, amount: { $multiply: ['$lines.n', '$product.price'] } } },
      { $sort: { amount: -1 } },
    ],
    [{ amount: 6 }, { amount: 4 }, { amount: 3 }],
  ],
  [
    '$lookup by a pipeline with variables',
    [
      { $match: { _id: { $lt: 3 } } },
      {
        $lookup: {
          from: 'products',
          let: { skus: '$lines.sku' },
          pipeline: [{ $match: { $expr: { $in: ['$_id', '$$skus'] } } }, { $project: { _id: 0 } }],
          as: 'found',
        },
      },
      { $project: { found: 1 } },
    ],
    [
      { _id: 1, found: [{ price: 3 }, { price: 4 }] },
      { _id: 2, found: [{ price: 3 }] },
    ],
  ],
  ['$match with $expr, $count', [{ $match: { $expr: { $gt: ['$total', 6] } } }, { $count: 'n' }], [{ n: 2 }]],
  [
    '$facet, $sortByCount',
    [{ $facet: { a: [{ $match: { user: 'a' } }, { $count: 'n' }], users: [{ $sortByCount: '$user' }] } }],
    [
      {
        a: [{ n: 2 }],
        users: [
          { _id: 'a', count: 2 },
          { _id: 'b', count: 1 },
        ],
      },
    ],
  ],
  [
    '$bucket with a default',
    [{ $bucket: { groupBy: '$total', boundaries: [0, 6, 8], default: 'more' } }],
    [
      { _id: 0, count: 1 },
      { _id: 6, count: 1 },
      { _id: 'more', count: 1 },
    ],
  ],
  [
    '$unwind keeps what is empty if told to',
    [
      { $unwind: { path: '$tags', preserveNullAndEmptyArrays: true, includeArrayIndex: 'at' } },
      { $project: { tags: 1, at: 1 } },
    ],
    [
      { _id: 1, tags: 'x', at: 0 },
      { _id: 1, tags: 'y', at: 1 },
      { _id: 2, at: null },
      { _id: 3, at: null },
    ],
  ],
  [
    '$addFields with paths, $unset, $replaceRoot',
    [
      { $match: { _id: 3 } },
      { $addFields: { 'sub.name': { $concat: ['$user', '!'] } } },
      { $unset: ['lines', 'total'] },
      { $replaceRoot: { newRoot: { $mergeObjects: [{ z: 1 }, '$$ROOT'] } } },
    ],
    [{ z: 1, _id: 3, user: 'a', sub: { name: 'a!' } }],
  ],
  [
    '$unionWith',
    [{ $unionWith: 'products' }, { $project: { _id: 1 } }],
    [{ _id: 1 }, { _id: 2 }, { _id: 3 }, { _id: 'p1' }, { _id: 'p2' }],
  ],
  [
    '$sort, $skip and $limit first',
    [{ $sort: { total: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { _id: 1 } }],
    [{ _id: 3 }],
  ],
  [
    '$bucketAuto keeps equal values together',
    [
      { $unwind: { path: '$lines', preserveNullAndEmptyArrays: true } },
      { $bucketAuto: { groupBy: '$user', buckets: 2 } },
    ],
    [
      { _id: { min: 'a', max: 'b' }, count: 3 },
      { _id: { min: 'b', max: 'b' }, count: 1 },
    ],
  ],
  [
    '$graphLookup follows references to the end, and stops at circles',
    [
      { $match: { _id: 1 } },
      {
        $graphLookup: {
          from: 'people',
          startWith: 'a',
          connectFromField: 'boss',
          connectToField: '_id',
          as: 'above',
          depthField: 'depth',
        },
      },
      { $project: { above: { $sortArray: { input: '$above', sortBy: { depth: 1 } } } } },
    ],
    [
      {
        _id: 1,
        above: [
          { _id: 'a', boss: 'b', depth: 0 },
          { _id: 'b', boss: 'c', depth: 1 },
          { _id: 'c', boss: 'a', depth: 2 },
        ],
      },
    ],
  ],
  ['$limit before $skip', [{ $limit: 2 }, { $skip: 1 }, { $project: { _id: 1 } }], [{ _id: 2 }]],
];

for (const [name, pipeline, wanted] of cases) {
  test(name, async (t) => {
    t.deepEqual(await (await sample(t)).aggregate(pipeline).toArray(), wanted);
  });
}

test('sums keep the types of numbers', async (t) => {
  const numbers = (await database(t)).collection('numbers');
  await numbers.insertMany([
    { int: new Int32(1), long: Long.fromString('9007199254740993'), double: new Double(1) },
    { int: new Int32(2), long: Long.fromNumber(1), double: new Double(2) },
  ]);
  const [sums] = await numbers
    .aggregate(
      [
        {
          $group: { _id: null, int: { $sum: '$int' }, long: { $sum: '$long' }, double: { $sum: '$double' } },
        },
      ],
      { promoteValues: false },
    )
    .toArray();
  t.deepEqual(sums, {
    _id: null,
    int: new Int32(3),
    long: Long.fromString('9007199254740994'),
    double: new Double(3),
  });
});

test('an aggregation streams: a cursor over many documents comes in batches', async (t) => {
  const many = (await database(t)).collection<{ _id: number }>('many');
  await many.insertMany(Array.from({ length: 500 }, (_, i) => ({ _id: i })));
  const found = await many.aggregate([{ $set: { x: '$_id' } }], { batchSize: 50 }).toArray();
  t.deepEqual(
    found,
    Array.from({ length: 500 }, (_, i) => ({ _id: i, x: i })),
  );
});

test('$documents is a pipeline of a database', async (t) => {
  const db = await database(t);
  const found = await db.aggregate([{ $documents: [{ x: 1 }, { x: { $add: [1, 1] } }] }]).toArray();
  t.deepEqual(found, [{ x: 1 }, { x: 2 }]);
  const error = await t.throwsAsync(db.aggregate([{ $match: {} }]).toArray());
  t.is((error as mongo.MongoServerError).code, 115);
});

test('countDocuments counts by an index, with skip and limit', async (t) => {
  const orders = await sample(t);
  t.is(await orders.countDocuments({ user: 'a' }), 2);
  t.is(await orders.countDocuments({}, { skip: 1, limit: 1 }), 1);
  t.is(await orders.countDocuments({ user: 'nobody' }), 0);
});

test('$out puts the results in the place of a collection, all of them or none', async (t) => {
  const orders = await sample(t);
  const { db } = orders;
  const target = db.collection('target');
  await target.createIndex({ user: 1 }, { unique: true });
  await target.insertOne({ user: 'before' });
  await orders
    .aggregate([{ $group: { _id: '$user', user: { $first: '$user' } } }, { $out: 'target' }])
    .toArray();
  t.deepEqual((await target.find().sort({ _id: 1 }).toArray()) as unknown, [
    { _id: 'a', user: 'a' },
    { _id: 'b', user: 'b' },
  ]);
  const duplicate = await t.throwsAsync(
    orders
      .aggregate([{ $project: { user: 1 } }, { $out: { db: db.databaseName, coll: 'target' } }])
      .toArray(),
  );
  t.is((duplicate as mongo.MongoServerError).code, 11000);
  t.is(await target.countDocuments(), 2);
  const misplaced = await t.throwsAsync(orders.aggregate([{ $out: 'x' }, { $match: {} }]).toArray());
  t.is((misplaced as mongo.MongoServerError).code, 40601);
});
