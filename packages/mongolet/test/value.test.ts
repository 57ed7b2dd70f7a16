import test from 'ava';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  deserialize,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import { MongoletError } from '../src/errors.ts';
import { decode, encode } from '../src/value/codec.ts';
import { compareValues, equalValues, identicalValues } from '../src/value/compare.ts';
import { docOf, getField, keysOf, removeField, setField, type Value } from '../src/value/document.ts';
import { encodeKey, keyRange, lowerBoundOfType, upperBoundOfType } from '../src/value/key.ts';
import { addNumbers, multiplyNumbers } from '../src/value/number.ts';
import { compoundIndexKeys, getPath, indexValues } from '../src/value/path.ts';
import { BSON_UNDEFINED } from '../src/value/type.ts';

const dec = (text: string) => Decimal128.fromString(text);
const long = (text: string) => Long.fromString(text);

/** BSON's order, one line per step; values on one line are equal. */
const ORDER: Value[][] = [
  [new MinKey()],
  [BSON_UNDEFINED],
  [null],
  [new Double(Number.NaN), dec('NaN')],
  [new Double(Number.NEGATIVE_INFINITY), dec('-Infinity')],
  [dec('-1E+400')],
  [new Double(-Number.MAX_VALUE)],
  [long('-9223372036854775808'), new Double(-(2 ** 63)), dec('-9223372036854775808')],
  [long('-9007199254740993')],
  [new Double(-9007199254740992), long('-9007199254740992')],
  [new Int32(-2)],
  [new Double(-1.5), dec('-1.5'), dec('-1.50')],
  [dec('-1E-6000')],
  [new Int32(0), new Double(0), new Double(-0), Long.ZERO, dec('0'), dec('-0'), dec('0E+100')],
  [dec('1E-6000')],
  [new Double(5e-324)],
  [dec('0.1')],
  [new Double(0.1)],
  [dec('0.1000000000000000055511151231257828')],
  [new Int32(1), new Double(1), Long.ONE, dec('1'), dec('1.000'), 1, 1n],
  [new Double(1.5)],
  [new Int32(2147483647)],
  [long('2147483648'), new Double(2147483648)],
  [new Double(9007199254740992), long('9007199254740992'), dec('9007199254740992')],
  [long('9007199254740993'), dec('9007199254740993')],
  [dec('9007199254740993.5')],
  [long('9007199254740994'), new Double(9007199254740994)],
  [long('9223372036854775806'), dec('9223372036854775806')],
  [long('9223372036854775807'), dec('9223372036854775807')],
  [new Double(2 ** 63), dec('9223372036854775808')],
  [new Double(1e300)],
  [dec('1E+6000')],
  [new Double(Number.POSITIVE_INFINITY), dec('Infinity')],
  [''],
  ['A'],
  ['a', new BSONSymbol('a')],
  ['a\0'],
  ['a\0b'],
  ['a\x01'],
  ['aa'],
  ['é'],
  ['\uffee'],
  ['😀'],
  [{}],
  [{ z: null }],
  [{ a: new Int32(1) }, { a: new Double(1) }],
  [{ a: new Int32(1), b: new Int32(1) }],
  [{ a: new Int32(2) }],
  [{ b: new Int32(1) }],
  [{ a: 'x' }],
  [{ a: {} }],
  [[]],
  [[null]],
  [[new Int32(1)]],
  [[new Int32(1), new Int32(2)]],
  [[new Int32(2)]],
  [['x']],
  [new Binary(Buffer.from([9]), 0)],
  [new Binary(Buffer.from([0]), 5)],
  [new Binary(Buffer.from([0, 0]), 0)],
  [new Binary(Buffer.from([0, 255]), 0)],
  [new ObjectId('000000000000000000000001')],
  [new ObjectId('7f0000000000000000000000')],
  [new ObjectId('800000000000000000000000')],
  [false],
  [true],
  [new Date(-8.64e15)],
  [new Date(-1)],
  [new Date(0)],
  [new Date(1)],
  [new Timestamp({ t: 1, i: 5 })],
  [new Timestamp({ t: 2, i: 0 })],
  [new Timestamp({ t: 0xffffffff, i: 0 })],
  [new BSONRegExp('a', '')],
  [new BSONRegExp('a', 'i')],
  [new BSONRegExp('b', '')],
  [new Code('a')],
  [new Code('a', { x: 1 })],
  [new MaxKey()],
];

