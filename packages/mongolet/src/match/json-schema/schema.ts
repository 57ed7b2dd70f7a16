/** `$jsonSchema`: draft 4 of JSON Schema with MongoDB's additions and omissions. */
import { errorOf } from '../../errors.ts';
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { isDoc } from '../../value/type.ts';
import { ARRAY_RULES } from './array-rules.ts';
import { DOCUMENT_RULES } from './document-rules.ts';
import { badArgument, type ReadRule, type Rule, type Schema, senseless } from './rule.ts';
import { VALUE_RULES } from './value-rules.ts';

/** Part of JSON Schema, but not of MongoDB. */
const UNSUPPORTED = new Set(['$ref', '$schema', 'default', 'definitions', 'format', 'id']);
/** For people only. */
const ANNOTATIONS = new Set(['title', 'description']);

function schemasOf(keyword: string, argument: Value, parse: Parameters<ReadRule>[2]): Schema[] {
  if (!Array.isArray(argument)) throw badArgument(keyword, 'an array', argument);
  if (argument.length === 0) throw senseless(keyword, 'must be a non-empty array');
  return argument.map((one: Value, i) => parse(one, `${keyword}.${i}`));
}

function notSatisfied(schemas: readonly Schema[], value: Value): Doc[] {
  return schemas.flatMap((schema, index) =>
    schema.matches(value) ? [] : [{ index, details: schema.explain(value) }],
  );
}

function combination(keyword: string, holds: (matching: number, all: number) => boolean): ReadRule {
  return (argument, _schema, parse) => {
    const schemas = schemasOf(keyword, argument, parse);
    const matching = (value: Value) => schemas.flatMap((schema, i) => (schema.matches(value) ? [i] : []));
    return {
      test: (value) => holds(matching(value).length, schemas.length),
      explain: (value) =>
        keyword === 'oneOf' && matching(value).length > 1
          ? {
              operatorName: keyword,
              reason: 'more than one subschema matched',
              matchingSchemaIndexes: matching(value),
            }
          : { operatorName: keyword, schemasNotSatisfied: notSatisfied(schemas, value) },
    };
  };
}

const not: ReadRule = (argument, _schema, parse) => {
  if (!isDoc(argument)) throw badArgument('not', 'an object', argument);
  const schema = parse(argument, 'not');
  return {
    test: (value) => !schema.matches(value),
    explain: (consideredValue) => ({
      operatorName: 'not',
      specifiedAs: { not: argument },
      reason: 'child expression matched',
      consideredValue,
    }),
  };
};

const RULES = new Map<string, ReadRule>(
  Object.entries({
    ...VALUE_RULES,
    ...DOCUMENT_RULES,
    ...ARRAY_RULES,
    allOf: combination('allOf', (matching, all) => matching === all),
    anyOf: combination('anyOf', (matching) => matching > 0),
    oneOf: combination('oneOf', (matching) => matching === 1),
    not,
  }),
);

/** Reads a schema; whatever is wrong with it, at any depth, is thrown now. */
export function parseSchema(schema: Value, where = '$jsonSchema'): Schema {
  if (!isDoc(schema)) throw badArgument(where, 'an object', schema);
  const rules = keysOf(schema).flatMap((keyword): Rule[] => {
    const argument = schema[keyword];
    if (ANNOTATIONS.has(keyword)) {
      if (typeof argument !== 'string') throw badArgument(keyword, 'a string', argument);
      return [];
    }
    if (UNSUPPORTED.has(keyword))
      throw errorOf('FailedToParse', `$jsonSchema keyword '${keyword}' is not currently supported`);
    const read = RULES.get(keyword);
    if (!read) throw errorOf('FailedToParse', `Unknown $jsonSchema keyword: ${keyword}`);
    return [read(argument, schema, parseSchema)];
  });
  return {
    matches: (value) => rules.every((rule) => rule.test(value)),
    explain: (value) => rules.filter((rule) => !rule.test(value)).map((rule) => rule.explain(value)),
  };
}
