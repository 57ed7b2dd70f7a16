/** `find` */

import type { Variables } from '../aggregate/expression.ts';
import { errorOf } from '../errors.ts';
import { choosePlan } from '../plan/planner.ts';
import { type LazyRecord, RecordStream } from '../plan/record-stream.ts';
import { sortedRecords } from '../plan/sorted-records.ts';
import { TailStream } from '../plan/tail.ts';
import { Cursor, type DocumentSource } from '../session/cursors.ts';
import { compileSort } from '../sort/index.ts';
import { type Doc, encode } from '../value/codec.ts';
import type { Collation, CollationChoice } from '../value/collation.ts';
import { keysOf } from '../value/document.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { collationChoiceOf, collationFor } from './collation-option.ts';
import {
  type CommandContext,
  type CommandDefinition,
  type Engine,
  isSet,
  namespaceOf,
  optionalCount,
  optionalDoc,
} from './command.ts';
import { compileFields, compileQuery } from './compile.ts';
import { openCursor } from './cursor-reply.ts';
import { variablesOf } from './variables.ts';

const REFUSED_OPTIONS = ['returnKey', 'showRecordId', 'min', 'max', 'oplogReplay'];

/** A query as `find` and `explain` see it. */
export interface FindQuery {
  readonly filter: Doc;
  readonly sort: Doc | undefined;
  readonly projection: Doc | undefined;
  readonly hint: unknown;
  readonly skip: number;
  readonly limit: number;
  readonly collation?: CollationChoice;
  /** Those of `let`. */
  readonly variables?: Variables;
}

/** Opens a cursor on a collection's documents. */
export const find: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  fields: [
    'filter',
    'sort',
    'projection',
    'hint',
    'skip',
    'limit',
    'batchSize',
    'singleBatch',
    'noCursorTimeout',
    'allowPartialResults',
    'allowDiskUse',
    'let',
    'collation',
    'tailable',
    'awaitData',
    ...REFUSED_OPTIONS,
  ],
  run(context): ReplyDoc {
    const { command, engine } = context;
    const query = findQueryOf(context);
    const namespace = namespaceOf(context);
    const source = isSet(command, 'tailable')
      ? openTail(context, namespace, query)
      : openFind(engine, namespace, query).source;
    const cursor = new Cursor(namespace, source, query.limit, isSet(command, 'noCursorTimeout'));
    return openCursor(engine, cursor, {
      batchSize: optionalCount(command, 'batchSize'),
      isSingleBatch: isSet(command, 'singleBatch'),
    });
  },
};

/** Reads and checks a query. */
export function findQueryOf(context: CommandContext, command: Doc = context.command): FindQuery {
  if (isSet(command, 'awaitData') && !isSet(command, 'tailable'))
    throw errorOf('FailedToParse', "Cannot set 'awaitData' without also setting 'tailable'");
  for (const option of REFUSED_OPTIONS) {
    const isAsked =
      option === 'min' || option === 'max' ? command[option] !== undefined : isSet(command, option);
    if (isAsked) throw errorOf('NotImplemented', `mongolet does not support '${option}' (in command 'find')`);
  }
  const limit = optionalCount(command, 'limit') ?? 0;
  return {
    filter: optionalDoc(command, 'filter') ?? {},
    sort: emptyToNone(optionalDoc(command, 'sort')),
    projection: emptyToNone(optionalDoc(command, 'projection')),
    hint: command.hint,
    skip: optionalCount(command, 'skip') ?? 0,
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    collation: collationChoiceOf(command),
    variables: variablesOf(command),
  };
}

function emptyToNone(doc: Doc | undefined): Doc | undefined {
  return doc && keysOf(doc).length > 0 ? doc : undefined;
}

const EMPTY_SOURCE: DocumentSource = { next: () => undefined, suspend() {} };

/** Compiles a query and plans it; a collection that does not exist is an empty one, after all checks. */
export function openFind(engine: Engine, namespace: string, query: FindQuery) {
  const collection = engine.catalog.find(namespace);
  const collation = collationFor(query.collation, collection);
  const shape = compileShape(query, collation);
  const isNatural = query.sort?.$natural !== undefined;
  const order = query.sort && !isNatural ? compileSort(query.sort, collation) : undefined;
  if (!collection) return { source: EMPTY_SOURCE, plan: undefined, stream: undefined };
  const plan = choosePlan(collection, { ...query, collation });
  const stream = new RecordStream(engine.storage, collection, plan, shape.matcher);
  const records =
    order && !plan.providesSort ? sortedRecords(stream, order, query.skip + query.limit) : stream;
  const next = shape.encoded(records);
  const source: DocumentSource = {
    // A dropped collection's entries are being cleared away: nothing of it may be seen any more.
    next: () => (collection.isDropped ? undefined : next()),
    suspend: () => stream.suspend(),
  };
  return { source, plan, stream };
}

/** What of the documents is returned, and how. */
function compileShape(query: FindQuery, collation: Collation | undefined) {
  const { filter, projection, variables } = query;
  const matcher = compileQuery(filter, variables, collation);
  const project = projection ? compileFields(projection, filter, variables, collation) : undefined;
  const encoded = (records: { next(): LazyRecord | undefined }): (() => Uint8Array | undefined) => {
    let toSkip = query.skip;
    return () => {
      let record = records.next();
      for (; record && toSkip > 0; toSkip -= 1) record = records.next();
      if (!record) return undefined;
      return project ? encode(project(record.doc, matcher.positions(record.doc))) : record.bytes;
    };
  };
  return { matcher, encoded };
}

/** A tailable cursor's source: a capped collection in natural order, and what comes to it later. */
function openTail({ engine, command }: CommandContext, namespace: string, query: FindQuery): DocumentSource {
  if (engine.storage.view)
    throw errorOf('OperationNotSupportedInTransaction', 'Tailable cursors are not allowed in transactions');
  if (isSet(command, 'singleBatch'))
    throw errorOf('FailedToParse', "Cannot use the 'tailable' option with the 'singleBatch' option");
  if (query.sort && Number(query.sort.$natural) !== 1)
    throw errorOf('BadValue', 'cannot use tailable option with a sort other than {$natural: 1}');
  const collection = engine.catalog.find(namespace);
  const shape = compileShape(query, collationFor(query.collation, collection));
  if (!collection) return EMPTY_SOURCE;
  if (!collection.cap) {
    throw errorOf(
      'BadValue',
      `error processing query: tailable cursor requested on non capped collection ${namespace}`,
    );
  }
  const stream = new TailStream(engine.storage, collection, shape.matcher);
  return {
    next: shape.encoded(stream),
    suspend: () => stream.suspend(),
    tail: {
      awaitsData: isSet(command, 'awaitData'),
      get isDead() {
        return stream.isDead;
      },
    },
  };
}
