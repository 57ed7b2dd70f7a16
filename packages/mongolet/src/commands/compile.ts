/** Filters, projections and updates of commands, which may hold aggregation expressions. */
import { expressionCompiler, type Variables } from '../aggregate/expression.ts';
import { compileUpdatePipeline } from '../aggregate/update-pipeline.ts';
import { MongoletError } from '../errors.ts';
import { compileFilter, type Matcher } from '../match/index.ts';
import { compileProjection } from '../project/index.ts';
import { compileUpdate, type Updater } from '../update/index.ts';
import type { Doc } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';

/** Compiles a filter; `$expr` is allowed in it. */
export function compileQuery(filter: Doc, variables: Variables = {}, collation?: Collation): Matcher {
  return compileFilter(filter, expressionCompiler(variables, collation), collation);
}

/** Compiles the filter of a write: what an upsert inserts must not hang on an expression. */
export function compileWriteQuery(
  filter: Doc,
  variables: Variables,
  isUpsert: boolean,
  collation: Collation | undefined,
): Matcher {
  return isUpsert
    ? compileFilter(filter, refuseExpression, collation)
    : compileQuery(filter, variables, collation);
}

function refuseExpression(): never {
  throw new MongoletError(224, '$expr is not allowed in the query predicate for an upsert', {
    codeName: 'QueryFeatureNotAllowed',
  });
}

/** Compiles a projection; computed fields are allowed in it. */
export function compileFields(
  projection: Doc,
  filter: Doc,
  variables: Variables = {},
  collation?: Collation,
): (doc: Doc, position?: number) => Doc {
  return compileProjection(projection, filter, expressionCompiler(variables, collation), collation);
}

/** Compiles an update: operators, a replacement, or a pipeline. */
export function compileChanges(
  update: Doc | Doc[],
  arrayFilters: Doc[] | undefined,
  variables: Variables = {},
  collation?: Collation,
): Updater {
  const compilePipeline = (pipeline: Doc[]) => compileUpdatePipeline(pipeline, variables, collation);
  return compileUpdate(update, arrayFilters, compilePipeline, collation);
}
