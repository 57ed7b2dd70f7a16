import test from 'ava';
import { BSONRegExp, Decimal128, Double, EJSON, Int32, Long, ObjectId, Timestamp } from 'bson';
import { MongoletError } from '../src/errors.ts';
import { compileUpdate, seedUpsert } from '../src/update/index.ts';
import { type Doc, decode, encode } from '../src/value/codec.ts';
import { keysOf } from '../src/value/document.ts';

const dec = (text: string) => Decimal128.fromString(text);
const long = (text: string) => Long.fromString(text);
const NOW = new Date(1_700_000_000_123);

/** As the server sees documents: through the wire. */
const wire = (doc: Doc): Doc => decode(encode(doc));

/** Types and the order of keys included. */
const text = (doc: Doc): string => EJSON.stringify(wire(doc), { relaxed: false });

interface Options {
  arrayFilters?: Doc[];
  position?: number;
  isInsert?: boolean;
}

function apply(doc: Doc, update: Doc, { arrayFilters, position, isInsert = false }: Options = {}) {
  const updater = compileUpdate(wire(update), arrayFilters?.map(wire));
  return updater.apply(wire(doc), { position, isInsert, now: NOW });
}

/** Name, document, update, result (null: nothing is modified), options. */
const TABLE: [string, Doc, Doc, Doc | null, Options?][] = [
  ['$set', { a: 1, b: 2 }, { $set: { a: 5 } }, { a: 5, b: 2 }],
  ['$set of another type of number', { a: 1 }, { $set: { a: new Double(1) } }, { a: new Double(1) }],
  ['$set of the same', { a: { x: [1] } }, { $set: { a: { x: [1] } } }, null],
  [
    '$set of the same in another order',
    { a: { x: 1, y: 1 } },
    { $set: { a: { y: 1, x: 1 } } },
    { a: { y: 1, x: 1 } },
  ],
  [
    '$set of new fields in the order of their names',
    { z: 1 },
    { $set: { c: 1, a: 1 }, $inc: { b: 1 } },
    { z: 1, a: 1, b: 1, c: 1 },
  ],
  [
    '$set of numbered names in the order of numbers',
    { z: { x: 1 } },
    { $set: { 'z.10': 1, 'z.9': 1 } },
    {
      z: new Map([
        ['x', 1],
        ['9', 1],
        ['10', 1],
      ]),
    } as unknown as Doc,
  ],
  ['$set makes the documents on its way', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }],
  ['$set in an element', { a: [1, 2] }, { $set: { 'a.1': 5 } }, { a: [1, 5] }],
  ['$set beyond an array', { a: [1] }, { $set: { 'a.3': 5 } }, { a: [1, null, null, 5] }],
  [
    '$set within an element',
    { a: [{ b: 1 }] },
    { $set: { 'a.0.b': 2, 'a.0.c': 3 } },
    { a: [{ b: 2, c: 3 }] },
  ],
  ['$set of a number name in a document', { a: {} }, { $set: { 'a.0': 1 } }, { a: { 0: 1 } }],
  ['$set of a whole array', { a: [1] }, { $set: { a: [] } }, { a: [] }],
  ['an empty $set', { a: 1 }, { $set: {} }, null],
  ['$unset', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
  ['$unset of what is missing', { a: 1 }, { $unset: { b: 1, 'c.d': 1, 'a.x': 1 } }, null],
  ['$unset of an element leaves null', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { a: [null, 2] }],
  ['$unset within', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': 1 } }, { a: { c: 2 } }],
  ['$unset in an element', { a: [{ b: 1 }] }, { $unset: { 'a.0.b': 1 } }, { a: [{}] }],
  ['$setOnInsert on an update', { a: 1 }, { $setOnInsert: { b: 1, 'a.x': 1 } }, null],
  ['$setOnInsert on an insert', { _id: 1 }, { $setOnInsert: { b: 1 } }, { _id: 1, b: 1 }, { isInsert: true }],
  ['$inc of an int', { a: 1 }, { $inc: { a: 2 } }, { a: 3 }],
  ['$inc of what is missing', {}, { $inc: { 'a.b': 2 } }, { a: { b: 2 } }],
  ['$inc to a long', { a: 2147483647 }, { $inc: { a: 1 } }, { a: long('2147483648') }],
  ['$inc of a long', { a: long('9007199254740993') }, { $inc: { a: 2 } }, { a: long('9007199254740995') }],
  ['$inc by a double', { a: 1 }, { $inc: { a: 0.5 } }, { a: 1.5 }],
  ['$inc of a decimal', { a: dec('1.10') }, { $inc: { a: 1 } }, { a: dec('2.10') }],
  ['$inc by zero', { a: 1 }, { $inc: { a: 0 } }, null],
  ['$mul', { a: 6 }, { $mul: { a: 7 } }, { a: 42 }],
  ['$mul of what is missing', {}, { $mul: { a: long('7') } }, { a: Long.ZERO }],
  ['$mul by a decimal', { a: 2 }, { $mul: { a: dec('1.5') } }, { a: dec('3.0') }],
  ['$min', { a: 5 }, { $min: { a: 3 } }, { a: 3 }],
  ['$min that is not less', { a: 5 }, { $min: { a: new Double(5) } }, null],
  ['$min across types', { a: 'x' }, { $min: { a: 3 } }, { a: 3 }],
  ['$min of what is missing', {}, { $min: { a: 3 } }, { a: 3 }],
  ['$max', { a: 5 }, { $max: { a: dec('5.1') } }, { a: dec('5.1') }],
  ['$max that is not more', { a: new Date(9) }, { $max: { a: new Date(8) } }, null],
  ['$currentDate', {}, { $currentDate: { a: true, b: { $type: 'date' } } }, { a: NOW, b: NOW }],
  [
    '$currentDate of a timestamp',
    {},
    { $currentDate: { a: { $type: 'timestamp' } } },
    { a: new Timestamp({ t: 1_700_000_000, i: 1 }) },
  ],
  ['$rename', { a: 1, b: 2 }, { $rename: { a: 'c' } }, { b: 2, c: 1 }],
  ['$rename onto what is there', { a: 1, b: 2 }, { $rename: { a: 'b' } }, { b: 1 }],
  ['$rename into a document', { a: 1 }, { $rename: { a: 'x.y' } }, { x: { y: 1 } }],
  ['$rename out of a document', { x: { y: 1 } }, { $rename: { 'x.y': 'a' } }, { x: {}, a: 1 }],
  ['$rename of what is missing', { b: 1 }, { $rename: { a: 'b' } }, null],
  ['$push', { a: [1] }, { $push: { a: 2 } }, { a: [1, 2] }],
  ['$push makes the array', {}, { $push: { 'a.b': 2 } }, { a: { b: [2] } }],
  ['$push of an array is one element', { a: [] }, { $push: { a: [1, 2] } }, { a: [[1, 2]] }],
  ['$push $each', { a: [1] }, { $push: { a: { $each: [2, 3] } } }, { a: [1, 2, 3] }],
  ['$push of nothing', { a: [1] }, { $push: { a: { $each: [] } } }, null],
  ['$push of nothing makes an array', {}, { $push: { a: { $each: [] } } }, { a: [] }],
  ['$push at a position', { a: [1, 2] }, { $push: { a: { $each: [9], $position: 1 } } }, { a: [1, 9, 2] }],
  [
    '$push at a position from the end',
    { a: [1, 2, 3] },
    { $push: { a: { $each: [9], $position: -1 } } },
    { a: [1, 2, 9, 3] },
  ],
  [
    '$push at a position before the start',
    { a: [1, 2] },
    { $push: { a: { $each: [9], $position: -5 } } },
    { a: [9, 1, 2] },
  ],
  [
    '$push at a position past the end',
    { a: [1] },
    { $push: { a: { $each: [9], $position: 5 } } },
    { a: [1, 9] },
  ],
  ['$push and keep the last', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }],
  ['$push and keep the first', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: 2 } } }, { a: [1, 2] }],
  ['$push and keep none', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: 0 } } }, { a: [] }],
  ['$push and sort', { a: [3, 1] }, { $push: { a: { $each: [2], $sort: -1 } } }, { a: [3, 2, 1] }],
  [
    '$push, sort by a field, slice',
    { a: [{ x: 3 }, { x: 1 }] },
    { $push: { a: { $slice: 2, $sort: { x: 1 }, $each: [{ x: 2 }] } } },
    { a: [{ x: 1 }, { x: 2 }] },
  ],
  [
    '$push and sort by a path, missing first',
    { a: [{ x: { y: 1 } }, {}] },
    { $push: { a: { $each: [{ x: { y: 0 } }], $sort: { 'x.y': 1 } } } },
    { a: [{}, { x: { y: 0 } }, { x: { y: 1 } }] },
  ],
  ['$addToSet', { a: [1] }, { $addToSet: { a: 2 } }, { a: [1, 2] }],
  ['$addToSet of what is there, as another type', { a: [1] }, { $addToSet: { a: new Double(1) } }, null],
  ['$addToSet makes the array', {}, { $addToSet: { a: 1 } }, { a: [1] }],
  ['$addToSet $each, each once', { a: [1] }, { $addToSet: { a: { $each: [2, 2, 1] } } }, { a: [1, 2] }],
  [
    '$addToSet of documents by the order of keys',
    { a: [{ x: 1, y: 1 }] },
    { $addToSet: { a: { y: 1, x: 1 } } },
    {
      a: [
        { x: 1, y: 1 },
        { y: 1, x: 1 },
      ],
    },
  ],
  ['$pop the last', { a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }],
  ['$pop the first', { a: [1, 2, 3] }, { $pop: { a: -1 } }, { a: [2, 3] }],
  ['$pop of an empty array', { a: [] }, { $pop: { a: 1 } }, null],
  ['$pop of what is missing', {}, { $pop: { a: 1 } }, null],
  ['$pull of a value', { a: [1, 2, new Double(1)] }, { $pull: { a: 1 } }, { a: [2] }],
  ['$pull by a condition', { a: [1, 5, 9] }, { $pull: { a: { $gte: 5 } } }, { a: [1] }],
  ['$pull with $in', { a: [1, 2, 3] }, { $pull: { a: { $in: [1, 3] } } }, { a: [2] }],
  [
    '$pull by a filter',
    { a: [{ x: 1, y: 1 }, { x: 2 }, 1] },
    { $pull: { a: { x: 1 } } },
    { a: [{ x: 2 }, 1] },
  ],
  [
    '$pull with $or',
    { a: [{ x: 1 }, { y: 2 }, { z: 3 }] },
    { $pull: { a: { $or: [{ x: 1 }, { y: 2 }] } } },
    { a: [{ z: 3 }] },
  ],
  ['$pull by a regex', { a: ['ab', 'b'] }, { $pull: { a: new BSONRegExp('^a') } }, { a: ['b'] }],
  [
    '$pull with $elemMatch',
    { a: [{ b: [1, 5] }, { b: [1] }] },
    { $pull: { a: { b: { $elemMatch: { $gt: 3 } } } } },
    { a: [{ b: [1] }] },
  ],
  ['$pull of nothing', { a: [1] }, { $pull: { a: 7 } }, null],
  ['$pull of what is missing', {}, { $pull: { a: 7 } }, null],
  ['$pullAll', { a: [1, 2, 1, 3] }, { $pullAll: { a: [1, 3] } }, { a: [2] }],
  ['$bit', { a: 5 }, { $bit: { a: { and: 4 } } }, { a: 4 }],
  ['$bit of what is missing', {}, { $bit: { a: { or: 6 } } }, { a: 6 }],
  ['$bit with a long', { a: 1 }, { $bit: { a: { xor: long('4294967296') } } }, { a: long('4294967297') }],
  ['$bit, several', { a: 1 }, { $bit: { a: { or: 2, and: 2 } } }, { a: 2 }],
  ['the positional $', { a: [1, 2] }, { $set: { 'a.$': 9 } }, { a: [1, 9] }, { position: 1 }],
  [
    'the positional $ and more',
    { a: [{ b: 1 }, { b: 2 }] },
    { $inc: { 'a.$.b': 5 } },
    { a: [{ b: 1 }, { b: 7 }] },
    { position: 1 },
  ],
  [
    'the positional $ beside an index',
    { a: [{ b: 1 }] },
    { $set: { 'a.$.b': 2, 'a.0.c': 3 } },
    { a: [{ b: 2, c: 3 }] },
    { position: 0 },
  ],
  ['$[]', { a: [1, 2] }, { $inc: { 'a.$[]': 1 } }, { a: [2, 3] }],
  ['$[] and more', { a: [{ b: 1 }, {}] }, { $set: { 'a.$[].b': 5 } }, { a: [{ b: 5 }, { b: 5 }] }],
  [
    '$[] within $[]',
    { a: [{ b: [1, 2] }, { b: [3] }] },
    { $mul: { 'a.$[].b.$[]': 2 } },
    { a: [{ b: [2, 4] }, { b: [6] }] },
  ],
  [
    '$[id]',
    { a: [1, 5, 9] },
    { $set: { 'a.$[big]': 0 } },
    { a: [1, 0, 0] },
    { arrayFilters: [{ big: { $gte: 5 } }] },
  ],
  [
    '$[id] on documents',
    {
      a: [
        { k: 1, v: 1 },
        { k: 2, v: 1 },
      ],
    },
    { $inc: { 'a.$[e].v': 1 } },
    {
      a: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
      ],
    },
    { arrayFilters: [{ 'e.k': 2 }] },
  ],
  [
    '$[id] with $or',
    { a: [1, 2, 3] },
    { $set: { 'a.$[e]': 0 } },
    { a: [0, 2, 0] },
    { arrayFilters: [{ $or: [{ e: 1 }, { e: 3 }] }] },
  ],
  [
    'two identifiers',
    {
      a: [
        { t: 1, b: [1, 2] },
        { t: 2, b: [1] },
      ],
    },
    { $set: { 'a.$[x].b.$[y]': 0 } },
    {
      a: [
        { t: 1, b: [0, 2] },
        { t: 2, b: [1] },
      ],
    },
    { arrayFilters: [{ 'x.t': 1 }, { y: 1 }] },
  ],
  [
    '$[id] and $[] on different fields of one element',
    { a: [{ k: 1 }] },
    { $set: { 'a.$[].x': 1, 'a.$[e].y': 2 } },
    { a: [{ k: 1, x: 1, y: 2 }] },
    { arrayFilters: [{ 'e.k': 1 }] },
  ],
  ['$[id] that chooses nothing', { a: [1] }, { $set: { 'a.$[e]': 0 } }, null, { arrayFilters: [{ e: 9 }] }],
  ['replacement keeps _id in front', { _id: 1, a: 1 }, { b: 2 }, { _id: 1, b: 2 }],
  ['replacement with the same _id', { _id: 1, a: 1 }, { b: 2, _id: 1 }, { _id: 1, b: 2 }],
  ['replacement by the same', { _id: 1, a: 1 }, { a: 1 }, null],
  ['replacement by nothing', { _id: 1, a: 1 }, {}, { _id: 1 }],
  ['_id set to what it is', { _id: 1, a: 1 }, { $set: { _id: 1, a: 2 } }, { _id: 1, a: 2 }],
  [
    '_id set on an insert comes first',
    { a: 1 },
    { $setOnInsert: { _id: 5 } },
    { _id: 5, a: 1 },
    { isInsert: true },
  ],
  [
    'a name that objects inherit',
    {},
    { $set: { constructor: 1, 'x.toString': 2 } },
    { constructor: 1, x: { toString: 2 } } as unknown as Doc,
  ],
  [
    'a field of a reference',
    { a: { $ref: 'c', $id: 1 } },
    { $set: { 'a.$id': 2 } },
    { a: { $ref: 'c', $id: 2 } },
  ],
  ['a dollar name below the top', { a: { $b: 1 } }, { $set: { 'a.$b': 2 } }, { a: { $b: 2 } }],
  ['a dollar name at the top of an insert', {}, { $set: { $a: 1 } }, { $a: 1 }, { isInsert: true }],
];

