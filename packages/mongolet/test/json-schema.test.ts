/** `$jsonSchema`, keyword by keyword: what keeps it, what does not, and what a schema may not say. */
import test from 'ava';
import { Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { MongoletError } from '../src/errors.ts';
import { compileFilter } from '../src/match/index.ts';
import { parseSchema } from '../src/match/json-schema/schema.ts';
import type { Doc } from '../src/value/document.ts';

const int = (value: number) => new Int32(value);
const double = (value: number) => new Double(value);

/** The schema of field `a`, values that keep it, and values that do not. */
const points: [string, Doc, unknown[], unknown[]][] = [
  ['bsonType', { bsonType: 'int' }, [int(1)], [double(1), 'x', null, Long.ONE]],
  ['bsonType of several', { bsonType: ['string', 'null'] }, ['x', null], [int(1), []]],
  [
    'bsonType number',
    { bsonType: 'number' },
    [int(1), double(1), Long.ONE, Decimal128.fromString('1')],
    ['1'],
  ],
  ['bsonType objectId', { bsonType: 'objectId' }, [new ObjectId()], ['0'.repeat(24)]],
  ['bsonType array is not that of its elements', { bsonType: 'string' }, [], [['x']]],
  ['type', { type: 'boolean' }, [true], [int(1), 'true']],
  ['type of several', { type: ['number', 'object'] }, [double(1), {}], ['x', []]],
  [
    'enum',
    { enum: ['a', int(1), null, { x: int(1), y: int(2) }] },
    ['a', double(1), null],
    ['b', int(2), []],
  ],
  [
    'enum knows no order of fields',
    { enum: [{ x: int(1), y: int(2) }] },
    [{ y: int(2), x: int(1) }],
    [{ x: int(1) }],
  ],
  ['minimum', { minimum: int(5) }, [int(5), double(5.5), 'x', null], [int(4), Decimal128.fromString('4.9')]],
  ['exclusiveMinimum', { minimum: int(5), exclusiveMinimum: true }, [double(5.1)], [int(5)]],
  ['maximum', { maximum: int(5) }, [int(5)], [Long.fromNumber(6)]],
  ['exclusiveMaximum', { maximum: int(5), exclusiveMaximum: true }, [int(4)], [int(5)]],
  ['multipleOf', { multipleOf: double(0.1) }, [double(0.3), int(2), 'x'], [double(0.35)]],
  ['multipleOf of integers', { multipleOf: int(4) }, [int(-8), double(12)], [int(6), double(Number.NaN)]],
  ['minLength in code points', { minLength: int(2) }, ['ab', '😀😀', int(1)], ['😀', '']],
  ['maxLength', { maxLength: int(2) }, ['😀😀'], ['abc']],
  ['pattern', { pattern: '^a' }, ['abc', int(1)], ['ba']],
  ['items', { items: { bsonType: 'int' } }, [[int(1), int(2)], [], 'x'], [[int(1), 'x']]],
  [
    'items as a list',
    { items: [{ bsonType: 'int' }, { bsonType: 'string' }] },
    [[int(1)], [int(1), 'x', null]],
    [[int(1), int(2)]],
  ],
  ['additionalItems: false', { items: [{}], additionalItems: false }, [[int(1)]], [[int(1), int(2)]]],
  ['additionalItems', { items: [{}], additionalItems: { bsonType: 'int' } }, [['x', int(1)]], [['x', 'y']]],
  ['additionalItems without a list', { items: {}, additionalItems: false }, [[int(1), int(2)]], []],
  ['minItems', { minItems: int(1) }, [[null], 'x'], [[]]],
  ['maxItems', { maxItems: int(1) }, [[], [null]], [[null, null]]],
  [
    'uniqueItems',
    { uniqueItems: true },
    [[int(1), int(2)], [], 'x'],
    [
      [int(1), double(1)],
      [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
    ],
  ],
  ['uniqueItems: false', { uniqueItems: false }, [[int(1), int(1)]], []],
  ['properties', { properties: { b: { bsonType: 'int' } } }, [{ b: int(1) }, {}, 'x'], [{ b: 'x' }]],
  ['required', { required: ['b', 'c'] }, [{ b: null, c: null }, 'x'], [{ b: int(1) }]],
  [
    'patternProperties',
    { patternProperties: { '^x': { bsonType: 'int' } } },
    [{ x1: int(1), y: 'y' }],
    [{ x1: 'x' }],
  ],
  [
    'additionalProperties: false',
    { properties: { b: {} }, patternProperties: { '^x': {} }, additionalProperties: false },
    [{ b: 1, x1: 1 }],
    [{ c: 1 }],
  ],
  [
    'additionalProperties',
    { properties: { b: {} }, additionalProperties: { bsonType: 'int' } },
    [{ b: 'x', c: int(1) }],
    [{ c: 'x' }],
  ],
  ['minProperties', { minProperties: int(1) }, [{ b: 1 }, 'x'], [{}]],
  ['maxProperties', { maxProperties: int(1) }, [{ b: 1 }], [{ b: 1, c: 1 }]],
  ['dependencies on fields', { dependencies: { b: ['c'] } }, [{ b: 1, c: 1 }, { c: 1 }], [{ b: 1 }]],
  [
    'dependencies on a schema',
    { dependencies: { b: { required: ['c'] } } },
    [{ b: 1, c: 1 }, {}],
    [{ b: 1 }],
  ],
  ['allOf', { allOf: [{ minimum: int(1) }, { maximum: int(3) }] }, [int(2)], [int(0), int(4)]],
  ['anyOf', { anyOf: [{ bsonType: 'string' }, { minimum: int(3) }] }, ['x', int(3)], [int(2)]],
  ['oneOf', { oneOf: [{ minimum: int(1) }, { minimum: int(3) }] }, [int(2)], [int(0), int(4)]],
  ['not', { not: { bsonType: 'string' } }, [int(1)], ['x']],
  ['title and description', { title: 'A', description: 'B' }, [int(1)], []],
  ['the empty schema', {}, [int(1), null, {}], []],
];

for (const [what, schema, good, bad] of points) {
  test(`$jsonSchema: ${what}`, (t) => {
    const matcher = compileFilter({ $jsonSchema: { properties: { a: schema } } });
    for (const a of good) t.true(matcher.matches({ a: a as Doc }), JSON.stringify(a));
    for (const a of bad) t.false(matcher.matches({ a: a as Doc }), JSON.stringify(a));
    t.true(matcher.matches({}), 'a field that is missing keeps every rule about it');
  });
}

const wrong: [string, Doc, number][] = [
  ['a schema that is none', { $jsonSchema: 'x' }, 14],
  ['an unknown keyword', { $jsonSchema: { minimun: 1 } }, 9],
  ['a keyword that MongoDB has not', { $jsonSchema: { $ref: '#' } }, 9],
  ['an unknown type', { $jsonSchema: { bsonType: 'money' } }, 2],
  ['type integer', { $jsonSchema: { type: 'integer' } }, 2],
  ['type and bsonType', { $jsonSchema: { type: 'object', bsonType: 'object' } }, 9],
  ['an empty enum', { $jsonSchema: { enum: [] } }, 9],
  ['an enum that repeats a value', { $jsonSchema: { enum: [int(1), double(1)] } }, 9],
  ['an empty required', { $jsonSchema: { required: [] } }, 9],
  ['a required that repeats a name', { $jsonSchema: { required: ['a', 'a'] } }, 9],
  ['an exclusiveMinimum without a minimum', { $jsonSchema: { exclusiveMinimum: true } }, 9],
  ['a minimum that is text', { $jsonSchema: { minimum: '1' } }, 14],
  ['a negative length', { $jsonSchema: { minLength: int(-1) } }, 9],
  ['multipleOf zero', { $jsonSchema: { multipleOf: int(0) } }, 9],
  ['an empty anyOf', { $jsonSchema: { anyOf: [] } }, 9],
  ['a mistake deep inside', { $jsonSchema: { properties: { a: { items: [{ wrong: 1 }] } } } }, 9],
  ['a place below the document', { a: { $elemMatch: { $and: [{ $jsonSchema: {} }] } } }, 2],
];

for (const [what, filter, code] of wrong) {
  test(`$jsonSchema refuses ${what}`, (t) => {
    const error = t.throws(() => compileFilter(filter), { instanceOf: MongoletError });
    t.is(error.code, code, error.message);
  });
}

test('what a document breaks is told rule by rule', (t) => {
  const schema = parseSchema({
    required: ['name', 'age'],
    properties: {
      name: {},
      age: { bsonType: 'int', description: 'years', minimum: int(0) },
      tags: { items: { enum: ['a', 'b'] } },
    },
    additionalProperties: false,
  });
  t.deepEqual(schema.explain({ age: int(-1), tags: ['a', 'x'], more: 1 }), [
    { operatorName: 'required', specifiedAs: { required: ['name', 'age'] }, missingProperties: ['name'] },
    {
      operatorName: 'properties',
      propertiesNotSatisfied: [
        {
          propertyName: 'age',
          description: 'years',
          details: [
            {
              operatorName: 'minimum',
              specifiedAs: { minimum: int(0) },
              reason: 'comparison failed',
              consideredValue: int(-1),
            },
          ],
        },
        {
          propertyName: 'tags',
          details: [
            {
              operatorName: 'items',
              reason: 'At least one item did not match the sub-schema',
              itemIndex: 1,
              details: [
                {
                  operatorName: 'enum',
                  specifiedAs: { enum: ['a', 'b'] },
                  reason: 'value was not found in enum',
                  consideredValue: 'x',
                },
              ],
            },
          ],
        },
      ],
    },
    {
      operatorName: 'additionalProperties',
      specifiedAs: { additionalProperties: false },
      additionalProperties: ['more'],
    },
  ]);
  t.deepEqual(schema.explain({ name: 'x', age: 'y' }), [
    {
      operatorName: 'properties',
      propertiesNotSatisfied: [
        {
          propertyName: 'age',
          description: 'years',
          details: [
            {
              operatorName: 'bsonType',
              specifiedAs: { bsonType: 'int' },
              reason: 'type did not match',
              consideredValue: 'y',
              consideredType: 'string',
            },
          ],
        },
      ],
    },
  ]);
});

test('combinations tell which of their schemas failed', (t) => {
  const anyOf = parseSchema({ anyOf: [{ bsonType: 'string' }, { minimum: int(3) }] });
  const [told] = anyOf.explain(int(1)) as { schemasNotSatisfied: { index: number }[] }[];
  t.deepEqual(
    told?.schemasNotSatisfied.map((one) => one.index),
    [0, 1],
  );
  t.deepEqual(parseSchema({ oneOf: [{}, {}] }).explain(int(1)), [
    { operatorName: 'oneOf', reason: 'more than one subschema matched', matchingSchemaIndexes: [0, 1] },
  ]);
});
