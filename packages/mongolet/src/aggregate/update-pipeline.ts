/** Pipelines as updates: the stages that change single documents, one after the other. */
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import type { Doc, Value } from '../value/document.ts';
import type { Variables } from './expression.ts';
import { readStage } from './stage.ts';
import { compilePipeline, isStage, unknownStage } from './stages.ts';

const ALLOWED = new Set(['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith']);

/** Compiles an update's pipeline; stages that look beyond the document are refused (72). */
export function compileUpdatePipeline(
  pipeline: readonly Value[],
  variables: Variables,
  collation?: Collation,
): (doc: Doc) => Doc {
  for (const one of pipeline) {
    const { operator } = readStage(one);
    if (ALLOWED.has(operator)) continue;
    if (isStage(operator)) {
      throw errorOf('InvalidOptions', `${operator} is not allowed to be used within an update`);
    }
    throw unknownStage(operator);
  }
  const stage = compilePipeline([...pipeline], { find: () => [], variables, collation });
  return (doc) => {
    const [changed] = stage([doc]);
    // Each of these stages gives one document for one.
    return changed as Doc;
  };
}
