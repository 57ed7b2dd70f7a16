import test from 'ava';
import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import { MongoletError } from '../src/errors.ts';
import { compileFilter, equalityFields } from '../src/match/index.ts';
import { type Doc, decode, encode } from '../src/value/codec.ts';

const dec = (text: string) => Decimal128.fromString(text);
const id = new ObjectId('65f0c0ffee65f0c0ffee65f0');
const regex = (pattern: string, options = '') => new BSONRegExp(pattern, options);

/** As the server sees documents and filters: through the wire. */
const wire = (doc: Doc): Doc => decode(encode(doc));

/** Filter, documents that match, documents that do not. */
const TABLE: [string, Doc, Doc[], Doc[]][] = [
  [
    'equality across number types',
    { a: 1 },
    [{ a: 1 }, { a: new Double(1) }, { a: Long.ONE }, { a: dec('1.0') }],
    [{ a: 2 }, { a: '1' }, { a: true }, {}],
  ],
  [
    'equality of a large long',
    { a: Long.fromString('9007199254740993') },
    [{ a: dec('9007199254740993') }],
    [{ a: new Double(9007199254740992) }],
  ],
  ['0.1 is not the decimal 0.1', { a: new Double(0.1) }, [{ a: new Double(0.1) }], [{ a: dec('0.1') }]],
  [
    'equality with an element',
    { a: 1 },
    [{ a: [1, 2] }, { a: [new Double(1)] }],
    [{ a: [2] }, { a: [[1]] }, { a: [] }],
  ],
  [
    'equality with an array',
    { a: [1, 2] },
    [{ a: [1, 2] }, { a: [[1, 2], 3] }],
    [{ a: [2, 1] }, { a: [1, 2, 3] }, { a: 1 }],
  ],
  [
    'equality with a document, by the order of its keys',
    { a: { x: 1, y: 2 } },
    [{ a: { x: 1, y: new Double(2) } }, { a: [{ x: 1, y: 2 }] }],
    [{ a: { y: 2, x: 1 } }, { a: { x: 1 } }, { a: { x: 1, y: 2, z: 3 } }],
  ],
  ['an empty document', { a: {} }, [{ a: {} }], [{ a: { x: 1 } }, { a: null }, {}]],
  ['NaN equals NaN', { a: Number.NaN }, [{ a: Number.NaN }, { a: dec('NaN') }], [{ a: 1 }]],
  ['an ObjectId', { _id: id }, [{ _id: id }], [{ _id: id.toHexString() }, { _id: new ObjectId() }]],
  ['a date', { a: new Date(5) }, [{ a: new Date(5) }], [{ a: new Date(6) }, { a: 5 }]],
  [
    'binary with its subtype',
    { a: new Binary(Buffer.from([1]), 0) },
    [{ a: new Binary(Buffer.from([1]), 0) }],
    [{ a: new Binary(Buffer.from([1]), 4) }],
  ],
  [
    'null means missing, too',
    { a: null },
    [{ a: null }, {}, { a: [null] }, { a: [1, null] }],
    [{ a: 0 }, { a: false }, { a: [] }, { a: '' }],
  ],
  [
    'null on a path through scalars',
    { 'a.b': null },
    [{}, { a: 1 }, { a: {} }, { a: { b: null } }, { a: [{}] }, { a: [{ b: null }, 1] }],
    [{ a: { b: 1 } }, { a: [1, 2] }, { a: [] }, { a: [{ b: 1 }] }],
  ],
  [
    'a path through an array of documents',
    { 'a.b': 1 },
    [{ a: [{ b: 2 }, { b: 1 }] }, { a: { b: [1] } }, { a: [{ b: [3, 1] }] }],
    [{ a: [[{ b: 1 }]] }, { a: [1] }],
  ],
  [
    'a path with an index',
    { 'a.1': 2 },
    [{ a: [1, 2] }, { a: { 1: 2 } }, { a: [{ 1: 2 }] }],
    [{ a: [2, 1] }, { a: [1, [2]] }],
  ],
  [
    'a path with an index and more',
    { 'a.0.b': 1 },
    [{ a: [{ b: 1 }] }, { a: [[{ b: 1 }]] }],
    [{ a: [{ b: 2 }, { b: 1 }] }],
  ],
  ['$ne', { a: { $ne: 1 } }, [{ a: 2 }, {}, { a: null }, { a: [] }], [{ a: 1 }, { a: [2, 1] }]],
  ['$ne null', { a: { $ne: null } }, [{ a: 0 }, { a: [] }], [{}, { a: null }, { a: [null] }]],
  [
    '$gt only within its type',
    { a: { $gt: 5 } },
    [{ a: 6 }, { a: dec('5.1') }, { a: [1, 9] }],
    [{ a: 5 }, { a: '9' }, { a: null }, {}, { a: new Date() }],
  ],
  [
    '$gte and $lte',
    { a: { $gte: 1, $lte: 3 } },
    [{ a: 1 }, { a: 3 }, { a: [0, 5, 2] }, { a: [0, 1] }],
    [{ a: 0 }, { a: 4 }],
  ],
  [
    'bounds are met by different elements',
    { a: { $gt: 1, $lt: 3 } },
    [{ a: 2 }, { a: [0, 5] }],
    [{ a: [0] }, { a: [5] }],
  ],
  [
    '$lt on strings by UTF-8',
    { a: { $lt: '😀' } },
    [{ a: '\uffee' }, { a: 'z' }],
    [{ a: '😀' }, { a: '😁' }],
  ],
  ['$gte null means null or missing', { a: { $gte: null } }, [{ a: null }, {}], [{ a: 1 }]],
  ['$gt null means nothing', { a: { $gt: null } }, [], [{ a: null }, {}, { a: 1 }]],
  ['$lt with NaN never', { a: { $lt: 5 } }, [{ a: 4 }], [{ a: Number.NaN }]],
  ['$lte NaN is NaN', { a: { $lte: Number.NaN } }, [{ a: Number.NaN }], [{ a: 1 }]],
  [
    '$lt MaxKey is everything else',
    { a: { $lt: new MaxKey() } },
    [{ a: 1 }, { a: 'x' }, {}, { a: null }],
    [{ a: new MaxKey() }],
  ],
  [
    '$gt MinKey is everything else',
    { a: { $gt: new MinKey() } },
    [{ a: 1 }, { a: null }],
    [{ a: new MinKey() }],
  ],
  ['$gte MinKey is everything', { a: { $gte: new MinKey() } }, [{ a: 1 }, { a: new MinKey() }], []],
  [
    '$gt on documents',
    { a: { $gt: { x: 1 } } },
    [{ a: { x: 2 } }, { a: { x: 1, y: 1 } }],
    [{ a: { x: 1 } }, { a: 5 }],
  ],
  ['$gte on arrays', { a: { $gte: [1, 2] } }, [{ a: [1, 2] }, { a: [2] }], [{ a: [1] }, { a: 5 }]],
  ['$gt on booleans', { a: { $gt: false } }, [{ a: true }], [{ a: false }, { a: 1 }]],
  [
    '$lt on timestamps',
    { a: { $lt: new Timestamp({ t: 2, i: 0 }) } },
    [{ a: new Timestamp({ t: 1, i: 9 }) }],
    [{ a: new Date(0) }],
  ],
  [
    '$in',
    { a: { $in: [1, 'x', null, id] } },
    [{ a: new Double(1) }, { a: 'x' }, {}, { a: null }, { a: id }, { a: [9, 1] }],
    [{ a: 2 }, { a: 'y' }, { a: [] }],
  ],
  [
    '$in with many',
    { a: { $in: [9, 8, 7, 6, 5, 4, 3, 'b', 'a', true] } },
    [{ a: 7 }, { a: 'a' }, { a: true }],
    [{ a: 10 }, { a: false }],
  ],
  ['$in with a regex', { a: { $in: [regex('^x', 'i'), 1] } }, [{ a: 'Xy' }, { a: 1 }], [{ a: 'y' }]],
  ['$in with an array', { a: { $in: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [1] }]],
  ['an empty $in', { a: { $in: [] } }, [], [{ a: 1 }, {}]],
  ['$nin', { a: { $nin: [1, null] } }, [{ a: 2 }, { a: [] }], [{ a: 1 }, {}, { a: [1, 5] }]],
  ['$and', { $and: [{ a: 1 }, { b: 2 }] }, [{ a: 1, b: 2 }], [{ a: 1 }]],
  ['$or', { $or: [{ a: 1 }, { b: 2 }] }, [{ a: 1 }, { b: 2 }], [{ a: 2 }, {}]],
  ['$nor', { $nor: [{ a: 1 }, { b: 2 }] }, [{}, { a: 2 }], [{ a: 1 }, { b: 2 }]],
  ['$not', { a: { $not: { $gt: 5 } } }, [{ a: 5 }, {}, { a: 'x' }], [{ a: 6 }, { a: [1, 6] }]],
  ['$not of several', { a: { $not: { $gt: 1, $lt: 3 } } }, [{ a: 1 }, { a: 3 }, {}], [{ a: 2 }]],
  ['$not of a regex', { a: { $not: regex('^x') } }, [{ a: 'y' }, {}, { a: 1 }], [{ a: 'xy' }]],
  ['$exists true', { a: { $exists: true } }, [{ a: null }, { a: [] }, { a: 0 }], [{}]],
  ['$exists false', { a: { $exists: false } }, [{}], [{ a: null }]],
  [
    '$exists on a path through an array',
    { 'a.b': { $exists: true } },
    [{ a: [{}, { b: 1 }] }],
    [{ a: [1] }, { a: [{}] }],
  ],
  ['$exists 0', { a: { $exists: 0 } }, [{}], [{ a: 1 }]],
  ['$type by name', { a: { $type: 'string' } }, [{ a: 'x' }, { a: [1, 'x'] }], [{ a: 1 }, {}]],
  ['$type number', { a: { $type: 'number' } }, [{ a: 1 }, { a: dec('1') }, { a: Long.ONE }], [{ a: '1' }]],
  ['$type by number', { a: { $type: 16 } }, [{ a: new Int32(1) }], [{ a: new Double(1) }, { a: Long.ONE }]],
  ['$type array', { a: { $type: 'array' } }, [{ a: [] }, { a: [[]] }], [{ a: {} }]],
  ['$type of several', { a: { $type: ['bool', 'null'] } }, [{ a: true }, { a: null }], [{}, { a: 1 }]],
  ['$type minKey', { a: { $type: -1 } }, [{ a: new MinKey() }], [{ a: 1 }]],
  ['$size', { a: { $size: 2 } }, [{ a: [1, [2]] }], [{ a: [1] }, { a: 'xx' }, {}, { a: [[1, 2]] }]],
  ['$size on a path', { 'a.b': { $size: 1 } }, [{ a: [{ b: [1, 2] }, { b: [1] }] }], [{ a: { b: [] } }]],
  ['$all', { a: { $all: [1, 2] } }, [{ a: [2, 3, 1] }], [{ a: [1] }, { a: 1 }]],
  ['$all of one matches a scalar', { a: { $all: [1] } }, [{ a: 1 }, { a: [1] }], [{ a: 2 }]],
  ['$all with an array', { a: { $all: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2], 3] }], [{ a: [2, 1] }]],
  ['$all with a regex', { a: { $all: [regex('^x'), 'y'] } }, [{ a: ['y', 'xx'] }], [{ a: ['y'] }]],
  ['an empty $all', { a: { $all: [] } }, [], [{ a: [] }, {}, { a: 1 }]],
  [
    '$all with $elemMatch',
    { a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } },
    [{ a: [{ x: 2 }, { x: 1 }] }],
    [{ a: [{ x: 1 }] }],
  ],
  [
    '$elemMatch on documents',
    { a: { $elemMatch: { x: 1, y: { $gt: 2 } } } },
    [{ a: [{ x: 1, y: 3 }] }],
    [
      {
        a: [
          { x: 1, y: 1 },
          { x: 2, y: 3 },
        ],
      },
      { a: { x: 1, y: 3 } },
      {},
    ],
  ],
  [
    '$elemMatch on values',
    { a: { $elemMatch: { $gt: 1, $lt: 3 } } },
    [{ a: [0, 2] }],
    [{ a: [0, 5] }, { a: 2 }, { a: [[2]] }],
  ],
  ['$elemMatch with $ne', { a: { $elemMatch: { $ne: 1 } } }, [{ a: [1, 2] }], [{ a: [1] }, { a: [] }]],
  [
    '$elemMatch with $or',
    { a: { $elemMatch: { $or: [{ x: 1 }, { y: 1 }] } } },
    [{ a: [{ y: 1 }] }],
    [{ a: [{ x: 2 }] }],
  ],
  ['$elemMatch with $not', { a: { $elemMatch: { $not: { $gt: 1 } } } }, [{ a: [5, 1] }], [{ a: [5] }]],
  [
    '$elemMatch within $elemMatch',
    { a: { $elemMatch: { $elemMatch: { $gt: 1 } } } },
    [{ a: [[0, 2]] }],
    [{ a: [2] }],
  ],
  ['$elemMatch on arrays as documents', { a: { $elemMatch: { 0: 5 } } }, [{ a: [[5, 6]] }], [{ a: [5] }]],
  [
    '$mod',
    { a: { $mod: [4, 1] } },
    [{ a: 5 }, { a: new Double(5.9) }, { a: dec('9.9') }, { a: [2, 5] }],
    [{ a: 4 }, { a: 'x' }, { a: Number.NaN }, { a: -3 }],
  ],
  ['$mod of negatives', { a: { $mod: [4, -1] } }, [{ a: -5 }], [{ a: 3 }]],
  [
    '$bitsAllSet',
    { a: { $bitsAllSet: [0, 2] } },
    [{ a: 5 }, { a: 7 }, { a: new Binary(Buffer.from([5])) }],
    [{ a: 4 }, { a: new Double(5.5) }, { a: '5' }],
  ],
  ['$bitsAnySet by a mask', { a: { $bitsAnySet: 6 } }, [{ a: 2 }, { a: 4 }], [{ a: 1 }]],
  ['$bitsAllClear', { a: { $bitsAllClear: [1, 200] } }, [{ a: 5 }, { a: 0 }], [{ a: 2 }, { a: -1 }]],
  ['$bitsAnyClear by binary', { a: { $bitsAnyClear: new Binary(Buffer.from([3])) } }, [{ a: 1 }], [{ a: 3 }]],
  [
    'a regex',
    { a: regex('^ab') },
    [{ a: 'abc' }, { a: ['x', 'ab'] }, { a: regex('^ab') }],
    [{ a: 'xab' }, { a: 1 }, {}, { a: regex('^ab', 'i') }],
  ],
  ['$regex with $options', { a: { $regex: '^AB', $options: 'i' } }, [{ a: 'abc' }], [{ a: 'xab' }]],
  [
    '$regex with a regex and $options',
    { a: { $options: 'i', $regex: regex('^AB') } },
    [{ a: 'abc' }],
    [{ a: 'x' }],
  ],
  ['a regex with m', { a: regex('^b$', 'm') }, [{ a: 'a\nb\nc' }], [{ a: 'a\rb' }, { a: 'ab' }]],
  ['a regex with s', { a: regex('a.b', 's') }, [{ a: 'a\nb' }], [{ a: 'ab' }]],
  ['a regex without s', { a: regex('a.b') }, [{ a: 'a\rb' }], [{ a: 'a\nb' }]],
  ['a regex with x', { a: regex('a b # c', 'x') }, [{ a: 'ab' }], [{ a: 'a b' }]],
  ['a regex ends before a last newline', { a: regex('b$') }, [{ a: 'b\n' }, { a: 'ab' }], [{ a: 'b\nc' }]],
  ['a regex with an inline flag', { a: regex('(?i)AB') }, [{ a: 'xab' }], [{ a: 'b' }]],
  ['a regex with \\A and \\z', { a: regex('\\Aab\\z') }, [{ a: 'ab' }], [{ a: 'ab\n' }]],
  ['a regex with a POSIX class', { a: regex('^[[:alpha:]_]+$') }, [{ a: 'a_b' }], [{ a: 'a1' }]],
  ['a regex with a named group', { a: regex('(?P<x>a)(?P=x)') }, [{ a: 'aa' }], [{ a: 'ab' }]],
  [
    'a regex that escapes plain characters',
    { a: regex('^a\\-b\\@c\\/d$') },
    [{ a: 'a-b@c/d' }],
    [{ a: 'ab' }],
  ],
  ['a regex with \\Q', { a: regex('\\Qa.b\\E+') }, [{ a: 'a.bb' }], [{ a: 'axb' }]],
  ['a regex with braces as they are', { a: regex('a{x}{,2}') }, [{ a: 'a{x}{,2}' }], [{ a: 'a' }]],
  ['a regex on code points', { a: regex('^.$') }, [{ a: '😀' }], [{ a: 'ab' }]],
  ['\\s is of ASCII', { a: regex('^\\s$') }, [{ a: ' ' }, { a: '\t' }], [{ a: '\u00a0' }]],
  ['$comment', { $comment: 'x', a: { $eq: 1, $comment: 'y' } }, [{ a: 1 }], [{ a: 2 }]],
  ['$eq of a document with operators in it', { a: { $eq: { $gt: 1 } } }, [{ a: { $gt: 1 } }], [{ a: 2 }]],
  [
    'a reference',
    { a: { $ref: 'c', $id: 1 } },
    [{ a: { $ref: 'c', $id: 1 } }],
    [{ a: { $ref: 'c', $id: 2 } }],
  ],
  ['a field of a reference', { 'a.$id': 1 }, [{ a: { $ref: 'c', $id: 1 } }], [{ a: 1 }]],
  [
    'names that objects inherit',
    { constructor: null, toString: { $exists: false } },
    [{}],
    [{ constructor: 1 }],
  ],
  ['the empty filter', {}, [{}, { a: 1 }], []],
];

