/** The operators that put, remove or move whole values: `$set`, `$setOnInsert`, `$unset`, `$min`, `$max`, `$currentDate`. */
import { Timestamp } from 'bson';
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues, identicalValues } from '../value/compare.ts';
import { getField, keysOf, type Value } from '../value/document.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, typeNameOf } from '../value/type.ts';
import { Unread } from '../value/unread.ts';
import type { Operation } from './operation.ts';

/** Returns the operation of `$set`. */
export function createSet(operand: Value): Operation {
  return {
    createsPath: true,
    toleratesAnyPath: false,
    reads: 'nothing',
    apply: (existing) => {
      const isKnown = existing !== undefined && !(existing instanceof Unread);
      return isKnown && identicalValues(existing, operand) ? existing : operand;
    },
  };
}

/** Returns the operation of `$setOnInsert`. */
export function createSetOnInsert(operand: Value): Operation {
  return { ...createSet(operand), isActive: (context) => context.isInsert };
}

/** Returns the operation of `$unset`. */
export function createUnset(): Operation {
  return { createsPath: false, toleratesAnyPath: true, reads: 'nothing', apply: () => undefined };
}

/** Returns the operation of `$min` (sign -1) or `$max` (sign 1). */
export function createExtreme(operand: Value, sign: 1 | -1, collation: Collation | undefined): Operation {
  return {
    createsPath: true,
    toleratesAnyPath: false,
    apply: (existing) =>
      existing === undefined || compareValues(operand, existing, collation) * sign > 0 ? operand : existing,
  };
}

/** Returns the operation of `$currentDate`. */
export function createCurrentDate(operand: Value): Operation {
  const isTimestamp = readDateType(operand) === 'timestamp';
  return {
    createsPath: true,
    toleratesAnyPath: false,
    apply: (_existing, { now }) =>
      isTimestamp ? new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 }) : new Date(now.getTime()),
  };
}

function readDateType(operand: Value): 'date' | 'timestamp' {
  if (typeof operand === 'boolean') return 'date';
  if (!isDoc(operand)) {
    throw errorOf(
      'BadValue',
      `${typeNameOf(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type ` +
        "expression ({$type: 'timestamp/date'}).",
    );
  }
  const unknown = keysOf(operand).find((key) => key !== '$type');
  if (unknown !== undefined) throw errorOf('BadValue', `Unrecognized $currentDate option: ${unknown}`);
  const type = getField(operand, '$type');
  if (type === 'date' || type === 'timestamp') return type;
  throw errorOf(
    'BadValue',
    `The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: ` +
      `'date'}}}, found ${textOfValue(type)}`,
  );
}
