/** `$sum`, `$avg`, `$min` and `$max` as expressions: over their operands, or over the elements of a single array. */
import { compareValues } from '../../value/compare.ts';
import type { Value } from '../../value/document.ts';
import { NumberSum } from '../../value/sum.ts';
import { isNumber } from '../../value/type.ts';
import { isNullish, type OperatorCompiler, type OperatorTable, operator } from './operands.ts';

function total(apply: (values: readonly (Value | undefined)[]) => Value): OperatorCompiler {
  return operator(0, Number.POSITIVE_INFINITY, (values) => {
    const [only] = values;
    return apply(values.length === 1 && Array.isArray(only) ? (only as Value[]) : values);
  });
}

function sumOf(values: readonly (Value | undefined)[]): Value {
  const sum = new NumberSum();
  for (const value of values) if (isNumber(value)) sum.add(value);
  return sum.result();
}

function averageOf(values: readonly (Value | undefined)[]): Value {
  const numbers = values.filter(isNumber);
  if (numbers.length === 0) return null;
  const sum = new NumberSum();
  for (const value of numbers) sum.add(value);
  return sum.average(numbers.length);
}

function extremeOf(sign: 1 | -1) {
  return (values: readonly (Value | undefined)[]): Value => {
    let best: Value = null;
    for (const value of values) {
      if (isNullish(value)) continue;
      if (best === null || compareValues(value, best) * sign > 0) best = value;
    }
    return best;
  };
}

/** Totals by name. */
export const TOTALS: OperatorTable = {
  $sum: total(sumOf),
  $avg: total(averageOf),
  $min: total(extremeOf(-1)),
  $max: total(extremeOf(1)),
};
