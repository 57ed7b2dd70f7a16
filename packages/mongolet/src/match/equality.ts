/** The equalities of a filter: what an upsert's new document starts from, and what an index can be asked for. */
import { errorOf } from '../errors.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { isDoc, TYPE, typeOf } from '../value/type.ts';
import { isOperatorDoc } from './parse.ts';

/**
 * Returns the fields that must equal a value for a document to match: `{a: 1}`, `$eq`, `$all`, an `$in` of one value, also
 * within `$and` and an `$or` of one branch. Equal means as a filter means it: an array that holds the value is equal,
 * too, and null is equal to missing. The first equality of a path is kept.
 */
export function equalityFields(filter: Doc): Map<string, Value> {
  const fields = new Map<string, Value>();
  collect(filter, (path, value) => {
    if (!fields.has(path)) fields.set(path, value);
  });
  return fields;
}

/** As equalityFields, but the same path twice is an error: an upsert could not tell which value to store. */
export function equalitiesForUpsert(filter: Doc): Map<string, Value> {
  const fields = new Map<string, Value>();
  collect(filter, (path, value) => {
    if (fields.has(path)) {
      throw errorOf(
        'NotSingleValueField',
        `cannot infer query fields to set, path '${path}' is matched twice`,
      );
    }
    fields.set(path, value);
  });
  return fields;
}

function collect(filter: Doc, add: (path: string, value: Value) => void): void {
  for (const key of keysOf(filter)) {
    const value = getField(filter, key);
    if (key === '$and' || (key === '$or' && Array.isArray(value) && value.length === 1)) {
      for (const branch of (value as Value[]) ?? []) if (isDoc(branch)) collect(branch, add);
    } else if (!key.startsWith('$') && value !== undefined) collectField(key, value, add);
  }
}

function collectField(path: string, value: Value, add: (path: string, value: Value) => void): void {
  if (!isOperatorDoc(value)) {
    // A regular expression is a pattern, not a value to be equal to.
    if (typeOf(value) !== TYPE.regex) add(path, value);
    return;
  }
  for (const operator of keysOf(value)) {
    const operand = getField(value, operator);
    if (operator === '$eq' && operand !== undefined) add(path, operand);
    if (!Array.isArray(operand) || (operator !== '$all' && (operator !== '$in' || operand.length !== 1)))
      continue;
    for (const member of operand as Value[]) {
      if (typeOf(member) !== TYPE.regex && !isOperatorDoc(member)) add(path, member);
    }
  }
}
