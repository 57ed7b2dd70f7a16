/** The accumulators of `$group`, on BSON values: sums stay exact, extremes follow MongoDB's order. */
import { Int32 } from 'bson';
import { MongoletError } from '../errors.ts';
import { compareValues } from '../value/compare.ts';
import { type Doc, keysOf, setField, type Value } from '../value/document.ts';
import { encodeKey } from '../value/key.ts';
import { NumberSum } from '../value/sum.ts';
import { isDoc, isNumber } from '../value/type.ts';
import { compileExpression, type Expression, type Variables } from './expression.ts';

/** Takes in one value after the other, and tells the result. */
interface Accumulator {
  add(value: Value | undefined): void;
  result(): Value;
}

/** A field of a `$group`: its expression, and how to begin a group. */
export interface AccumulatorField {
  readonly expression: Expression;
  readonly begin: () => Accumulator;
}

const BEGIN: Record<string, () => Accumulator> = {
  $sum: beginSum,
  $avg: beginAverage,
  $min: () => beginExtreme(-1),
  $max: () => beginExtreme(1),
  $first: beginFirst,
  $last: beginLast,
  $push: beginPush,
  $addToSet: beginSet,
  $mergeObjects: beginMerge,
};

/** Reads `{$operator: expression}`. */
export function compileAccumulator(name: string, spec: Value, variables: Variables): AccumulatorField {
  const operator = isDoc(spec) ? keysOf(spec)[0] : undefined;
  if (!isDoc(spec) || operator === undefined || keysOf(spec).length !== 1) {
    throw new MongoletError(40234, `The field '${name}' must be an accumulator object`);
  }
  if (operator === '$count') return { expression: () => new Int32(1), begin: beginSum };
  const begin = BEGIN[operator];
  if (!begin) throw new MongoletError(15952, `unknown group operator '${operator}'`);
  return { expression: compileExpression(spec[operator], variables), begin };
}

function beginSum(): Accumulator {
  const sum = new NumberSum();
  return {
    add(value) {
      if (isNumber(value)) sum.add(value);
    },
    result: () => sum.result(),
  };
}

function beginAverage(): Accumulator {
  let count = 0;
  const sum = new NumberSum();
  return {
    add(value) {
      if (!isNumber(value)) return;
      count += 1;
      sum.add(value);
    },
    result: () => (count === 0 ? null : sum.average(count)),
  };
}

function beginExtreme(sign: 1 | -1): Accumulator {
  let best: Value = null;
  return {
    add(value) {
      if (value === undefined || value === null) return;
      if (best === null || compareValues(value, best) * sign > 0) best = value;
    },
    result: () => best,
  };
}

function beginFirst(): Accumulator {
  let first: { value: Value } | undefined;
  return {
    add(value) {
      first ??= { value: value ?? null };
    },
    result: () => first?.value ?? null,
  };
}

function beginLast(): Accumulator {
  let last: Value = null;
  return {
    add(value) {
      last = value ?? null;
    },
    result: () => last,
  };
}

function beginPush(): Accumulator {
  const values: Value[] = [];
  return {
    add(value) {
      if (value !== undefined) values.push(value);
    },
    result: () => values,
  };
}

function beginSet(): Accumulator {
  const values = new Map<string, Value>();
  return {
    add(value) {
      if (value === undefined) return;
      const identity = encodeKey([value]).toString('latin1');
      if (!values.has(identity)) values.set(identity, value);
    },
    result: () => [...values.values()],
  };
}

function beginMerge(): Accumulator {
  const merged: Doc = {};
  return {
    add(value) {
      if (isDoc(value)) for (const key of keysOf(value)) setField(merged, key, value[key]);
    },
    result: () => merged,
  };
}