for (const [name, filter, yes, no] of TABLE) {
  test(`matches: ${name}`, (t) => {
    const matcher = compileFilter(wire(filter));
    for (const doc of yes) t.true(matcher.matches(wire(doc)), `should match ${JSON.stringify(doc)}`);
    for (const doc of no) t.false(matcher.matches(wire(doc)), `should not match ${JSON.stringify(doc)}`);
  });
}

/** Filters that are refused, with their code. */
const REFUSED: [Doc, number][] = [
  [{ a: { $foo: 1 } }, 2],
  [{ $foo: 1 }, 2],
  [{ a: { $gt: 1, b: 1 } }, 2],
  [{ $and: [] }, 2],
  [{ $or: {} }, 2],
  [{ $nor: [1] }, 2],
  [{ a: { $in: 1 } }, 2],
  [{ a: { $nin: 1 } }, 2],
  [{ a: { $in: [{ $gt: 1 }] } }, 2],
  [{ a: { $not: 1 } }, 2],
  [{ a: { $not: {} } }, 2],
  [{ a: { $ne: regex('x') } }, 2],
  [{ a: { $gt: regex('x') } }, 2],
  [{ a: { $type: 'foo' } }, 2],
  [{ a: { $type: 0 } }, 2],
  [{ a: { $type: true } }, 14],
  [{ a: { $type: [] } }, 9],
  [{ a: { $size: 'x' } }, 9],
  [{ a: { $size: -1 } }, 2],
  [{ a: { $size: 1.5 } }, 9],
  [{ a: { $mod: [0, 1] } }, 2],
  [{ a: { $mod: [1] } }, 2],
  [{ a: { $mod: [1, 2, 3] } }, 2],
  [{ a: { $mod: 1 } }, 2],
  [{ a: { $all: 1 } }, 2],
  [{ a: { $all: [{ $gt: 1 }] } }, 2],
  [{ a: { $all: [{ $elemMatch: {} }, 1] } }, 2],
  [{ a: { $elemMatch: 1 } }, 2],
  [{ a: { $options: 'i' } }, 2],
  [{ a: { $regex: 1 } }, 2],
  [{ a: { $regex: regex('a', 'i'), $options: 'm' } }, 51075],
  [{ a: { $regex: 'a', $options: 'q' } }, 51108],
  [{ a: { $regex: '(' } }, 51091],
  [{ a: { $regex: 'a++' } }, 51091],
  [{ a: { $regex: '(?>a)' } }, 51091],
  [{ a: { $bitsAllSet: 'x' } }, 2],
  [{ a: { $bitsAllSet: -1 } }, 9],
  [{ a: { $bitsAllSet: [-1] } }, 2],
  [{ $where: 'true' }, 115],
  [{ $text: { $search: 'x' } }, 115],
  [{ a: { $near: [0, 0] } }, 115],
  [{ a: { $geoIntersects: {} } }, 115],
  [{ $expr: { $eq: ['$a', 1] } }, 238],
  [{ a: { $elemMatch: { $where: 'true' } } }, 115],
];