for (const [name, doc, update, expected, options] of TABLE) {
  test(`updates: ${name}`, (t) => {
    const result = apply(doc, update, options);
    t.is(text(result.doc), text(expected ?? doc));
    t.is(result.modified, expected !== null);
  });
}

test('the document given is never changed, and what is not touched is shared', (t) => {
  const doc = wire({ _id: 1, a: { b: [1, { c: 2 }] }, d: { e: 1 } });
  const before = text(doc);
  const { doc: next } = compileUpdate(wire({ $set: { 'a.b.1.c': 5, 'a.x': 1 }, $push: { 'a.y': 1 } })).apply(
    doc,
    {
      isInsert: false,
      now: NOW,
    },
  );
  t.is(text(doc), before);
  t.not(next.a, doc.a);
  t.is(next.d, doc.d);
});

test('a noop returns the very document', (t) => {
  const doc = wire({ a: [1], b: 2, c: [1] });
  const updater = compileUpdate(wire({ $set: { b: 2 }, $pull: { a: 9 }, $addToSet: { c: 1 } }));
  t.is(updater.apply(doc, { isInsert: false, now: NOW }).doc, doc);
});

/** Updates that are refused: name, document, update, code, options. */
const ERRORS: [string, Doc, Doc, number, Options?][] = [
  ['$inc by a string', {}, { $inc: { a: 'x' } }, 14],
  ['$inc of a string', { a: 'x' }, { $inc: { a: 1 } }, 14],
  ['$inc of null', { a: null }, { $inc: { a: 1 } }, 14],
  ['$inc of an array', { a: [1] }, { $inc: { a: 1 } }, 14],
  ['$inc beyond 64 bits', { a: Long.MAX_VALUE }, { $inc: { a: 1 } }, 2],
  ['$mul of a string', { a: 'x' }, { $mul: { a: 1 } }, 14],
  ['$mul by null', { a: 1 }, { $mul: { a: null } }, 14],
  ['$set through a number', { a: 1 }, { $set: { 'a.b': 1 } }, 28],
  ['$set through null', { a: null }, { $set: { 'a.b': 1 } }, 28],
  ['$set of a name in an array', { a: [1] }, { $set: { 'a.b': 1 } }, 28],
  ['$set through an element', { a: [1] }, { $set: { 'a.0.b': 1 } }, 28],
  ['$set far beyond an array', { a: [] }, { $set: { 'a.2000000': 1 } }, 34],
  ['$inc through a string', { a: 'x' }, { $inc: { 'a.b': 1 } }, 28],
  ['$pop through a string', { a: 'x' }, { $pop: { 'a.b': 1 } }, 28],
  ['the same path twice', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
  ['a path and one within it', {}, { $set: { a: 1, 'a.b': 2 } }, 40],
  ['a path within and then it', {}, { $set: { 'a.b': 2 }, $unset: { a: 1 } }, 40],
  ['$[] and an index', { a: [1] }, { $set: { 'a.$[]': 1, 'a.0': 2 } }, 40],
  ['$ and the index it means', { a: [1] }, { $set: { 'a.$': 1, 'a.0': 2 } }, 40, { position: 0 }],
  [
    'two filters on one element',
    { a: [1] },
    { $set: { 'a.$[x]': 1, 'a.$[y]': 2 } },
    40,
    { arrayFilters: [{ x: 1 }, { y: 1 }] },
  ],
  ['$rename onto a path that is set', { a: 1 }, { $rename: { a: 'b' }, $set: { b: 1 } }, 40],
  ['an unknown modifier', {}, { $foo: { a: 1 } }, 9],
  ['a field beside modifiers', {}, { $set: { a: 1 }, b: 1 }, 9],
  ['a modifier of no fields', {}, { $set: 1 }, 9],
  ['an empty path', {}, { $set: { '': 1 } }, 56],
  ['an empty component', {}, { $set: { 'a..b': 1 } }, 56],
  ['an empty end', {}, { $set: { 'a.': 1 } }, 56],
  ['a dollar name', {}, { $set: { $a: 1 } }, 52],
  ['a dollar name in a replacement', {}, { a: 1, $b: 1 }, 52],
  ['_id changed', { _id: 1 }, { $set: { _id: 2 } }, 66],
  ['_id removed', { _id: 1 }, { $unset: { _id: 1 } }, 66],
  ['_id changed within', { _id: { a: 1 } }, { $set: { '_id.a': 2 } }, 66],
  ['_id renamed', { _id: 1 }, { $rename: { _id: 'a' } }, 66],
  ['_id incremented', { _id: 1 }, { $inc: { _id: 1 } }, 66],
  ['_id replaced', { _id: 1 }, { _id: 2, a: 1 }, 66],
  ['an array as _id', {}, { $set: { _id: [1] } }, 53, { isInsert: true }],
  ['an array as _id in a replacement', {}, { _id: [1] }, 53, { isInsert: true }],
  ['$push to a number', { a: 1 }, { $push: { a: 1 } }, 2],
  ['$push to null', { a: null }, { $push: { a: 1 } }, 2],
  ['$push $each of a number', {}, { $push: { a: { $each: 1 } } }, 2],
  ['$push with an unknown clause', {}, { $push: { a: { $each: [], $foo: 1 } } }, 2],
  ['$push $slice of a string', {}, { $push: { a: { $each: [], $slice: 'x' } } }, 2],
  ['$push $slice of a fraction', {}, { $push: { a: { $each: [], $slice: 1.5 } } }, 2],
  ['$push $position of a string', {}, { $push: { a: { $each: [], $position: 'x' } } }, 2],
  ['$push $sort of 2', {}, { $push: { a: { $each: [], $sort: 2 } } }, 2],
  ['$push $sort of a string', {}, { $push: { a: { $each: [], $sort: 'x' } } }, 2],
  ['$push $sort of nothing', {}, { $push: { a: { $each: [], $sort: {} } } }, 2],
  ['$addToSet to a number', { a: 1 }, { $addToSet: { a: 1 } }, 2],
  ['$addToSet $each of a number', {}, { $addToSet: { a: { $each: 1 } } }, 14],
  ['$addToSet $each and more', {}, { $addToSet: { a: { $each: [], x: 1 } } }, 2],
  ['$pop of a number', { a: 1 }, { $pop: { a: 1 } }, 14],
  ['$pop by 2', { a: [1] }, { $pop: { a: 2 } }, 9],
  ['$pop by a string', { a: [1] }, { $pop: { a: 'x' } }, 9],
  ['$pull from a number', { a: 1 }, { $pull: { a: 1 } }, 2],
  ['$pullAll from a string', { a: 'x' }, { $pullAll: { a: [1] } }, 2],
  ['$pullAll of a number', { a: [] }, { $pullAll: { a: 1 } }, 2],
  ['$pull by an unknown operator', { a: [] }, { $pull: { a: { $foo: 1 } } }, 2],
  ['$bit of a double', { a: 1.5 }, { $bit: { a: { and: 1 } } }, 2],
  ['$bit by a double', { a: 1 }, { $bit: { a: { and: 1.5 } } }, 2],
  ['$bit by an unknown operation', { a: 1 }, { $bit: { a: { nand: 1 } } }, 2],
  ['$bit of nothing', { a: 1 }, { $bit: { a: {} } }, 2],
  ['$bit of no document', { a: 1 }, { $bit: { a: 1 } }, 2],
  ['$currentDate of a number', {}, { $currentDate: { a: 1 } }, 2],
  ['$currentDate of an unknown type', {}, { $currentDate: { a: { $type: 'x' } } }, 2],
  ['$currentDate of an unknown option', {}, { $currentDate: { a: { x: 1 } } }, 2],
  ['$rename to a number', {}, { $rename: { a: 1 } }, 2],
  ['$rename to itself', {}, { $rename: { a: 'a' } }, 2],
  ['$rename within itself', {}, { $rename: { a: 'a.b' } }, 2],
  ['$rename from within a number', { a: 1 }, { $rename: { 'a.b': 'c' } }, 28],
  ['$rename out of an array', { a: [{ b: 1 }] }, { $rename: { 'a.0.b': 'c' } }, 2],
  ['$rename into an array', { a: [{}], c: 1 }, { $rename: { c: 'a.0.b' } }, 2],
  ['$rename with $', { a: [1] }, { $rename: { 'a.$': 'c' } }, 2],
  ['$ without a position', { a: [1] }, { $set: { 'a.$': 1 } }, 2],
  ['$ in front', {}, { $set: { '$.a': 1 } }, 2],
  ['two $', { a: [] }, { $set: { 'a.$.b.$': 1 } }, 2],
  ['$[] in front', {}, { $set: { '$[].a': 1 } }, 2],
  ['$[] of a number', { a: 1 }, { $set: { 'a.$[]': 1 } }, 2],
  ['$[] of what is missing', {}, { $set: { 'a.$[]': 1 } }, 2],
  ['$[id] without a filter', { a: [] }, { $set: { 'a.$[e]': 1 } }, 2],
  ['a filter that is not used', { a: [] }, { $set: { a: 1 } }, 9, { arrayFilters: [{ e: 1 }] }],
  [
    'two filters of one identifier',
    { a: [] },
    { $set: { 'a.$[e]': 1 } },
    9,
    { arrayFilters: [{ e: 1 }, { e: 2 }] },
  ],
  [
    'a filter of two identifiers',
    { a: [] },
    { $set: { 'a.$[e]': 1 } },
    9,
    { arrayFilters: [{ e: 1, f: 1 }] },
  ],
  ['an empty filter', { a: [] }, { $set: { 'a.$[e]': 1 } }, 9, { arrayFilters: [{}] }],
  ['a capital identifier', { a: [] }, { $set: { 'a.$[E]': 1 } }, 2, { arrayFilters: [{ E: 1 }] }],
  ['filters with a replacement', { a: [] }, { a: 1 }, 9, { arrayFilters: [{ e: 1 }] }],
];

for (const [name, doc, update, code, options] of ERRORS) {
  test(`refuses ${name} with ${code}`, (t) => {
    t.is(t.throws(() => apply(doc, update, options), { instanceOf: MongoletError })?.code, code);
  });
}

test('a pipeline is refused with 238', (t) => {
  t.is(t.throws(() => compileUpdate([{ $set: { a: 1 } }]), { instanceOf: MongoletError })?.code, 238);
});

test('messages quote what was received', (t) => {
  const message = (doc: Doc, update: Doc) => t.throws(() => apply(doc, update))?.message;
  t.is(
    message({ _id: 1, a: 'x' }, { $inc: { a: 1 } }),
    "Cannot apply $inc to a value of non-numeric type. {_id: 1} has the field 'a' of non-numeric type string",
  );
  t.is(message({ a: 5 }, { $set: { 'a.b': 1 } }), "Cannot create field 'b' in element {a: 5}");
  t.is(
    message({ _id: 1, a: 1 }, { $push: { a: 1 } }),
    "The field 'a' must be an array but is of type int in document {_id: 1}",
  );
  t.is(message({}, { $set: { a: 1, 'a.b': 1 } }), "Updating the path 'a.b' would create a conflict at 'a'");
});

const id = new ObjectId('65f0c0ffee65f0c0ffee65f0');

for (const [name, filter, expected] of [
  ['equalities', { b: 1, a: 'x', c: { $gt: 5 } }, { a: 'x', b: 1 }],
  ['_id in front', { a: 1, _id: id }, { _id: id, a: 1 }],
  ['$eq and an $in of one', { a: { $eq: 1 }, b: { $in: [2] }, c: { $in: [1, 2] } }, { a: 1, b: 2 }],
  ['$and, and an $or of one', { $and: [{ a: 1 }, { b: 2 }], $or: [{ c: 3 }] }, { a: 1, b: 2, c: 3 }],
  ['an $or of two says nothing', { $or: [{ a: 1 }, { b: 1 }] }, {}],
  ['paths', { 'a.b': 1, 'a.c': 2 }, { a: { b: 1, c: 2 } }],
  ['whole documents', { a: { b: 1 } }, { a: { b: 1 } }],
  ['null', { a: null }, { a: null }],
  ['a regex is no value', { a: new BSONRegExp('x') }, {}],
  ['negations are no values', { a: { $ne: 1 }, b: { $not: { $eq: 1 } }, $nor: [{ c: 1 }] }, {}],
] as [string, Doc, Doc][]) {
  test(`an upsert starts from ${name}`, (t) => {
    t.is(text(seedUpsert(wire(filter))), text(expected));
  });
}

for (const filter of [{ a: 1, $and: [{ a: 2 }] }, { a: { b: 1 }, 'a.b': 1 }, { a: { $all: [1, 2] } }]) {
  test(`an upsert cannot start from ${JSON.stringify(filter)}`, (t) => {
    t.is(t.throws(() => seedUpsert(wire(filter)), { instanceOf: MongoletError })?.code, 54);
  });
}

test('an upsert by replacement takes the _id of its seed alone', (t) => {
  const seed = seedUpsert(wire({ _id: 5, a: 1 }));
  const { doc } = compileUpdate(wire({ b: 2 })).apply(seed, { isInsert: true, now: NOW });
  t.is(text(doc), text({ _id: 5, b: 2 }));
});

test('new integer-like names come last, not first', (t) => {
  const { doc } = apply({ m: { x: 1 } }, { $set: { 'm.5': 1 } });
  t.deepEqual(keysOf(doc.m as Doc), ['x', '5']);
  t.is(new Int32(1).value, ((wire(doc).m as Doc)['5'] as Int32).value);
});
