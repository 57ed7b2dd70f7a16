/** `aggregate`: the start of a pipeline is a query for the planner, the rest runs on its documents as they come. */
import { Int32 } from 'bson';
import { openChangeStream } from '../change-stream/change-stream.ts';
import { isChangeStream, readChangeStream } from '../change-stream/options.ts';
import { collationChoiceOf, collationFor } from '../commands/collation-option.ts';
import {
  type CommandContext,
  type CommandDefinition,
  isSet,
  namespaceOf,
  numberOf,
  optionalCount,
  optionalDoc,
  wrongType,
} from '../commands/command.ts';
import { countMatches } from '../commands/count.ts';
import { openCursor } from '../commands/cursor-reply.ts';
import { type FindQuery, openFind } from '../commands/find.ts';
import { variablesOf } from '../commands/variables.ts';
import { errorOf, MongoletError } from '../errors.ts';
import { Cursor, type DocumentSource } from '../session/cursors.ts';
import { type Doc, decode, encode, type Value } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { compileExpression } from './expression.ts';
import { hasOutput, outputOf, writeAll } from './output.ts';
import { readStage } from './stage.ts';
import { compilePipeline, wholeNumber } from './stages.ts';

/** Opens a cursor on what a pipeline makes of a collection, or writes that down. */
export const aggregate: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  writes: (command) => hasOutput(command) || isChangeStream(command),
  fields: [
    'pipeline',
    'cursor',
    'hint',
    'allowDiskUse',
    'let',
    'explain',
    'bypassDocumentValidation',
    'collation',
  ],
  run(context): ReplyDoc {
    const { command, engine } = context;
    if (isSet(command, 'explain'))
      throw errorOf('CommandNotSupported', 'mongolet cannot explain an aggregation');
    const pipeline = command.pipeline;
    if (!Array.isArray(pipeline)) throw wrongType('pipeline', pipeline, 'array');
    const cursorOptions = optionalDoc(command, 'cursor');
    if (!cursorOptions)
      throw errorOf(
        'FailedToParse',
        "The 'cursor' option is required, except for aggregate with the explain argument",
      );
    if (isChangeStream(command)) return changeStreamReply(context, optionalCount(cursorOptions, 'batchSize'));
    const isOnCollection = typeof command.aggregate === 'string';
    const namespace = isOnCollection ? namespaceOf(context) : `${context.database}.$cmd.aggregate`;
    const write = outputOf(context, pipeline);
    const stages = write ? pipeline.slice(0, -1) : pipeline;
    const source = isOnCollection ? sourceOf(context, namespace, stages) : givenDocuments(context, stages);
    if (write) {
      writeAll(source, write);
      return { cursor: { firstBatch: [], id: 0n, ns: namespace }, ok: 1 };
    }
    const cursor = new Cursor(namespace, source, Number.POSITIVE_INFINITY);
    return openCursor(engine, cursor, {
      batchSize: optionalCount(cursorOptions, 'batchSize'),
      isSingleBatch: false,
    });
  },
};

function changeStreamReply(context: CommandContext, batchSize: number | undefined): ReplyDoc {
  const { command, engine, database } = context;
  if (engine.storage.view)
    throw errorOf('OperationNotSupportedInTransaction', '$changeStream cannot run in a transaction');
  const { options, rest, isForCluster } = readChangeStream(command, database);
  const namespace = typeof command.aggregate === 'string' ? namespaceOf(context) : undefined;
  const collation = collationFor(collationChoiceOf(command), undefined);
  const variables = variablesOf(command);
  const stage = compilePipeline(rest, { find: finder(context, collation), variables, collation });
  const scope = { database: isForCluster ? '' : database, namespace };
  const source = openChangeStream(engine, scope, options, stage);
  const cursor = new Cursor(namespace ?? `${database}.$cmd.aggregate`, source, Number.POSITIVE_INFINITY);
  return openCursor(engine, cursor, { batchSize, isSingleBatch: false });
}

/** `$documents`, the only source there is for a pipeline that begins at a database. */
function givenDocuments(context: CommandContext, pipeline: Value[]): DocumentSource {
  const first = pipeline.length > 0 ? readStage(pipeline[0]) : undefined;
  if (first?.operator !== '$documents') {
    throw errorOf(
      'CommandNotSupported',
      'mongolet aggregates collections, or $documents, but not a whole database',
    );
  }
  const variables = variablesOf(context.command);
  const docs = compileExpression(first.spec, variables)({});
  if (!Array.isArray(docs) || !docs.every(isDoc)) {
    throw new MongoletError(5858203, 'an array of documents is expected in $documents');
  }
  const collation = collationFor(collationChoiceOf(context.command), undefined);
  const find = finder(context, collation);
  const stage = compilePipeline(pipeline.slice(1), { find, variables, collation });
  return encodedSource(stage(docs), () => {});
}

/** Finds documents of a collection of the same database; not its collation counts but the pipeline's. */
function finder({ engine, database }: CommandContext, collation: Collation | undefined) {
  return (collection: string, filter: Doc): Iterable<Doc> => {
    const query = { ...EVERYTHING, filter, collation: collation ?? null };
    return documentsOf(openFind(engine, `${database}.${collection}`, query).source, true);
  };
}