for (const [filter, code] of REFUSED) {
  test(`refuses ${JSON.stringify(filter)} with ${code}`, (t) => {
    t.is(t.throws(() => compileFilter(wire(filter)), { instanceOf: MongoletError })?.code, code);
  });
}

test('$expr is compiled by the hook, and is true as MongoDB takes values for true', (t) => {
  const matcher = compileFilter({ $expr: '$a' }, () => (doc) => doc.a);
  for (const a of [true, 1, 'x', [], {}]) t.true(matcher.matches({ a }));
  for (const a of [false, 0, null, undefined, new Double(0), dec('0')]) t.false(matcher.matches({ a }));
});

for (const [filter, doc, position] of [
  [{ a: 2 }, { a: [1, 2] }, 1],
  [{ a: { $gte: 2 } }, { a: [1, 2, 3] }, 1],
  [{ 'a.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, 1],
  [{ 'a.b': 2 }, { a: [{ b: [5] }, { b: [7, 8, 2] }] }, 1],
  [{ a: { $elemMatch: { b: 2 } } }, { a: [{ b: 1 }, { b: 1 }, { b: 2 }] }, 2],
  [{ $and: [{ x: 1 }, { a: 2 }] }, { x: 1, a: [1, 2] }, 1],
  [{ a: 1, b: 5 }, { a: [1], b: [3, 4, 5] }, 2],
  [{ $or: [{ a: 2 }] }, { a: [1, 2] }, 1],
  [{ $or: [{ a: 2 }, { b: 1 }] }, { a: [1, 2] }, undefined],
  [{ a: 2 }, { a: 2 }, undefined],
  [{ a: 3 }, { a: [1, 2] }, undefined],
  [{ 'a.1': 2 }, { a: [1, 2] }, undefined],
  [{ a: { $size: 2 } }, { a: [1, 2] }, undefined],
] as [Doc, Doc, number | undefined][]) {
  test(`the position that ${JSON.stringify(filter)} finds in ${JSON.stringify(doc)}`, (t) => {
    t.is(compileFilter(filter).positions(doc), position);
  });
}

test('equalities: plain, $eq, an $in of one, and those within $and', (t) => {
  const filter = wire({
    a: 'x',
    b: { $eq: 'y', $exists: true },
    c: { $in: ['z'] },
    $and: [{ d: 'w' }, { e: { $gt: 1 } }],
    f: regex('x'),
    g: { $in: ['a', 'b'] },
    $or: [{ h: 'only' }],
    i: { $not: { $eq: 1 } },
    'j.k': null,
  });
  t.deepEqual(Object.fromEntries(equalityFields(filter)), {
    a: 'x',
    b: 'y',
    c: 'z',
    d: 'w',
    h: 'only',
    'j.k': null,
  });
});
