/** What a `$jsonSchema` is made of: one rule for each keyword. */
import { errorOf } from '../../errors.ts';
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { isDoc, isNumber, typeNameOf } from '../../value/type.ts';

/** A keyword with its argument: says of a value whether it keeps the rule, and of one that does not, in what it fails. */
export interface Rule {
  test(value: Value): boolean;
  /** As MongoDB's `errInfo` tells it. */
  explain(value: Value): Doc;
}

/** A schema, read. */
export interface Schema {
  matches(value: Value): boolean;
  /** The rules that a value does not keep. */
  explain(value: Value): Doc[];
}

/** Reads a keyword's argument; `parse` reads schemas within it. The whole schema is there for keywords that belong together. */
export type ReadRule = (
  argument: Value,
  schema: Doc,
  parse: (schema: Value, where: string) => Schema,
) => Rule;

/** A rule about values of one kind, which all others keep. */
export function ruleFor(
  keyword: string,
  argument: Value,
  reason: string,
  isConcerned: (value: Value) => boolean,
  holds: (value: Value) => boolean,
): Rule {
  return {
    test: (value) => !isConcerned(value) || holds(value),
    explain: (consideredValue) => ({
      operatorName: keyword,
      specifiedAs: { [keyword]: argument },
      reason,
      consideredValue,
    }),
  };
}

/** The error for an argument that a keyword cannot have. */
export function badArgument(keyword: string, expected: string, argument: Value): Error {
  return errorOf(
    'TypeMismatch',
    `$jsonSchema keyword '${keyword}' must be ${expected}, not ${argument === undefined ? 'missing' : typeNameOf(argument)}`,
  );
}

/** The error for an argument of the right type that makes no sense. */
export function senseless(keyword: string, complaint: string): Error {
  return errorOf('FailedToParse', `$jsonSchema keyword '${keyword}' ${complaint}`);
}

/** An argument that is a number of things. */
export function readCount(keyword: string, argument: Value): number {
  const count = isNumber(argument) ? Number(String(argument)) : Number.NaN;
  if (!isNumber(argument)) throw badArgument(keyword, 'a number', argument);
  if (!Number.isInteger(count) || count < 0) throw senseless(keyword, 'must be a whole number of at least 0');
  return count;
}

/** An argument that is a list of different names. */
export function readNames(keyword: string, argument: Value): string[] {
  if (!Array.isArray(argument)) throw badArgument(keyword, 'an array', argument);
  if (argument.length === 0) throw senseless(keyword, 'cannot be an empty array');
  if (!argument.every((one): one is string => typeof one === 'string'))
    throw badArgument(keyword, 'an array of strings', argument);
  if (new Set(argument).size < argument.length) throw senseless(keyword, 'cannot contain duplicate values');
  return argument;
}

/** An argument that is a document. */
export function readDoc(keyword: string, argument: Value): Doc {
  if (!isDoc(argument)) throw badArgument(keyword, 'an object', argument);
  return argument;
}

/** An argument that says yes or no. */
export function readFlag(keyword: string, argument: Value): boolean {
  if (typeof argument !== 'boolean') throw badArgument(keyword, 'a boolean', argument);
  return argument;
}

/** The fields of a document with their values. */
export function entriesOf(doc: Doc): [string, Value][] {
  return keysOf(doc).map((key) => [key, doc[key]]);
}
