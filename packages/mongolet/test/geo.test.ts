/** Points on a plane: `$geoWithin` and `2d` indexes. */
import test from 'ava';
import type { mongo } from 'mongoose';
import { MongoletError } from '../src/errors.ts';
import { compileFilter } from '../src/match/index.ts';
import { decode, encode, type Value } from '../src/value/codec.ts';
import { database } from './helpers.ts';

const matches = (at: Value, shape: object): boolean =>
  compileFilter(decode(encode({ at: { $geoWithin: shape } }))).matches(decode(encode({ at })));

const TRIANGLE = [
  [0, 0],
  [4, 0],
  [0, 4],
];
const points: [string, object, Value[], Value[]][] = [
  [
    'a box',
    {
      $box: [
        [0, 0],
        [2, 3],
      ],
    },
    [
      [0, 0],
      [2, 3],
      [1, 1.5],
    ],
    [
      [2.1, 1],
      [-0.1, 0],
    ],
  ],
  [
    'a box by its other corners',
    {
      $box: [
        [2, 0],
        [0, 3],
      ],
    },
    [[1, 1]],
    [[1, 4]],
  ],
  [
    'a circle',
    { $center: [[0, 0], 5] },
    [
      [3, 4],
      [-5, 0],
    ],
    [[3.1, 4]],
  ],
  [
    'a polygon',
    { $polygon: TRIANGLE },
    [
      [1, 1],
      [0, 2],
      [2, 2],
      [4, 0],
    ],
    [
      [2.1, 2],
      [-1, 0],
      [5, 0],
    ],
  ],
  ['a polygon of documents', { $polygon: { a: [0, 0], b: [4, 0], c: [0, 4] } }, [[1, 1]], [[3, 3]]],
  [
    'a circle on a sphere',
    { $centerSphere: [[0, 0], Math.PI / 2] },
    [
      [90, 0],
      [0, 90],
    ],
    [[91, 0]],
  ],
  ['a circle over the date line', { $centerSphere: [[179, 0], 0.1] }, [[-179, 0]], [[170, 0]]],
];
for (const [what, shape, inside, outside] of points) {
  test(`$geoWithin ${what}`, (t) => {
    for (const at of inside) t.true(matches(at, shape), JSON.stringify(at));
    for (const at of outside) t.false(matches(at, shape), JSON.stringify(at));
  });
}

test('a point is a pair in an array or a document, one of several, or GeoJSON', (t) => {
  const shape = {
    $box: [
      [0, 0],
      [2, 2],
    ],
  };
  for (const at of [
    [1, 1, 9],
    { lng: 1, lat: 1 },
    [
      [9, 9],
      [1, 1],
    ],
    [{ x: 1, y: 1 }],
    { type: 'Point', coordinates: [1, 1] },
  ])
    t.true(matches(at, shape), JSON.stringify(at));
  for (const at of [null, 'x', [1], ['1', '1'], {}, { type: 'Polygon', coordinates: [[[1, 1]]] }])
    t.false(matches(at, shape), JSON.stringify(at));
  t.throws(() => matches({ type: 'Polygon', coordinates: [] }, { $centerSphere: [[0, 0], 1] }), {
    instanceOf: MongoletError,
  });
});

const refused: [string, object, number][] = [
  ['GeoJSON', { $geometry: { type: 'Polygon', coordinates: [] } }, 115],
  ['an unknown shape', { $blob: [] }, 2],
  [
    'two shapes',
    {
      $box: [
        [0, 0],
        [1, 1],
      ],
      $center: [[0, 0], 1],
    },
    2,
  ],
  [
    'a polygon of two points',
    {
      $polygon: [
        [0, 0],
        [1, 1],
      ],
    },
    2,
  ],
  ['a negative radius', { $center: [[0, 0], -1] }, 2],
  ['a point of text', { $center: [['0', '0'], 1] }, 2],
  ['a place beyond the pole', { $centerSphere: [[0, 91], 1] }, 2],
];
for (const [what, shape, code] of refused) {
  test(`$geoWithin refuses ${what}`, (t) => {
    t.is(t.throws(() => matches([0, 0], shape), { instanceOf: MongoletError }).code, code);
  });
}

test('a 2d index is used, finds what a scan finds, and takes points only', async (t) => {
  const db = await database(t);
  const places = db.collection<{ _id: number; at?: unknown }>('places');
  await places.createIndex({ at: '2d', name: 1 });
  const random = (i: number) => ((i * 7919) % 360) - 180;
  await places.insertMany(
    Array.from({ length: 300 }, (_, i) => ({ _id: i, at: [random(i), random(i * 31) / 2] })),
  );
  await places.insertMany([
    { _id: 300 },
    { _id: 301, at: [] },
    {
      _id: 302,
      at: [
        [1, 1],
        [2, 2],
      ],
    },
  ]);
  const shapes = [
    {
      $box: [
        [-20, -20],
        [30, 15],
      ],
    },
    { $center: [[0, 0], 40] },
    {
      $polygon: [
        [-100, -50],
        [0, 80],
        [100, -50],
      ],
    },
    { $centerSphere: [[170, 0], 0.5] },
  ];
  for (const $geoWithin of shapes) {
    const found = (hint: object) => places.find({ at: { $geoWithin } }, hint).sort({ _id: 1 }).toArray();
    const byIndex = await found({});
    t.true(byIndex.length > 0);
    t.deepEqual(byIndex, await found({ hint: { $natural: 1 } }));
  }
  const explained = await places.find({ at: { $within: shapes[0] as object } } as object).explain();
  t.is(explained.queryPlanner.winningPlan.stage, 'IXSCAN');
  for (const [at, code] of [
    ['x', 13026],
    [[181, 0], 13027],
    [{ type: 'Point', coordinates: [1, 1] }, 13026],
  ] as const) {
    const error = await t.throwsAsync(places.insertOne({ _id: 400, at }));
    t.is((error as mongo.MongoServerError).code, code);
  }
  const second = await t.throwsAsync(places.createIndex({ name: 1, at: '2d' }));
  t.is((second as mongo.MongoServerError).code, 67);
});
