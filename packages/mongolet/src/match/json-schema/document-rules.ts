/** Keywords about documents: which fields there are, and what they hold. */
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { isDoc } from '../../value/type.ts';
import { compileRegex } from '../regex.ts';
import {
  badArgument,
  entriesOf,
  type ReadRule,
  type Rule,
  readCount,
  readDoc,
  readNames,
  type Schema,
} from './rule.ts';

/** A rule that documents alone can break. */
function onDocs(test: (doc: Doc) => boolean, explain: (doc: Doc) => Doc): Rule {
  return { test: (value) => !isDoc(value) || test(value), explain: (value) => explain(value as Doc) };
}

const properties: ReadRule = (argument, _schema, parse) => {
  const given = readDoc('properties', argument);
  const schemas = entriesOf(given).map(
    ([name, schema]) => [name, parse(schema, `properties.${name}`)] as const,
  );
  const broken = (doc: Doc) =>
    schemas.filter(([name, schema]) => Object.hasOwn(doc, name) && !schema.matches(doc[name]));
  return onDocs(
    (doc) => broken(doc).length === 0,
    (doc) => ({
      operatorName: 'properties',
      propertiesNotSatisfied: broken(doc).map(([propertyName, schema]) => ({
        propertyName,
        ...annotationsOf(given[propertyName]),
        details: schema.explain(doc[propertyName]),
      })),
    }),
  );
};

/** What a schema says about itself to people. */
export function annotationsOf(schema: Value): Doc {
  if (!isDoc(schema)) return {};
  const { title, description } = schema;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
  };
}

const required: ReadRule = (argument) => {
  const names = readNames('required', argument);
  const missing = (doc: Doc) => names.filter((name) => !Object.hasOwn(doc, name));
  return onDocs(
    (doc) => missing(doc).length === 0,
    (doc) => ({
      operatorName: 'required',
      specifiedAs: { required: argument },
      missingProperties: missing(doc),
    }),
  );
};

interface PatternSchema {
  readonly pattern: RegExp;
  readonly regexMatched: string;
  readonly schema: Schema;
}

function patternsOf(argument: Value, parse: Parameters<ReadRule>[2]): PatternSchema[] {
  return entriesOf(readDoc('patternProperties', argument)).map(([regex, schema]) => ({
    pattern: compileRegex(regex, ''),
    regexMatched: regex,
    schema: parse(schema, `patternProperties.${regex}`),
  }));
}

const patternProperties: ReadRule = (argument, _schema, parse) => {
  const patterns = patternsOf(argument, parse);
  const broken = (doc: Doc) =>
    keysOf(doc).flatMap((propertyName) =>
      patterns
        .filter(({ pattern, schema }) => pattern.test(propertyName) && !schema.matches(doc[propertyName]))
        .map(({ regexMatched, schema }) => ({
          propertyName,
          regexMatched,
          details: schema.explain(doc[propertyName]),
        })),
    );
  return onDocs(
    (doc) => broken(doc).length === 0,
    (doc) => ({ operatorName: 'patternProperties', details: broken(doc) }),
  );
};

const additionalProperties: ReadRule = (argument, whole, parse) => {
  if (argument === true)
    return onDocs(
      () => true,
      () => ({}),
    );
  const known = new Set(isDoc(whole.properties) ? keysOf(whole.properties) : []);
  const patterns = whole.patternProperties === undefined ? [] : patternsOf(whole.patternProperties, parse);
  const others = (doc: Doc) =>
    keysOf(doc).filter((name) => !known.has(name) && !patterns.some((one) => one.pattern.test(name)));
  if (argument === false) {
    return onDocs(
      (doc) => others(doc).length === 0,
      (doc) => ({
        operatorName: 'additionalProperties',
        specifiedAs: { additionalProperties: false },
        additionalProperties: others(doc),
      }),
    );
  }
  if (!isDoc(argument)) throw badArgument('additionalProperties', 'an object or a boolean', argument);
  const schema = parse(argument, 'additionalProperties');
  const broken = (doc: Doc) => others(doc).find((name) => !schema.matches(doc[name]));
  return onDocs(
    (doc) => broken(doc) === undefined,
    (doc) => {
      const failingProperty = broken(doc) ?? '';
      return {
        operatorName: 'additionalProperties',
        reason: 'at least one additional property did not match the subschema',
        failingProperty,
        details: schema.explain(doc[failingProperty]),
      };
    },
  );
};

function size(keyword: string, holds: (size: number, wanted: number) => boolean): ReadRule {
  return (argument) => {
    const wanted = readCount(keyword, argument);
    return onDocs(
      (doc) => holds(keysOf(doc).length, wanted),
      (doc) => ({
        operatorName: keyword,
        specifiedAs: { [keyword]: argument },
        reason: 'specified number of properties was not satisfied',
        numberOfProperties: keysOf(doc).length,
      }),
    );
  };
}

const dependencies: ReadRule = (argument, _schema, parse) => {
  const rules = entriesOf(readDoc('dependencies', argument)).map(([conditionalProperty, wanted]) => {
    if (isDoc(wanted)) {
      const schema = parse(wanted, `dependencies.${conditionalProperty}`);
      return {
        conditionalProperty,
        holds: (doc: Doc) => schema.matches(doc),
        details: (doc: Doc): Doc => ({ details: schema.explain(doc) }),
      };
    }
    const names = readNames('dependencies', wanted);
    const missing = (doc: Doc) => names.filter((name) => !Object.hasOwn(doc, name));
    return {
      conditionalProperty,
      holds: (doc: Doc) => missing(doc).length === 0,
      details: (doc: Doc): Doc => ({ missingProperties: missing(doc) }),
    };
  });
  const broken = (doc: Doc) =>
    rules.filter((rule) => Object.hasOwn(doc, rule.conditionalProperty) && !rule.holds(doc));
  return onDocs(
    (doc) => broken(doc).length === 0,
    (doc) => ({
      operatorName: 'dependencies',
      failingDependencies: broken(doc).map(({ conditionalProperty, details }) => ({
        conditionalProperty,
        ...details(doc),
      })),
    }),
  );
};

/** By keyword. */
export const DOCUMENT_RULES: Record<string, ReadRule> = {
  properties,
  required,
  patternProperties,
  additionalProperties,
  minProperties: size('minProperties', (is, wanted) => is >= wanted),
  maxProperties: size('maxProperties', (is, wanted) => is <= wanted),
  dependencies,
};