function encodedSource(input: Iterable<Doc>, suspend: () => void): DocumentSource {
  const docs = input[Symbol.iterator]();
  return {
    next() {
      const { done, value } = docs.next();
      return done ? undefined : encode(value);
    },
    suspend,
  };
}

function sourceOf(context: CommandContext, namespace: string, pipeline: Value[]): DocumentSource {
  const { engine } = context;
  const collation = collationFor(collationChoiceOf(context.command), engine.catalog.find(namespace));
  const find = finder(context, collation);
  // All stages are checked, also those that the planner takes over.
  const variables = variablesOf(context.command);
  compilePipeline(pipeline, { find, variables, collation });
  const { query: plain, rest } = splitPipeline(pipeline, context.command.hint);
  const query = { ...plain, variables, collation: collation ?? null };
  const counted = countedAs(rest);
  if (counted !== undefined && !query.sort) return countSource(context, namespace, query, counted);
  const { source } = openFind(engine, namespace, query);
  // The planner's stream knows no limit of its own: a cursor or a stage ends it.
  const limited = limitSource(source, query.limit);
  if (rest.length === 0) return limited;
  const stage = compilePipeline(rest, { find, variables, collation });
  return encodedSource(stage(documentsOf(limited, false)), () => limited.suspend());
}

/** What `explain` tells of a pipeline: the query that the planner takes, and the stages after it. */
export function explainedPipeline(command: Doc): { query: FindQuery; rest: Value[] } {
  const { pipeline } = command;
  if (!Array.isArray(pipeline)) throw wrongType('pipeline', pipeline, 'array');
  const variables = variablesOf(command);
  const choice = collationChoiceOf(command);
  compilePipeline(pipeline, { find: () => [], variables, collation: choice ?? undefined });
  const { query, rest } = splitPipeline(pipeline, command.hint);
  return { query: { ...query, variables, collation: choice }, rest };
}

const EVERYTHING: FindQuery = {
  filter: {},
  sort: undefined,
  projection: undefined,
  hint: undefined,
  skip: 0,
  limit: Number.POSITIVE_INFINITY,
};

/** Takes `$match`, `$sort`, `$skip` and `$limit`, in this order, off the start of a pipeline. */
function splitPipeline(pipeline: Value[], hint: Value): { query: FindQuery; rest: Value[] } {
  const filters: Doc[] = [];
  let position = 0;
  const take = (wanted: string): Value | undefined => {
    const next = pipeline[position];
    if (next === undefined) return undefined;
    const { operator, spec } = readStage(next);
    if (operator !== wanted) return undefined;
    position += 1;
    return spec;
  };
  for (let filter = take('$match'); isDoc(filter); filter = take('$match')) filters.push(filter);
  const sort = take('$sort');
  const skip = take('$skip');
  const limit = take('$limit');
  const query: FindQuery = {
    filter: filters.length === 0 ? {} : filters.length === 1 ? (filters[0] as Doc) : { $and: filters },
    sort: isDoc(sort) ? sort : undefined,
    projection: undefined,
    hint,
    skip: skip === undefined ? 0 : wholeNumber('$skip', skip, 0),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber('$limit', limit, 1),
  };
  return { query, rest: pipeline.slice(position) };
}

/** `{$group: {_id: 1, n: {$sum: 1}}}` alone, as countDocuments ends, needs no document: returns its `_id` and `n`. */
function countedAs(rest: Value[]): { id: Value; field: string } | undefined {
  if (rest.length !== 1) return undefined;
  const { operator, spec } = readStage(rest[0]);
  if (operator !== '$group' || !isDoc(spec)) return undefined;
  const [id, field, ...others] = Object.keys(spec);
  if (id !== '_id' || field === undefined || others.length > 0) return undefined;
  const accumulator = spec[field];
  const isConstant = spec._id === null || numberOf(spec._id) !== undefined;
  const isOne = isDoc(accumulator) && accumulator.$sum instanceof Int32 && accumulator.$sum.value === 1;
  return isConstant && isOne ? { id: spec._id, field } : undefined;
}

function countSource(
  context: CommandContext,
  namespace: string,
  query: FindQuery,
  { id, field }: { id: Value; field: string },
): DocumentSource {
  const n = countMatches(context.engine, namespace, query, query.skip, query.limit);
  const docs = n > 0 ? [encode({ _id: id, [field]: new Int32(n) })] : [];
  return { next: () => docs.shift(), suspend() {} };
}

function limitSource(source: DocumentSource, limit: number): DocumentSource {
  let remaining = limit;
  return {
    next() {
      if (remaining === 0) return undefined;
      remaining -= 1;
      return source.next();
    },
    suspend: () => source.suspend(),
  };
}

function* documentsOf(source: DocumentSource, mustSuspend: boolean): Generator<Doc> {
  try {
    for (let bytes = source.next(); bytes; bytes = source.next()) yield decode(bytes);
  } finally {
    if (mustSuspend) source.suspend();
  }
}
