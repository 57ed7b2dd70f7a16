/** `$merge`: a pipeline's results go into a collection one by one, into the documents that are there or beside them. */
import { collationChoiceOf, collationFor } from '../commands/collation-option.ts';
import type { CommandContext } from '../commands/command.ts';
import { compileChanges, compileQuery } from '../commands/compile.ts';
import { insertOne } from '../commands/insert.ts';
import { changeRecord, findRecords } from '../commands/write-one.ts';
import { errorOf, MongoletError } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { getPath } from '../value/path.ts';
import { isDoc } from '../value/type.ts';
import { compileExpression, type Variables } from './expression.ts';
import { checkVariableName } from './operators/bindings.ts';
import type { OutputWriter } from './output.ts';
import { checkSpecFields, specDoc } from './stage.ts';

interface Merge {
  readonly namespace: string;
  readonly on: readonly string[];
  /** How a document that is there changes; undefined: it does not. */
  readonly change: Doc[] | undefined;
  readonly failsWhenMatched: boolean;
  readonly whenNotMatched: string;
  /** `let`: evaluated for each result. */
  readonly variables: (result: Doc) => Variables;
}

const CHANGES: Record<string, Doc[] | undefined> = {
  merge: [{ $replaceWith: { $mergeObjects: ['$$ROOT', '$$new'] } }],
  replace: [{ $replaceWith: '$$new' }],
  keepExisting: undefined,
  fail: undefined,
};
const WHEN_NOT_MATCHED = ['insert', 'discard', 'fail'];

/** Reads `$merge`. All its writes are made, or, when one fails, none. */
export function mergeWriter(context: CommandContext, spec: Value): OutputWriter {
  const merge = readMerge(context, spec);
  const { engine } = context;
  return (results) => {
    const collection = engine.catalog.find(merge.namespace);
    checkUnique(merge.on, collection);
    for (const result of results) mergeOne(context, merge, result);
  };
}

function mergeOne(context: CommandContext, merge: Merge, result: { doc: Doc; bytes: Buffer }): void {
  const { engine } = context;
  const { doc } = result;
  const collection = engine.catalog.ensure(merge.namespace);
  const filter = filterOf(merge.on, doc);
  const matcher = compileQuery(filter);
  const [record] =
    merge.on.includes('_id') && doc._id === undefined
      ? []
      : findRecords(engine, collection, { filter }, matcher, 1);
  if (!record) {
    if (merge.whenNotMatched === 'insert') insertOne(context, collection, result);
    if (merge.whenNotMatched !== 'fail') return;
    throw new MongoletError(
      13113,
      '$merge could not find a matching document in the target collection for at least one document in the source collection',
      { codeName: 'MergeStageNoMatchingDocument' },
    );
  }
  // The unique index says what is wrong.
  if (merge.failsWhenMatched) insertOne(context, collection, result);
  if (!merge.change) return;
  const changes = compileChanges(merge.change, undefined, merge.variables(doc));
  changeRecord(context, collection, record, changes, matcher, new Date());
}

function filterOf(on: readonly string[], doc: Doc): Doc {
  return Object.fromEntries(
    on.map((path) => {
      const value = getPath(doc, path);
      if (Array.isArray(value))
        throw new MongoletError(51185, `$merge write error: 'on' field '${path}' cannot be an array`);
      if ((value === undefined && path !== '_id') || value === null)
        throw new MongoletError(51132, `$merge write error: 'on' field '${path}' cannot be missing or null`);
      return [path, { $eq: value }];
    }),
  );
}

function checkUnique(on: readonly string[], collection: Collection | undefined): void {
  const isById = on.length === 1 && on[0] === '_id';
  const isUnique = collection?.indexes.some(
    ({ isUnique, fields, spec, collation }) =>
      isUnique &&
      !collation &&
      !spec.partialFilterExpression &&
      fields.length === on.length &&
      fields.every(({ path }) => on.includes(path)),
  );
  if (isUnique || (isById && !collection)) return;
  throw new MongoletError(51183, 'Cannot find index to verify that join fields will be unique');
}

function readMerge(context: CommandContext, given: Value): Merge {
  const spec: Doc = typeof given === 'string' ? { into: given } : specDoc('$merge', given);
  checkSpecFields('$merge', spec, ['into', 'on', 'let', 'whenMatched', 'whenNotMatched']);
  const { command, database, engine } = context;
  const source = engine.catalog.find(`${database}.${String(command.aggregate)}`);
  if (collationFor(collationChoiceOf(command), source))
    throw errorOf('NotImplemented', 'mongolet does not support $merge with a collation');
  const { whenMatched = 'merge', whenNotMatched = 'insert' } = spec;
  if (typeof whenNotMatched !== 'string' || !WHEN_NOT_MATCHED.includes(whenNotMatched))
    throw errorOf('BadValue', `unknown 'whenNotMatched' of $merge: ${String(whenNotMatched)}`);
  const change = changeOf(whenMatched);
  const variables = variablesOf(spec, Array.isArray(whenMatched));
  if (change) compileChanges(change, undefined, variables({}));
  return {
    namespace: targetOf(context, spec.into),
    on: onOf(spec.on),
    change,
    failsWhenMatched: whenMatched === 'fail',
    whenNotMatched,
    variables,
  };
}

function changeOf(whenMatched: Value): Doc[] | undefined {
  if (Array.isArray(whenMatched)) return whenMatched as Doc[];
  if (typeof whenMatched === 'string' && Object.hasOwn(CHANGES, whenMatched)) return CHANGES[whenMatched];
  throw errorOf('BadValue', `unknown 'whenMatched' of $merge: ${String(whenMatched)}`);
}

function variablesOf(spec: Doc, isPipeline: boolean): (result: Doc) => Variables {
  if (spec.let === undefined) return (result) => ({ new: result });
  if (!isPipeline) throw new MongoletError(51199, "'let' of $merge needs a pipeline as 'whenMatched'");
  const given = specDoc('$merge let', spec.let);
  const compiled = keysOf(given).map((name) => {
    if (name !== 'new') checkVariableName(name);
    return [name, compileExpression(given[name])] as const;
  });
  return (result) => ({
    new: result,
    ...Object.fromEntries(compiled.map(([name, expression]) => [name, expression(result) ?? null])),
  });
}

function targetOf({ database }: CommandContext, into: Value): string {
  if (typeof into === 'string' && into !== '') return `${database}.${into}`;
  if (isDoc(into) && typeof into.coll === 'string') {
    checkSpecFields('$merge into', into, ['db', 'coll']);
    return `${typeof into.db === 'string' ? into.db : database}.${into.coll}`;
  }
  throw new MongoletError(51178, "$merge 'into' takes a string or a document of 'db' and 'coll'");
}

function onOf(on: Value): string[] {
  const paths = on === undefined ? ['_id'] : Array.isArray(on) ? on : [on];
  const isRight =
    paths.length > 0 && paths.every((path): path is string => typeof path === 'string' && path !== '');
  if (!isRight) throw new MongoletError(51186, "$merge 'on' takes the name of a field, or several");
  if (new Set(paths).size < paths.length)
    throw new MongoletError(31465, 'Found a duplicate field in $merge on');
  return paths;
}
