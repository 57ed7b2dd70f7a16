/** Stages that bring several streams together: `$lookup`, `$unionWith`, `$facet`. */
import { errorOf } from '../errors.ts';
import { checkTimeLimit } from '../plan/time-limit.ts';
import { type Doc, docOf, keysOf, type Value } from '../value/document.ts';
import { indexValues } from '../value/path.ts';
import { isDoc } from '../value/type.ts';
import { compileExpression } from './expression.ts';
import { withPath } from './reshape.ts';
import { checkSpecFields, type StageCompiler, specDoc } from './stage.ts';

/** `$lookup`: one query of the other collection for each document, by its indexes. */
export const lookup: StageCompiler = (spec, context) => {
  const doc = specDoc('$lookup', spec);
  checkSpecFields('$lookup', doc, ['from', 'localField', 'foreignField', 'as', 'let', 'pipeline']);
  const { from, localField, foreignField, as, pipeline } = doc;
  if (typeof from !== 'string' || typeof as !== 'string')
    throw errorOf('FailedToParse', "$lookup needs 'from' and 'as'");
  const byField = typeof localField === 'string' && typeof foreignField === 'string';
  if (!byField && pipeline === undefined) {
    throw errorOf(
      'FailedToParse',
      "$lookup requires either 'pipeline' or both 'localField' and 'foreignField'",
    );
  }
  const letDoc = doc.let === undefined ? {} : specDoc('$lookup let', doc.let);
  const variables = keysOf(letDoc).map(
    (name) => [name, compileExpression(letDoc[name], context.variables)] as const,
  );
  // Checked once with empty variables, so that a wrong pipeline is refused before anything runs.
  if (pipeline !== undefined)
    context.compile(pipeline, Object.fromEntries(variables.map(([name]) => [name, null])));
  const path = as.split('.');
  return function* (input) {
    for (const one of input) {
      // A join that finds nothing looks at no document.
      checkTimeLimit();
      const filter = byField ? { [foreignField]: { $in: localValues(one, localField) } } : {};
      const found = context.find(from, filter);
      const bound = Object.fromEntries(
        variables.map(([name, expression]) => [name, expression(one) ?? null]),
      );
      const joined = pipeline === undefined ? found : context.compile(pipeline, bound)(found);
      yield withPath(one, path, 0, [...joined]) as Doc;
    }
  };
};

function localValues(doc: Doc, path: string): Value[] {
  return indexValues(doc, path).values.map((value) => value ?? null);
}

/** `$unionWith` */
export const unionWith: StageCompiler = (spec, context) => {
  const doc: Doc = typeof spec === 'string' ? { coll: spec } : specDoc('$unionWith', spec);
  checkSpecFields('$unionWith', doc, ['coll', 'pipeline']);
  const { coll, pipeline } = doc;
  if (typeof coll !== 'string') throw errorOf('FailedToParse', "$unionWith needs 'coll'");
  const stage = context.compile(pipeline ?? [], {});
  return function* (input) {
    yield* input;
    yield* stage(context.find(coll, {}));
  };
};

/** `$facet` */
export const facet: StageCompiler = (spec, context) => {
  const doc = specDoc('$facet', spec);
  if (keysOf(doc).length === 0)
    throw errorOf('BadValue', 'the $facet specification must be a non-empty object');
  const facets = keysOf(doc).map((name) => {
    const pipeline = doc[name];
    const hasFacet =
      Array.isArray(pipeline) && pipeline.some((stage: Value) => isDoc(stage) && stage.$facet !== undefined);
    if (hasFacet) throw errorOf('BadValue', '$facet is not allowed to be used within a $facet stage');
    return [name, context.compile(pipeline, {})] as const;
  });
  return function* (input) {
    const all = [...input];
    yield docOf(facets.map(([name, stage]) => [name, [...stage(all)]] as const));
  };
};
