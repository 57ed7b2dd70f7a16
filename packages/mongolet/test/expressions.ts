/** What the tests of expressions share: a document, and tables of what expressions make of it. */
import type { TestFn } from 'ava';
import { Decimal128, Double, EJSON, Int32, Long } from 'bson';
import { compileExpression } from '../src/aggregate/expression.ts';
import { MongoletError } from '../src/errors.ts';
import { type Doc, decode, encode, type Value } from '../src/value/codec.ts';

export const int = (value: number) => new Int32(value);
export const long = (text: string) => Long.fromString(text);
export const double = (value: number) => new Double(value);
export const dec = (text: string) => Decimal128.fromString(text);
export const DATE = new Date('2024-02-29T12:30:15.250Z');

const DOC: Doc = {
  _id: int(1),
  n: int(7),
  big: long('9007199254740993'),
  half: double(2.5),
  exact: dec('0.10'),
  text: 'Grüße',
  list: [int(3), long('1'), double(2)],
  docs: [
    { k: 'a', v: int(1) },
    { k: 'b', v: int(2) },
  ],
  nothing: null,
  date: DATE,
  flag: true,
};

const wire = (doc: Doc): Doc => decode(encode(doc));
const evaluate = (expression: Value): Value | undefined =>
  compileExpression(wire({ e: expression }).e, { outer: int(5) })(wire(DOC));
/** Types and digits and all; `missing` for a value that is none. */
const text = (value: Value | undefined): string =>
  value === undefined ? 'missing' : EJSON.stringify(wire({ v: value }), { relaxed: false });

/** Tests what expressions give: undefined is a missing value. */
export function testValues(test: TestFn, table: readonly [Value, Value | undefined][]): void {
  for (const [expression, wanted] of table) {
    test(`${titleOf(expression)} is ${text(wanted)}`, (t) => {
      t.is(text(evaluate(expression)), text(wanted));
    });
  }
}

/** Tests with which codes expressions are refused, at once or when they are evaluated. */
export function testRefusals(test: TestFn, table: readonly [Value, number][]): void {
  for (const [expression, code] of table) {
    test(`${titleOf(expression)} is refused with ${code}`, (t) => {
      t.is(t.throws(() => evaluate(expression), { instanceOf: MongoletError })?.code, code);
    });
  }
}

function titleOf(expression: Value): string {
  return EJSON.stringify({ e: expression }, { relaxed: false }).slice(5, -1);
}
