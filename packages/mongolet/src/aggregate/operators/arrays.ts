/** Operators on arrays; elements keep their types. */
import { Int32 } from 'bson';
import { MongoletError } from '../../errors.ts';
import { compileSort } from '../../sort/index.ts';
import { compareValues, equalValues } from '../../value/compare.ts';
import type { Doc, Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { isDoc, isNumber, typeNameOf } from '../../value/type.ts';
import {
  arrayOperand,
  intOperand,
  isNullish,
  namedOperands,
  type OperatorCompiler,
  type OperatorTable,
  operator,
  unary,
} from './operands.ts';

const MANY = Number.POSITIVE_INFINITY;

function elementAt(array: readonly Value[], index: number): Value | undefined {
  return index < 0 ? array[array.length + index] : array[index];
}

function arrayElemAt([array, index]: (Value | undefined)[], name: string): Value | undefined {
  if (isNullish(array) || isNullish(index)) return null;
  return elementAt(arrayOperand(array, 28689, name), intOperand(index, 28691, name));
}

function endOf(index: 0 | -1): OperatorCompiler {
  return unary((array, name) =>
    isNullish(array) ? null : elementAt(arrayOperand(array, 28689, name), index),
  );
}

function concatArrays(arrays: (Value | undefined)[], name: string): Value {
  if (arrays.some(isNullish)) return null;
  return arrays.flatMap((array) => arrayOperand(array, 28664, name));
}

function includes([value, array]: (Value | undefined)[], name: string): Value {
  return arrayOperand(array, 40081, name).some((element) => equalValues(element, value));
}

function indexOfArray([array, wanted, start, end]: (Value | undefined)[], name: string): Value {
  if (isNullish(array)) return null;
  const elements = arrayOperand(array, 40090, name);
  const from = start === undefined ? 0 : boundary(start, name);
  const to = Math.min(end === undefined ? elements.length : boundary(end, name), elements.length);
  for (let i = from; i < to; i++) if (equalValues(elements[i], wanted)) return new Int32(i);
  return new Int32(-1);
}

function boundary(value: Value, name: string): number {
  const index = intOperand(value, 40096, name);
  if (index < 0) throw new MongoletError(40097, `${name} requires a nonnegative index, found: ${index}`);
  return index;
}

const MAX_RANGE = 10_000_000;

function range([start, end, step]: (Value | undefined)[], name: string): Value {
  const from = intOperand(start, 34443, name);
  const to = intOperand(end, 34445, name);
  const by = step === undefined ? 1 : intOperand(step, 34447, name);
  if (by === 0) throw new MongoletError(34449, `${name} requires a non-zero step value`);
  if ((to - from) / by > MAX_RANGE) throw new MongoletError(146, `${name} would use too much memory`);
  const values: Value[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) values.push(new Int32(i));
  return values;
}

function slice([array, first, second]: (Value | undefined)[], name: string): Value {
  if (isNullish(array) || isNullish(first) || second === null) return null;
  const elements = arrayOperand(array, 28724, name);
  const n = intOperand(first, 28725, name);
  if (second === undefined) return n >= 0 ? elements.slice(0, n) : elements.slice(n);
  const count = intOperand(second, 28727, name);
  if (count <= 0) throw new MongoletError(28729, `Third argument to ${name} must be positive: ${count}`);
  const start = n >= 0 ? n : Math.max(0, elements.length + n);
  return elements.slice(start, start + count);
}

const sortArray: OperatorCompiler = (spec, compile, name) => {
  const { input, sortBy } = namedOperands(spec, name, ['input', 'sortBy']);
  const array = compile(input);
  const order = elementOrder(sortBy);
  return (doc, locals) => {
    const value = array(doc, locals);
    return isNullish(value) ? null : [...arrayOperand(value, 2942504, name)].sort(order);
  };
};

function elementOrder(sortBy: Value): (a: Value, b: Value) => number {
  if (isDoc(sortBy)) {
    const order = compileSort(sortBy);
    // What is no document has none of the fields.
    const docOf = (value: Value): Doc => (isDoc(value) ? value : {});
    return (a, b) => order(docOf(a), docOf(b));
  }
  const direction = isNumber(sortBy) ? toExactInteger(sortBy) : undefined;
  if (direction !== 1n && direction !== -1n) {
    throw new MongoletError(2942507, "$sortArray: 'sortBy' must be a document, 1 or -1");
  }
  const sign = Number(direction);
  return (a, b) => compareValues(a, b) * sign;
}

const zip: OperatorCompiler = (spec, compile, name) => {
  const doc = namedOperands(spec, name, ['inputs'], ['useLongestLength', 'defaults']);
  const isLongest = doc.useLongestLength === true;
  if (doc.defaults !== undefined && !isLongest) {
    throw new MongoletError(34467, 'cannot specify defaults unless useLongestLength is true');
  }
  const inputs = compile(doc.inputs);
  const defaults = doc.defaults === undefined ? undefined : compile(doc.defaults);
  return (one, locals) => {
    const arrays = inputs(one, locals);
    if (!Array.isArray(arrays)) throw new MongoletError(34461, `inputs must be an array of expressions`);
    if (arrays.some(isNullish)) return null;
    const columns = arrays.map((array: Value) => arrayOperand(array, 34468, name));
    const others = defaults?.(one, locals);
    const lengths = columns.map((column) => column.length);
    const rows = lengths.length === 0 ? 0 : isLongest ? Math.max(...lengths) : Math.min(...lengths);
    return Array.from({ length: rows }, (_, row) =>
      columns.map((column, i) =>
        row < column.length ? column[row] : Array.isArray(others) ? (others[i] ?? null) : null,
      ),
    );
  };
};

/** Operators on arrays by name. */
export const ARRAYS: OperatorTable = {
  $arrayElemAt: operator(2, 2, arrayElemAt),
  $concatArrays: operator(0, MANY, concatArrays),
  $first: endOf(0),
  $last: endOf(-1),
  $in: operator(2, 2, includes),
  $indexOfArray: operator(2, 4, indexOfArray),
  $isArray: unary((value) => Array.isArray(value)),
  $range: operator(2, 3, range),
  $reverseArray: unary((value, name) =>
    isNullish(value) ? null : [...arrayOperand(value, 34435, name)].reverse(),
  ),
  $size: unary((value) => {
    if (Array.isArray(value)) return new Int32(value.length);
    throw new MongoletError(
      17124,
      `The argument to $size must be an array, but was of type: ${typeNameOf(value)}`,
    );
  }),
  $slice: operator(2, 3, slice),
  $sortArray: sortArray,
  $zip: zip,
};