const FLAT = ORDER.flatMap((values, rank) => values.map((value) => ({ value, rank })));

test('values of all types stand in BSON order, numbers exact across their types', (t) => {
  for (const a of FLAT) {
    for (const b of FLAT) {
      const expected = Math.sign(a.rank - b.rank);
      t.is(Math.sign(compareValues(a.value, b.value)), expected, `${a.rank} and ${b.rank}`);
      t.is(equalValues(a.value, b.value), expected === 0);
    }
  }
});

test('index keys stand in the same order, ascending and descending, alone and before another component', (t) => {
  const byDirection = ([1, -1] as const).map((direction) =>
    FLAT.map(({ value, rank }) => ({ rank, key: encodeKey([value], [direction]), direction })),
  );
  for (const keys of byDirection) {
    for (const a of keys) {
      for (const b of keys) {
        const expected = Math.sign(a.rank - b.rank) * a.direction;
        t.is(
          Math.sign(Buffer.compare(a.key, b.key)) + 0,
          expected + 0,
          `${a.rank} and ${b.rank} by ${a.direction}`,
        );
      }
    }
  }
  for (const first of [1, -1] as const) {
    for (const second of [1, -1] as const) {
      for (let i = 0; i + 1 < FLAT.length; i++) {
        const low = FLAT[i] as { value: Value; rank: number };
        const high = FLAT[i + 1] as { value: Value; rank: number };
        const a = encodeKey([low.value, new MaxKey()], [first, second]);
        const b = encodeKey([high.value, new MinKey()], [first, second]);
        const expected = low.rank === high.rank ? second : -first;
        t.is(Math.sign(Buffer.compare(a, b)), expected, `${low.rank} then ${high.rank}, ${first} ${second}`);
      }
    }
  }
});

test('missing compares before null but is null in an index', (t) => {
  t.is(compareValues(undefined, null), -1);
  t.deepEqual(encodeKey([undefined]), encodeKey([null]));
  t.is(Buffer.compare(encodeKey([BSON_UNDEFINED]), encodeKey([null])), -1);
});

test('the bounds of a type bracket hold all its keys and no other', (t) => {
  for (const direction of [1, -1] as const) {
    for (const a of FLAT) {
      const low = lowerBoundOfType(a.value, direction);
      const high = upperBoundOfType(a.value, direction);
      for (const b of FLAT) {
        const key = encodeKey([b.value], [direction]);
        const within = Buffer.compare(low, key) <= 0 && Buffer.compare(key, high) < 0;
        t.is(within, low[0] === key[0]);
      }
    }
  }
});

test('a key range scans what $gt and $lt mean, in both directions', (t) => {
  const values = [null, new Int32(1), new Double(2), new Int32(3), 'a'];
  const scan = (direction: 1 | -1, low: number | undefined, high: number | undefined, inclusive: boolean) => {
    const bound = (value: number | undefined) => (value === undefined ? undefined : { value, inclusive });
    const { start, end } = keyRange(Buffer.from([1]), direction, bound(low), bound(high));
    return values
      .filter((value) => {
        const key = Buffer.concat([Buffer.from([1]), encodeKey([value, 'x'], [direction, 1])]);
        return Buffer.compare(start, key) <= 0 && (end === undefined || Buffer.compare(key, end) < 0);
      })
      .map(String);
  };
  for (const direction of [1, -1] as const) {
    t.deepEqual(scan(direction, 1, undefined, false), ['2', '3']);
    t.deepEqual(scan(direction, 1, undefined, true), ['1', '2', '3']);
    t.deepEqual(scan(direction, undefined, 2, false), ['1']);
    t.deepEqual(scan(direction, 1, 3, true), ['1', '2', '3']);
    t.deepEqual(scan(direction, 1, 3, false), ['2']);
    t.is(scan(direction, undefined, undefined, false).length, values.length);
  }
});

test('identical means the same bytes', (t) => {
  t.true(identicalValues(new Int32(1), new Int32(1)));
  t.false(identicalValues(new Int32(1), new Double(1)));
  t.false(identicalValues(new Double(0), new Double(-0)));
  t.false(identicalValues(dec('1.0'), dec('1.00')));
  t.false(identicalValues({ a: 1, b: 1 }, { b: 1, a: 1 }));
  t.true(identicalValues({ a: [new Double(1)] }, { a: [new Double(1)] }));
});

