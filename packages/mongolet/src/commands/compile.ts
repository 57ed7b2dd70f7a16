/** Filters and projections of commands, which may hold aggregation expressions. */
import { expressionEvaluator } from '../aggregate/expression.ts';
import { compileFilter, type Matcher } from '../match/index.ts';
import { compileProjection } from '../project/index.ts';
import type { Doc } from '../value/codec.ts';

/** Compiles a filter; `$expr` is allowed in it. */
export function compileQuery(filter: Doc): Matcher {
  return compileFilter(filter, expressionEvaluator());
}

/** Compiles a projection; computed fields are allowed in it. */
export function compileFields(projection: Doc, filter: Doc): (doc: Doc, position?: number) => Doc {
  return compileProjection(projection, filter, expressionEvaluator());
}
