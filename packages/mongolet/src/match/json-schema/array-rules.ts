/** Keywords about arrays: their length, and what they hold. */
import type { Doc, Value } from '../../value/document.ts';
import { isDoc } from '../../value/type.ts';
import { badArgument, type ReadRule, type Rule, readCount, readFlag, ruleFor, type Schema } from './rule.ts';
import { alikeValues } from './value-rules.ts';

const isArray = (value: Value): value is Value[] => Array.isArray(value);

const NOTHING: Rule = { test: () => true, explain: () => ({}) };

/** A rule of elements: `schemaAt` says which schema the element at a place must match, if any. */
function elementRule(
  keyword: string,
  reason: string,
  schemaAt: (position: number) => Schema | undefined,
): Rule {
  const failing = (value: Value[]) =>
    value.findIndex((element, i) => schemaAt(i)?.matches(element) === false);
  return {
    test: (value) => !isArray(value) || failing(value) < 0,
    explain: (value): Doc => {
      const array = value as Value[];
      const itemIndex = failing(array);
      const details = schemaAt(itemIndex)?.explain(array[itemIndex]) ?? [];
      return { operatorName: keyword, reason, itemIndex, details };
    },
  };
}

const items: ReadRule = (argument, _schema, parse) => {
  const reason = 'At least one item did not match the sub-schema';
  if (Array.isArray(argument)) {
    const schemas = argument.map((one: Value, i) => parse(one, `items.${i}`));
    return elementRule('items', reason, (i) => schemas[i]);
  }
  if (!isDoc(argument)) throw badArgument('items', 'an array or an object', argument);
  const schema = parse(argument, 'items');
  return elementRule('items', reason, () => schema);
};

const additionalItems: ReadRule = (argument, whole, parse) => {
  // Without a list of items none is additional; it is checked all the same.
  const given = Array.isArray(whole.items) ? whole.items.length : undefined;
  if (typeof argument === 'boolean') {
    if (argument || given === undefined) return NOTHING;
    return {
      test: (value) => !isArray(value) || value.length <= given,
      explain: (value) => ({
        operatorName: 'additionalItems',
        specifiedAs: { additionalItems: false },
        reason: 'found additional items',
        additionalItems: (value as Value[]).slice(given),
      }),
    };
  }
  if (!isDoc(argument)) throw badArgument('additionalItems', 'an object or a boolean', argument);
  const schema = parse(argument, 'additionalItems');
  if (given === undefined) return NOTHING;
  const reason = 'At least one additional item did not match the sub-schema';
  return elementRule('additionalItems', reason, (i) => (i >= given ? schema : undefined));
};

function size(keyword: string, holds: (size: number, wanted: number) => boolean): ReadRule {
  return (argument) => {
    const wanted = readCount(keyword, argument);
    const reason = 'array did not match specified length';
    return ruleFor(keyword, argument, reason, isArray, (value) => holds((value as Value[]).length, wanted));
  };
}

const uniqueItems: ReadRule = (argument) => {
  if (!readFlag('uniqueItems', argument)) return NOTHING;
  const repeated = (value: Value[]) =>
    value.findIndex((one, i) => value.slice(0, i).some((other) => alikeValues(one, other)));
  return {
    test: (value) => !isArray(value) || repeated(value) < 0,
    explain: (value) => {
      const array = value as Value[];
      return {
        operatorName: 'uniqueItems',
        specifiedAs: { uniqueItems: true },
        reason: 'found a duplicate item',
        consideredValue: array,
        duplicatedValue: array[repeated(array)],
      };
    },
  };
};

/** By keyword. */
export const ARRAY_RULES: Record<string, ReadRule> = {
  items,
  additionalItems,
  minItems: size('minItems', (is, wanted) => is >= wanted),
  maxItems: size('maxItems', (is, wanted) => is <= wanted),
  uniqueItems,
};
