/** The stages that are allowed, by name. */
import { numberOf } from '../commands/command.ts';
import { searchNotEnabled } from '../commands/search-indexes.ts';
import { errorOf, MongoletError } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import { compileSort } from '../sort/index.ts';
import { type Doc, keysOf, type Value } from '../value/document.ts';
import { bucketAuto } from './bucket-auto.ts';
import { expressionCompiler, refuseComparisons } from './expression.ts';
import { graphLookup } from './graph-lookup.ts';
import { bucket, count, group, sortByCount } from './group.ts';
import { facet, lookup, unionWith } from './join.ts';
import { addFields, project, replaceRoot, replaceWith, unset, unwind } from './reshape.ts';
import { type PipelineContext, readStage, type Stage, type StageCompiler, specDoc } from './stage.ts';

const match: StageCompiler = (spec, { variables, collation }) => {
  const compileExpr = expressionCompiler(variables, collation);
  const matcher = compileFilter(specDoc('$match', spec), compileExpr, collation);
  return function* (input) {
    for (const doc of input) if (matcher.matches(doc)) yield doc;
  };
};

const sort: StageCompiler = (spec, { collation }) => {
  const doc = specDoc('$sort', spec);
  if (keysOf(doc).length === 0) throw new MongoletError(15976, '$sort stage must have at least one sort key');
  const order = compileSort(doc, collation);
  return (input) => [...input].sort(order);
};

const skip: StageCompiler = (spec) => {
  const wanted = wholeNumber('$skip', spec, 0);
  return function* (input) {
    let position = 0;
    for (const doc of input) if (position++ >= wanted) yield doc;
  };
};

const limit: StageCompiler = (spec) => {
  const wanted = wholeNumber('$limit', spec, 1);
  return function* (input) {
    let taken = 0;
    for (const doc of input) {
      yield doc;
      taken += 1;
      if (taken === wanted) return;
    }
  };
};

/** The number that `$skip` and `$limit` take. */
export function wholeNumber(operator: string, value: Value, least: number): number {
  const number = numberOf(value);
  if (number !== undefined && Number.isInteger(number) && number >= least) return number;
  throw new MongoletError(
    5107200,
    `invalid argument to ${operator} stage: expected a whole number of at least ${least}, got ${String(value)}`,
  );
}

const STAGES: ReadonlyMap<string, StageCompiler> = new Map([
  ['$addFields', addFields],
  ['$bucket', bucket],
  ['$bucketAuto', bucketAuto],
  ['$count', count],
  ['$facet', facet],
  ['$graphLookup', graphLookup],
  ['$group', group],
  ['$limit', limit],
  ['$lookup', lookup],
  ['$match', match],
  ['$project', project],
  ['$replaceRoot', replaceRoot],
  ['$replaceWith', replaceWith],
  ['$set', addFields],
  ['$skip', skip],
  ['$sort', sort],
  ['$sortByCount', sortByCount],
  ['$unionWith', unionWith],
  ['$unset', unset],
  ['$unwind', unwind],
]);

/** Stages that know the collation; what the others compare they would compare without. */
const COLLATED = new Set('$match $sort $lookup $facet $unionWith'.split(' '));
const UNCOLLATED = new Set('$bucket $bucketAuto $graphLookup'.split(' '));

/** Stages that MongoDB has and mongolet has not; any other name is nobody's. */
const REFUSED = new Set(
  (
    '$changeStream $collStats $currentOp $densify $documents $fill $geoNear $indexStats ' +
    '$listSessions $merge $out $redact $sample $search $setWindowFields'
  ).split(' '),
);

/** Says whether a stage of this name exists, here or in MongoDB. */
export function isStage(operator: string): boolean {
  return STAGES.has(operator) || REFUSED.has(operator);
}

/** The error for a stage that nobody has. */
export function unknownStage(operator: string): MongoletError {
  return new MongoletError(40324, `Unrecognized pipeline stage name: '${operator}'`);
}

/** Compiles a pipeline: every stage is checked before the first one runs. */
export function compilePipeline(pipeline: Value, context: Omit<PipelineContext, 'compile'>): Stage {
  if (!Array.isArray(pipeline))
    throw errorOf('TypeMismatch', "'pipeline' option must be specified as an array");
  const full: PipelineContext = {
    ...context,
    compile: (inner, variables) =>
      compilePipeline(inner, { ...context, variables: { ...context.variables, ...variables } }),
  };
  const stages = pipeline.map((one: Value) => {
    const { operator, spec } = readStage(one);
    const compile = STAGES.get(operator);
    if (context.collation) checkCollated(operator, spec);
    if (compile) return compile(spec, full);
    if (REFUSED.has(operator))
      throw errorOf('CommandNotSupported', `mongolet does not support the stage '${operator}'`);
    if (operator === '$listSearchIndexes') throw searchNotEnabled();
    throw unknownStage(operator);
  });
  return (input: Iterable<Doc>) => stages.reduce<Iterable<Doc>>((docs, stage) => stage(docs), input);
}

function checkCollated(operator: string, spec: Value): void {
  if (UNCOLLATED.has(operator))
    throw errorOf('NotImplemented', `mongolet does not support ${operator} with a collation`);
  if (!COLLATED.has(operator)) refuseComparisons(spec);
}
