/** The expression operators that are allowed: mingo's, but comparisons are MongoDB's own order. */
import { Context, evalExpr, type Context as MingoContext } from 'mingo/core';
import * as mingoAccumulators from 'mingo/operators/accumulator';
import * as mingoExpressions from 'mingo/operators/expression';
import { compareValues } from '../value/compare.ts';
import { fromPlain } from './plain-values.ts';

/** Left out: what runs code ($function), what depends on chance, and what mingo gets wrong. */
const ALLOWED = (
  '$abs $add $ceil $divide $exp $floor $ln $log $log10 $mod $multiply $pow $round $sqrt $subtract $trunc ' +
  '$arrayElemAt $arrayToObject $concatArrays $filter $first $in $indexOfArray $isArray $last $map $range $reduce ' +
  '$reverseArray $size $slice $sortArray $zip $and $not $or $cond $ifNull $switch $let $literal ' +
  '$dateAdd $dateDiff $dateFromParts $dateFromString $dateSubtract $dateToParts $dateToString $dateTrunc ' +
  '$dayOfMonth $dayOfWeek $dayOfYear $hour $isoDayOfWeek $isoWeek $isoWeekYear $millisecond $minute $month ' +
  '$second $week $year $getField $mergeObjects $objectToArray $setField $unsetField ' +
  '$allElementsTrue $anyElementTrue $setDifference $setEquals $setIntersection $setIsSubset $setUnion ' +
  '$concat $indexOfBytes $ltrim $regexFind $regexFindAll $regexMatch $replaceAll $replaceOne $rtrim $split ' +
  '$strLenBytes $strLenCP $strcasecmp $substr $substrBytes $substrCP $toLower $toUpper $trim ' +
  '$isNumber $toBool $toDate $toDouble $toInt $toLong $toString $type $convert'
).split(' ');

/** Accumulators that are expressions as well. */
const ALLOWED_ACCUMULATORS = ['$avg', '$max', '$min', '$sum'];

type Evaluate = (obj: unknown, expr: unknown, options: Parameters<typeof evalExpr>[2]) => unknown;
type Operators = Record<string, Evaluate>;

function comparison(test: (order: number) => unknown): Evaluate {
  return (obj, expr, options) => {
    const [a, b] = evalExpr(obj, expr, options) as unknown[];
    return test(compareValues(fromPlain(a), fromPlain(b)));
  };
}

const COMPARISONS: Operators = {
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $cmp: comparison((order) => Math.sign(order)),
};

function pick(from: Operators, names: readonly string[]): Operators {
  return Object.fromEntries(
    names.map((name) => {
      const operator = from[name];
      if (!operator) throw new Error(`mingo has no ${name}`);
      return [name, operator];
    }),
  );
}

/** Whether an operator may stand in an expression. */
export function isAllowedOperator(name: string): boolean {
  return KNOWN.has(name);
}

const KNOWN = new Set([...ALLOWED, ...ALLOWED_ACCUMULATORS, ...Object.keys(COMPARISONS)]);

// mingo types each operator by itself, and the union of them all is too much for the compiler: hence the detour.
const operators: unknown = {
  expression: { ...pick(mingoExpressions as unknown as Operators, ALLOWED), ...COMPARISONS },
  accumulator: pick(mingoAccumulators as unknown as Operators, ALLOWED_ACCUMULATORS),
};

/** The context in which mingo evaluates. */
export const expressionContext: MingoContext = Context.init(operators as Parameters<typeof Context.init>[0]);
