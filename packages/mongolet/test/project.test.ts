import test from 'ava';
import { EJSON } from 'bson';
import { MongoletError } from '../src/errors.ts';
import { compileProjection } from '../src/project/index.ts';
import { compileSort } from '../src/sort/index.ts';
import { type Doc, decode, encode } from '../src/value/codec.ts';

const wire = (doc: Doc): Doc => decode(encode(doc));
const text = (doc: Doc): string => EJSON.stringify(wire(doc), { relaxed: false });

const DOC = {
  _id: 1,
  a: 1,
  b: { c: 2, d: 3, e: { f: 4 } },
  list: [1, 2, 3, 4],
  docs: [{ x: 1, y: 1 }, 7, { x: 2, y: 2 }, [{ x: 3, y: 3 }]],
  nothing: null,
};

/** Name, projection, result, filter. */
const TABLE: [string, Doc, Doc, Doc?][] = [
  ['inclusion, in the order of the document', { b: 1, a: 1 }, { _id: 1, a: 1, b: DOC.b }],
  ['inclusion without _id', { a: 1, _id: 0 }, { a: 1 }],
  ['_id only', { _id: 1 }, { _id: 1 }],
  ['inclusion by true', { a: true }, { _id: 1, a: 1 }],
  ['inclusion of null', { nothing: 1 }, { _id: 1, nothing: null }],
  ['inclusion of what is missing', { zzz: 1 }, { _id: 1 }],
  ['inclusion of a path', { 'b.c': 1 }, { _id: 1, b: { c: 2 } }],
  ['inclusion of a path through a scalar', { 'a.b': 1 }, { _id: 1 }],
  ['inclusion of a path that is missing', { 'b.zzz': 1 }, { _id: 1, b: {} }],
  ['inclusion as a document', { b: { c: 1, e: { f: 1 } } }, { _id: 1, b: { c: 2, e: { f: 4 } } }],
  ['inclusion through an array', { 'docs.x': 1 }, { _id: 1, docs: [{ x: 1 }, { x: 2 }, [{ x: 3 }]] }],
  ['exclusion', { b: 0, docs: 0, list: false }, { _id: 1, a: 1, nothing: null }],
  ['exclusion of _id only', { _id: 0 }, { a: 1, b: DOC.b, list: DOC.list, docs: DOC.docs, nothing: null }],
  ['exclusion with _id kept', { _id: 1, b: 0, docs: 0, list: 0, nothing: 0 }, { _id: 1, a: 1 }],
  ['exclusion of a path', { 'b.e': 0, docs: 0, list: 0 }, { _id: 1, a: 1, b: { c: 2, d: 3 }, nothing: null }],
  [
    'exclusion through an array',
    { 'docs.x': 0, b: 0, list: 0 },
    { _id: 1, a: 1, docs: [{ y: 1 }, 7, { y: 2 }, [{ y: 3 }]], nothing: null },
  ],
  ['$slice of the first', { list: { $slice: 2 }, a: 1 }, { _id: 1, a: 1, list: [1, 2] }],
  ['$slice of the last', { list: { $slice: -1 }, a: 1 }, { _id: 1, a: 1, list: [4] }],
  ['$slice from a start', { list: { $slice: [1, 2] }, a: 1 }, { _id: 1, a: 1, list: [2, 3] }],
  ['$slice from the end', { list: { $slice: [-3, 2] }, a: 1 }, { _id: 1, a: 1, list: [2, 3] }],
  ['$slice from before the start', { list: { $slice: [-9, 2] }, a: 1 }, { _id: 1, a: 1, list: [1, 2] }],
  ['$slice alone keeps the rest', { list: { $slice: 1 } }, { ...DOC, list: [1] }],
  [
    '$slice with an exclusion',
    { list: { $slice: 1 }, b: 0, docs: 0 },
    { _id: 1, a: 1, list: [1], nothing: null },
  ],
  ['$slice of a scalar', { a: { $slice: 1 }, _id: 1 }, { _id: 1, a: 1 }],
  [
    '$elemMatch comes last',
    { docs: { $elemMatch: { x: 2 } }, list: 1 },
    { _id: 1, list: DOC.list, docs: [{ x: 2, y: 2 }] },
  ],
  ['$elemMatch on values', { list: { $elemMatch: { $gt: 2 } } }, { _id: 1, list: [3] }],
  ['$elemMatch that finds nothing', { list: { $elemMatch: { $gt: 9 } } }, { _id: 1 }],
  ['the positional $', { 'list.$': 1 }, { _id: 1, list: [3] }, { list: { $gte: 3 } }],
  [
    'the positional $ on documents',
    { 'docs.$': 1, a: 1 },
    { _id: 1, a: 1, docs: [{ x: 2, y: 2 }] },
    { 'docs.x': 2 },
  ],
  ['the empty projection', {}, DOC],
];