const ALL_TYPES = {
  double: new Double(1),
  negativeZero: new Double(-0),
  text: 'grüße 😀 \0 end',
  nested: { a: [new Int32(1), null, { b: true }] },
  binary: new Binary(Buffer.from([1, 2, 3]), 0),
  oldBinary: new Binary(Buffer.from([1, 2, 3]), 2),
  uuid: new Binary(Buffer.alloc(16, 7), 4),
  id: new ObjectId('65f0c0ffee65f0c0ffee65f0'),
  date: new Date(-5),
  nothing: null,
  regex: new BSONRegExp('^a', 'im'),
  code: new Code('x'),
  scoped: new Code('x', { y: new Int32(1) }),
  symbol: new BSONSymbol('s'),
  int: new Int32(-7),
  time: new Timestamp({ t: 4000000000, i: 3 }),
  long: long('-9223372036854775808'),
  decimal: dec('1.10'),
  min: new MinKey(),
  max: new MaxKey(),
};

test('every type survives, byte for byte as js-bson writes it', (t) => {
  const bytes = encode(ALL_TYPES);
  t.deepEqual(Buffer.from(bytes), Buffer.from(serialize(ALL_TYPES)));
  t.deepEqual(Buffer.from(encode(decode(bytes))), Buffer.from(bytes));
  t.true(identicalValues(decode(bytes), ALL_TYPES));
  t.deepEqual(deserialize(bytes).text, ALL_TYPES.text);
});

test('native numbers, bigints and byte arrays are stored as js-bson stores them', (t) => {
  const doc = { a: 1, b: 1.5, c: 2 ** 31, d: -0, e: 5n, f: Buffer.from([1]), g: undefined };
  t.deepEqual(Buffer.from(encode(doc)), Buffer.from(serialize(doc)));
});

test('the BSON type undefined survives', (t) => {
  const bytes = Buffer.from([8, 0, 0, 0, 6, 97, 0, 0]);
  t.is(decode(bytes).a, BSON_UNDEFINED);
  t.deepEqual(Buffer.from(encode(decode(bytes))), bytes);
});

test('a document that looks like a DBRef stays one with its own order of keys', (t) => {
  const bytes = serialize({
    a: new Map<string, unknown>([
      ['$id', 1],
      ['$ref', 'x'],
      ['more', 2],
    ]),
  });
  t.deepEqual(keysOf(decode(bytes).a as { [key: string]: Value }), ['$id', '$ref', 'more']);
  t.deepEqual(Buffer.from(encode(decode(bytes))), Buffer.from(bytes));
});

test('integer-like keys keep their order through decode, spread, set and remove', (t) => {
  const bytes = serialize(
    new Map<string, unknown>([
      ['b', 1],
      ['2', 1],
      ['a', 1],
      ['1', 1],
    ]),
  );
  const doc = decode(bytes);
  t.deepEqual(keysOf(doc), ['b', '2', 'a', '1']);
  t.deepEqual(Buffer.from(encode(doc)), Buffer.from(bytes));
  const copy = { ...doc };
  setField(copy, '0', 1);
  removeField(copy, '2');
  setField(copy, '2', 1);
  t.deepEqual(keysOf(copy), ['b', 'a', '1', '0', '2']);
  t.deepEqual(keysOf(doc), ['b', '2', 'a', '1']);
  t.deepEqual(
    keysOf(
      docOf([
        ['x', 1],
        ['10', 1],
        ['9', 1],
      ]),
    ),
    ['x', '10', '9'],
  );
  t.true(
    equalValues(
      docOf([
        ['x', 1],
        ['1', 1],
      ]),
      decode(
        serialize(
          new Map([
            ['x', 1],
            ['1', 1],
          ]),
        ),
      ),
    ),
  );
  t.false(
    equalValues(
      docOf([
        ['x', 1],
        ['1', 1],
      ]),
      { 1: 1, x: 1 },
    ),
  );
});

