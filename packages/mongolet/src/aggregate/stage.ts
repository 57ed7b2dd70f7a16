/** What a pipeline is made of. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { type Doc, keysOf, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { Variables } from './expression.ts';

/** Turns a stream of documents into another one; nothing runs before the first is asked for. */
export type Stage = (input: Iterable<Doc>) => Iterable<Doc>;

/** What stages may reach: other collections of the database, and the variables around them. */
export interface PipelineContext {
  /** Finds documents of a collection of the same database. */
  readonly find: (collection: string, filter: Doc) => Iterable<Doc>;
  /** Compiles a pipeline inside this one, with more variables. */
  readonly compile: (pipeline: Value, variables: Variables) => Stage;
  readonly variables: Variables;
  /** How strings compare; undefined: simply. */
  readonly collation?: Collation | undefined;
}

/** Makes a stage of its specification; whatever is wrong with that is thrown now, before anything runs. */
export type StageCompiler = (spec: Value, context: PipelineContext) => Stage;

/** The one operator of a stage, with its specification. */
export function readStage(stage: Value): { operator: string; spec: Value } {
  const keys = isDoc(stage) ? keysOf(stage) : [];
  const operator = keys[0];
  if (!isDoc(stage) || operator === undefined || keys.length !== 1) {
    throw new MongoletError(40323, 'A pipeline stage specification object must contain exactly one field.');
  }
  return { operator, spec: stage[operator] };
}

/** A specification that must be a document. */
export function specDoc(operator: string, spec: Value): Doc {
  if (isDoc(spec)) return spec;
  throw errorOf('FailedToParse', `the ${operator} stage specification must be an object`);
}

/** Refuses fields of a specification that the stage does not know. */
export function checkSpecFields(operator: string, spec: Doc, known: readonly string[]): void {
  for (const key of keysOf(spec)) {
    if (!known.includes(key)) throw errorOf('FailedToParse', `unknown argument to ${operator}: ${key}`);
  }
}