for (const [name, projection, expected, filter] of TABLE) {
  test(`projects: ${name}`, (t) => {
    const project = compileProjection(wire(projection), filter && wire(filter));
    t.is(text(project(wire(DOC))), text(expected));
  });
}

for (const [projection, code] of [
  [{ a: 1, b: 0 }, 31254],
  [{ a: 0, b: 1 }, 31253],
  [{ a: 1, 'a.b': 1 }, 31249],
  [{ 'a.b': 1, a: 1 }, 31250],
  [{ 'a.$': 1, b: 0 }, 31254],
  [{ b: 0, 'a.$': 1 }, 31395],
  [{ 'a.$': 1, 'b.$': 1 }, 31276],
  [{ 'a.$.b': 1 }, 31394],
  [{ 'a.b': { $elemMatch: {} } }, 31275],
  [{ a: { $elemMatch: 1 } }, 31274],
  [{ a: { $slice: [1, 0] } }, 28724],
  [{ a: {} }, 51270],
  [{ $a: 1 }, 16410],
  [{ 'a..b': 1 }, 15998],
  [{ a: '$b' }, 238],
  [{ a: { $add: [1, 2] } }, 238],
  [{ a: { $meta: 'textScore' } }, 115],
] as [Doc, number][]) {
  test(`refuses the projection ${JSON.stringify(projection)} with ${code}`, (t) => {
    t.is(t.throws(() => compileProjection(wire(projection)), { instanceOf: MongoletError })?.code, code);
  });
}

test('the positional $ without a match is an error, with a position given it needs no filter', (t) => {
  const project = compileProjection({ 'list.$': 1 });
  t.is(text(project(wire(DOC), 1)), text({ _id: 1, list: [2] }));
  t.is(t.throws(() => project(wire(DOC)), { instanceOf: MongoletError })?.code, 51246);
});

test('computed fields are compiled by the hook and come last', (t) => {
  const project = compileProjection(
    { a: 1, sum: { $add: ['$a', 1] }, 'b.z': '$a' },
    undefined,
    () => () => 'computed',
  );
  t.is(text(project(wire(DOC))), text({ _id: 1, a: 1, sum: 'computed', b: { z: 'computed' } }));
});

/** Sort, documents in the order expected; the test shuffles them first. */
const SORTS: [string, Doc, Doc[]][] = [
  ['ascending', { a: 1 }, [{ a: 1 }, { a: 2 }, { a: 'x' }, { a: true }]],
  ['descending', { a: -1 }, [{ a: 'x' }, { a: 2 }, { a: 1 }, { a: null }]],
  [
    'missing as null, an empty array before',
    { a: 1, n: 1 },
    [{ a: [] }, { n: 1 }, { a: null, n: 2 }, { n: 3 }, { a: 0 }],
  ],
  ['by the least element ascending', { a: 1 }, [{ a: [5, 0] }, { a: 1 }, { a: [9, 2] }]],
  ['by the greatest element descending', { a: -1 }, [{ a: [9, 2] }, { a: [5, 0] }, { a: 4 }]],
  [
    'by two fields',
    { a: 1, b: -1 },
    [
      { a: 1, b: 2 },
      { a: 1, b: 1 },
      { a: 2, b: 9 },
    ],
  ],
  ['by a path', { 'a.b': 1 }, [{ a: 5 }, { a: { b: 1 } }, { a: [{ b: 3 }, { b: 2 }] }]],
  [
    'by two fields of one array, element by element',
    { 'a.x': 1, 'a.y': 1 },
    [
      {
        a: [
          { x: 1, y: 5 },
          { x: 2, y: 0 },
        ],
      },
      {
        a: [
          { x: 1, y: 6 },
          { x: 9, y: 0 },
        ],
      },
    ],
  ],
];

for (const [name, sort, docs] of SORTS) {
  test(`sorts ${name}`, (t) => {
    const shuffled = [...docs.slice(1).reverse(), docs[0] as Doc].map(wire);
    t.deepEqual(shuffled.sort(compileSort(wire(sort))).map(text), docs.map(text));
  });
}

for (const [sort, code] of [
  [{ a: 2 }, 15975],
  [{ a: 'x' }, 15975],
  [{ a: { $meta: 'x' } }, 115],
  [{ $a: 1 }, 16410],
  [{ 'a..b': 1 }, 15998],
] as [Doc, number][]) {
  test(`refuses the sort ${JSON.stringify(sort)} with ${code}`, (t) => {
    t.is(t.throws(() => compileSort(sort), { instanceOf: MongoletError })?.code, code);
  });
}