test('__proto__ and inherited names are fields like any other', (t) => {
  const bytes = serialize(
    new Map<string, unknown>([
      ['__proto__', { x: 1 }],
      ['a', 1],
    ]),
  );
  const doc = decode(bytes);
  t.deepEqual(keysOf(doc), ['__proto__', 'a']);
  t.deepEqual(Buffer.from(encode(doc)), Buffer.from(bytes));
  t.is(getField({}, 'constructor'), undefined);
  t.is(getField({}, '__proto__'), undefined);
  t.is(getPath({ a: {} }, 'a.toString'), undefined);
  t.is(getPath({ a: 'text' }, 'a.length'), undefined);
});

for (const [name, bytes] of [
  ['a wrong size', [6, 0, 0, 0, 0]],
  ['no bytes', []],
  ['an unknown type', [8, 0, 0, 0, 0x33, 97, 0, 0]],
  ['a string that is cut short', [14, 0, 0, 0, 2, 97, 0, 99, 0, 0, 0, 98, 0, 0]],
  ['a string that is not UTF-8', [14, 0, 0, 0, 2, 97, 0, 2, 0, 0, 0, 0xff, 0, 0]],
] as const) {
  test(`bytes with ${name} are refused`, (t) => {
    t.is(t.throws(() => decode(Buffer.from(bytes)), { instanceOf: MongoletError })?.code, 22);
  });
}

test('paths: a number enters an array, a name does not', (t) => {
  const doc = { a: [{ b: 1 }, { b: 2 }], c: { d: { e: 3 } } };
  t.is(getPath(doc, 'a.1.b'), 2);
  t.is(getPath(doc, 'a.b'), undefined);
  t.is(getPath(doc, 'c.d.e'), 3);
  t.is(getPath(doc, 'c.x.e'), undefined);
});

for (const [doc, path, values, multikey] of [
  [{ a: 1 }, 'a', [1], false],
  [{}, 'a', [undefined], false],
  [{ a: null }, 'a', [null], false],
  [{ a: [1, 2] }, 'a', [1, 2], true],
  [{ a: [] }, 'a', [BSON_UNDEFINED], true],
  [{ a: [[1, 2], 3] }, 'a', [[1, 2], 3], true],
  [{ a: [{ b: 1 }, { b: 2 }] }, 'a.b', [1, 2], true],
  [{ a: [{ b: 1 }, 5, {}] }, 'a.b', [1, undefined, undefined], true],
  [{ a: [] }, 'a.b', [undefined], true],
  [{ a: { b: [] } }, 'a.b', [BSON_UNDEFINED], true],
  [{ a: [{ b: [1, 2] }, { b: 3 }] }, 'a.b', [1, 2, 3], true],
  [{ a: 5 }, 'a.b', [undefined], false],
  [{ a: [7, 8] }, 'a.1', [8], false],
] as [{ [key: string]: Value }, string, Value[], boolean][]) {
  test(`an index on ${path} of ${JSON.stringify(doc)}`, (t) => {
    t.deepEqual(indexValues(doc, path), { values, multikey });
  });
}

test('a compound index takes one array element by element, and refuses two', (t) => {
  const doc = {
    a: [
      { b: 1, c: 2 },
      { b: 3, c: 4 },
    ],
    d: 5,
    e: [1],
  };
  t.deepEqual(compoundIndexKeys(doc, ['a.b', 'a.c', 'd']).keys, [
    [1, 2, 5],
    [3, 4, 5],
  ]);
  t.deepEqual(compoundIndexKeys(doc, ['a.b', 'd']).multikeyPaths, [true, false]);
  t.is(t.throws(() => compoundIndexKeys(doc, ['a.b', 'e']), { instanceOf: MongoletError })?.code, 171);
});

