/** Keywords about single values: types, enumerations, numbers and strings. */
import { errorOf } from '../../errors.ts';
import { compareValues, equalValues } from '../../value/compare.ts';
import { getField, keysOf, type Value } from '../../value/document.ts';
import { isDoc, isNumber, typeNameOf } from '../../value/type.ts';
import { placeOnValue } from '../node.ts';
import { compileRegex } from '../regex.ts';
import { typeNode } from '../shape.ts';
import { badArgument, type ReadRule, type Rule, readCount, readFlag, ruleFor, senseless } from './rule.ts';

const JSON_TYPES: Record<string, string> = {
  array: 'array',
  boolean: 'bool',
  null: 'null',
  number: 'number',
  object: 'object',
  string: 'string',
};

function typeRule(keyword: string, argument: Value, wanted: Value): Rule {
  const test = placeOnValue(typeNode(wanted));
  return {
    test: (value) => test(value),
    explain: (consideredValue) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: argument },
      reason: 'type did not match',
      consideredValue,
      consideredType: typeNameOf(consideredValue),
    }),
  };
}

const bsonType: ReadRule = (argument, schema) => {
  if (schema.type !== undefined)
    throw errorOf('FailedToParse', "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'");
  const names = Array.isArray(argument) ? argument : [argument];
  if (!names.every((one) => typeof one === 'string'))
    throw badArgument('bsonType', 'a string or an array of strings', argument);
  if (new Set(names).size < names.length) throw senseless('bsonType', 'cannot contain duplicate values');
  return typeRule('bsonType', argument, names);
};

const type: ReadRule = (argument) => {
  const names = Array.isArray(argument) ? (argument as Value[]) : [argument];
  const wanted = names.map((name) => {
    if (typeof name !== 'string') throw badArgument('type', 'a string or an array of strings', argument);
    if (name === 'integer')
      throw errorOf('BadValue', "$jsonSchema type 'integer' is not currently supported.");
    const known = JSON_TYPES[name];
    if (known === undefined) throw errorOf('BadValue', `Unknown type name alias: ${name}`);
    return known;
  });
  return typeRule('type', argument, wanted);
};

const enumeration: ReadRule = (argument) => {
  if (!Array.isArray(argument)) throw badArgument('enum', 'an array', argument);
  const values = argument as Value[];
  if (values.length === 0) throw senseless('enum', 'cannot be an empty array');
  const isRepeated = values.some((one, i) => values.slice(0, i).some((other) => alikeValues(one, other)));
  if (isRepeated) throw senseless('enum', 'array cannot contain duplicate values.');
  return ruleFor(
    'enum',
    argument,
    'value was not found in enum',
    () => true,
    (value) => values.some((one) => alikeValues(one, value)),
  );
};

/** Equality as schemas mean it: the order of a document's fields does not count. */
export function alikeValues(a: Value, b: Value): boolean {
  if (isDoc(a) && isDoc(b)) {
    const keys = keysOf(a);
    return (
      keys.length === keysOf(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && alikeValues(getField(a, key), getField(b, key)))
    );
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, i) => alikeValues(element, b[i]));
  return equalValues(a, b);
}

function limit(keyword: 'minimum' | 'maximum', sign: 1 | -1): ReadRule {
  const exclusiveKeyword = keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum';
  return (argument, schema) => {
    if (!isNumber(argument)) throw badArgument(keyword, 'a number', argument);
    const given = schema[exclusiveKeyword];
    const isExclusive = given === undefined ? false : readFlag(exclusiveKeyword, given);
    const holds = (value: Value): boolean => {
      const order = compareValues(value, argument) * sign;
      return order > 0 || (order === 0 && !isExclusive);
    };
    return ruleFor(keyword, argument, 'comparison failed', isNumber, holds);
  };
}

/** Read together with the limit, without which it means nothing. */
function exclusive(keyword: string, limitKeyword: string): ReadRule {
  return (argument, schema) => {
    readFlag(keyword, argument);
    if (schema[limitKeyword] === undefined)
      throw errorOf(
        'FailedToParse',
        `$jsonSchema keyword '${limitKeyword}' must be a present if ${keyword} is present`,
      );
    return { test: () => true, explain: () => ({}) };
  };
}

const multipleOf: ReadRule = (argument) => {
  if (!isNumber(argument)) throw badArgument('multipleOf', 'a number', argument);
  const divisor = decimalOf(argument);
  if (!divisor || divisor.digits <= 0n) throw senseless('multipleOf', 'must have a positive value');
  const reason = 'considered value is not a multiple of the specified value';
  return ruleFor('multipleOf', argument, reason, isNumber, (value) => {
    const dividend = decimalOf(value);
    if (!dividend) return false;
    const exponent = Math.min(divisor.exponent, dividend.exponent);
    const scaled = ({ digits, exponent: own }: Decimal): bigint => digits * 10n ** BigInt(own - exponent);
    return scaled(dividend) % scaled(divisor) === 0n;
  });
};

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** A number as MongoDB divides it here: doubles by their first 15 digits, so that 0.3 is a multiple of 0.1. */
function decimalOf(value: Value): Decimal | undefined {
  const isDouble = typeNameOf(value) === 'double';
  const text = isDouble ? Number(String(value)).toPrecision(15) : String(value);
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length };
}

const isString = (value: Value): value is string => typeof value === 'string';

function length(keyword: string, holds: (length: number, wanted: number) => boolean): ReadRule {
  return (argument) => {
    const wanted = readCount(keyword, argument);
    const reason = 'specified string length was not satisfied';
    // In code points, not in UTF-16.
    return ruleFor(keyword, argument, reason, isString, (value) => holds([...String(value)].length, wanted));
  };
}

const pattern: ReadRule = (argument) => {
  if (typeof argument !== 'string') throw badArgument('pattern', 'a string', argument);
  const compiled = compileRegex(argument, '');
  const reason = 'regular expression did not match';
  return ruleFor('pattern', argument, reason, isString, (value) => compiled.test(String(value)));
};

/** By keyword. */
export const VALUE_RULES: Record<string, ReadRule> = {
  bsonType,
  type,
  enum: enumeration,
  minimum: limit('minimum', 1),
  maximum: limit('maximum', -1),
  exclusiveMinimum: exclusive('exclusiveMinimum', 'minimum'),
  exclusiveMaximum: exclusive('exclusiveMaximum', 'maximum'),
  multipleOf,
  minLength: length('minLength', (is, wanted) => is >= wanted),
  maxLength: length('maxLength', (is, wanted) => is <= wanted),
  pattern,
};
