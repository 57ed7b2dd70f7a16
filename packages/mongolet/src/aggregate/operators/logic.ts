/** Comparisons in BSON's order, and what decides by them. */
import { Int32 } from 'bson';
import { errorOf, MongoletError } from '../../errors.ts';
import { isTrue } from '../../match/shape.ts';
import { compareValues } from '../../value/compare.ts';
import { keysOf, type Value } from '../../value/document.ts';
import { isDoc } from '../../value/type.ts';
import {
  isNullish,
  namedOperands,
  type OperatorCompiler,
  type OperatorTable,
  operandsOf,
  operator,
  unary,
} from './operands.ts';

const MANY = Number.POSITIVE_INFINITY;

function comparison(test: (order: number) => Value): OperatorCompiler {
  return operator(2, 2, ([a, b]) => test(compareValues(a, b)));
}

const conjunction: OperatorCompiler = (spec, compile, name) => {
  const parts = operandsOf(spec, name, 0, MANY).map((part) => compile(part));
  return (doc, locals) => parts.every((part) => isTrue(part(doc, locals)));
};

const disjunction: OperatorCompiler = (spec, compile, name) => {
  const parts = operandsOf(spec, name, 0, MANY).map((part) => compile(part));
  return (doc, locals) => parts.some((part) => isTrue(part(doc, locals)));
};

const condition: OperatorCompiler = (spec, compile, name) => {
  const [test, then, otherwise] = (
    isDoc(spec) && !keysOf(spec)[0]?.startsWith('$') ? branchesOf(spec, name) : operandsOf(spec, name, 3, 3)
  ).map((part) => compile(part));
  return (doc, locals) => (isTrue(test?.(doc, locals)) ? then : otherwise)?.(doc, locals);
};

function branchesOf(spec: Value, name: string): Value[] {
  const doc = namedOperands(spec, name, ['if', 'then', 'else']);
  return [doc.if, doc.then, doc.else];
}

const firstPresent: OperatorCompiler = (spec, compile, name) => {
  const parts = operandsOf(spec, name, 2, MANY).map((part) => compile(part));
  return (doc, locals) => {
    let value: Value | undefined;
    for (const part of parts) {
      value = part(doc, locals);
      if (!isNullish(value)) return value;
    }
    return value;
  };
};

const choice: OperatorCompiler = (spec, compile, name) => {
  const { branches, default: otherwise } = namedOperands(spec, name, ['branches'], ['default']);
  if (!Array.isArray(branches) || branches.length === 0) {
    throw new MongoletError(40068, '$switch requires at least one branch');
  }
  const cases = branches.map((branch: Value) => {
    if (!isDoc(branch) || branch.case === undefined || branch.then === undefined) {
      throw errorOf('FailedToParse', "$switch requires each branch to have a 'case' and a 'then' expression");
    }
    return { test: compile(branch.case), value: compile(branch.then) };
  });
  const fallback = otherwise === undefined ? undefined : compile(otherwise);
  return (doc, locals) => {
    for (const { test, value } of cases) if (isTrue(test(doc, locals))) return value(doc, locals);
    if (fallback) return fallback(doc, locals);
    throw new MongoletError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
};

/** Comparison and choice by name. */
export const LOGIC: OperatorTable = {
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $cmp: comparison((order) => new Int32(Math.sign(order))),
  $and: conjunction,
  $or: disjunction,
  $not: unary((value) => !isTrue(value)),
  $cond: condition,
  $ifNull: firstPresent,
  $switch: choice,
};