for (const [name, actual, expected] of [
  ['int + int', addNumbers(new Int32(1), new Int32(2)), new Int32(3)],
  ['int overflow to long', addNumbers(new Int32(2147483647), new Int32(1)), long('2147483648')],
  ['long + int', addNumbers(long('9007199254740993'), new Int32(1)), long('9007199254740994')],
  ['long overflow', addNumbers(long('9223372036854775807'), new Int32(1)), undefined],
  ['int + double', addNumbers(new Int32(1), new Double(0.5)), new Double(1.5)],
  ['decimal + decimal', addNumbers(dec('0.1'), dec('0.2')), dec('0.3')],
  ['decimal + int', addNumbers(dec('1.10'), new Int32(1)), dec('2.10')],
  ['decimal + double of 15 digits', addNumbers(dec('1'), new Double(0.1)), dec('1.100000000000000')],
  [
    'decimal of 34 digits, half to even',
    addNumbers(dec('1E+34'), dec('5')),
    dec('1.000000000000000000000000000000000E+34'),
  ],
  [
    'decimal far apart',
    addNumbers(dec('1E+6000'), dec('1')),
    dec('1.000000000000000000000000000000000E+6000'),
  ],
  ['decimal infinity', addNumbers(dec('Infinity'), dec('-Infinity')), dec('NaN')],
  ['int * int', multiplyNumbers(new Int32(6), new Int32(7)), new Int32(42)],
  ['int * int to long', multiplyNumbers(new Int32(65536), new Int32(65536)), long('4294967296')],
  ['int zero has no sign', multiplyNumbers(new Int32(0), new Int32(-1)), new Int32(0)],
  ['long * long', multiplyNumbers(long('3037000500'), long('3037000499')), long('9223372033963249500')],
  ['decimal * decimal', multiplyNumbers(dec('1.5'), dec('2')), dec('3.0')],
  ['double * double', multiplyNumbers(new Double(0.1), new Double(3)), new Double(0.1 * 3)],
] as [string, Value, Value][]) {
  test(`arithmetic: ${name}`, (t) => {
    t.true(identicalValues(actual, expected), `${String(actual)} is not ${String(expected)}`);
  });
}

/** A small generator with a seed, so that a failure can be seen again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function randomValue(random: () => number, depth: number): Value {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const kind = Math.floor(random() * (depth > 2 ? 6 : 8));
  switch (kind) {
    case 0:
      return new Int32(Math.floor(random() * 5) - 2);
    case 1:
      return new Double(pick([0.1, -0.1, 1, 2 ** 53, 2 ** 63, 1e-320, Number.NaN, random()]));
    case 2:
      return Long.fromBits(Math.floor(random() * 3) - 1, Math.floor(random() * 5) * 0x200000);
    case 3:
      return dec(
        `${pick(['', '-'])}${Math.floor(random() * 100)}E${pick([-400, -2, -1, 0, 1, 15, 17, 400])}`,
      );
    case 4:
      return pick([
        '',
        'a',
        '\0',
        '\x01',
        '\x02',
        'a\0',
        'a\x01',
        '\uffff',
        '\u{10000}',
        null,
        BSON_UNDEFINED,
        true,
      ]);
    case 5:
      return new Binary(Buffer.from([Math.floor(random() * 3)]), pick([0, 5]));
    case 6:
      return Array.from({ length: Math.floor(random() * 3) }, () => randomValue(random, depth + 1));
    default:
      return docOf(
        Array.from({ length: Math.floor(random() * 3) }, () => [
          pick(['a', 'b', '1', '']),
          randomValue(random, depth + 1),
        ]),
      );
  }
}

test('keys of random values stand in the order of the values, for two components in all directions', (t) => {
  const random = createRandom(20260101);
  for (let i = 0; i < 20_000; i++) {
    const a = [randomValue(random, 0), randomValue(random, 0)];
    const b = [random() < 0.5 ? a[0] : randomValue(random, 0), randomValue(random, 0)];
    const first = random() < 0.5 ? 1 : -1;
    const second = random() < 0.5 ? 1 : -1;
    const expected = Math.sign(compareValues(a[0], b[0]) * first || compareValues(a[1], b[1]) * second);
    const actual = Math.sign(Buffer.compare(encodeKey(a, [first, second]), encodeKey(b, [first, second])));
    if (actual + 0 !== expected + 0) t.fail(`round ${i}: ${actual}, not ${expected}`);
  }
  t.pass();
});

test('random documents survive the way to bytes and back', (t) => {
  const random = createRandom(7);
  for (let i = 0; i < 2_000; i++) {
    const doc = { value: randomValue(random, 0), other: randomValue(random, 0) };
    const bytes = encode(doc);
    if (!identicalValues(decode(bytes), doc)) t.fail(`round ${i}`);
    if (Buffer.compare(encode(decode(bytes)), bytes) !== 0) t.fail(`round ${i}`);
  }
  t.pass();
});
