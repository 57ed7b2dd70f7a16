/** Operators on documents; fields keep their types and their order. */
import { errorOf, MongoletError } from '../../errors.ts';
import {
  copyDoc,
  type Doc,
  docOf,
  getField,
  keysOf,
  removeField,
  setField,
  type Value,
} from '../../value/document.ts';
import { isDoc, typeNameOf } from '../../value/type.ts';
import type { Expression } from '../expression.ts';
import {
  type CompileOperand,
  isNullish,
  namedOperands,
  type OperatorCompiler,
  type OperatorTable,
  operator,
  unary,
} from './operands.ts';

const getFieldOperator: OperatorCompiler = (spec, compile, name) => {
  const isShort = typeof spec === 'string' || !isDoc(spec) || keysOf(spec)[0]?.startsWith('$') === true;
  const { field, input } = isShort
    ? { field: spec, input: undefined }
    : namedOperands(spec, name, ['field'], ['input']);
  const key = fieldNameOf(field, compile);
  const from = compile(input ?? '$$CURRENT');
  return (doc, locals) => {
    const wanted = key(doc, locals);
    if (typeof wanted !== 'string') {
      throw new MongoletError(
        3041704,
        `$getField requires 'field' to evaluate to type String, but got ${typeNameOf(wanted)}`,
      );
    }
    const value = from(doc, locals);
    if (isDoc(value)) return getField(value, wanted);
    return value === null ? null : undefined;
  };
};

/** A name that begins with `$` must be a literal or another expression; a plain string is a name. */
function fieldNameOf(field: Value, compile: CompileOperand): Expression {
  return typeof field === 'string' && !field.startsWith('$') ? () => field : compile(field);
}

function changedField(hasValue: boolean): OperatorCompiler {
  return (spec, compile, name) => {
    const { field, input, value } = namedOperands(spec, name, [
      'field',
      'input',
      ...(hasValue ? ['value'] : []),
    ]);
    const key = fieldNameOf(field, compile)({}, undefined);
    if (typeof key !== 'string')
      throw new MongoletError(4161107, `${name} requires 'field' to evaluate to a string`);
    const from = compile(input);
    const next = hasValue ? compile(value) : () => undefined;
    return (doc, locals) => {
      const target = from(doc, locals);
      if (isNullish(target)) return null;
      if (!isDoc(target))
        throw new MongoletError(4161105, `${name} requires 'input' to evaluate to type Object`);
      const copy = copyDoc(target);
      const changed = next(doc, locals);
      if (changed === undefined) removeField(copy, key);
      else setField(copy, key, changed);
      return copy;
    };
  };
}

function mergeObjects(values: (Value | undefined)[]): Value {
  const merged: Doc = {};
  for (const doc of values) {
    if (isNullish(doc)) continue;
    if (!isDoc(doc)) {
      throw new MongoletError(
        40400,
        `$mergeObjects requires object inputs, but input is of type ${typeNameOf(doc)}`,
      );
    }
    for (const key of keysOf(doc)) setField(merged, key, getField(doc, key));
  }
  return merged;
}

function objectToArray(value: Value | undefined): Value {
  if (isNullish(value)) return null;
  if (!isDoc(value)) {
    throw new MongoletError(40390, `$objectToArray requires a document input, found: ${typeNameOf(value)}`);
  }
  return keysOf(value).map((key) => ({ k: key, v: getField(value, key) }));
}

function arrayToObject(value: Value | undefined): Value {
  if (isNullish(value)) return null;
  if (!Array.isArray(value)) {
    throw new MongoletError(40386, `$arrayToObject requires an array input, found: ${typeNameOf(value)}`);
  }
  return docOf((value as Value[]).map(readPair));
}

function readPair(pair: Value): readonly [string, Value] {
  const [key, value, ...others] = Array.isArray(pair)
    ? (pair as Value[])
    : isDoc(pair) && keysOf(pair).length === 2
      ? [pair.k, pair.v]
      : [];
  if (typeof key === 'string' && value !== undefined && others.length === 0) return [key, value];
  throw errorOf(
    'BadValue',
    '$arrayToObject requires pairs [key, value] or documents {k, v} with a string for a key',
  );
}

/** Operators on documents by name. */
export const OBJECTS: OperatorTable = {
  $getField: getFieldOperator,
  $setField: changedField(true),
  $unsetField: changedField(false),
  $mergeObjects: operator(0, Number.POSITIVE_INFINITY, mergeObjects),
  $objectToArray: unary(objectToArray),
  $arrayToObject: unary(arrayToObject),
};
