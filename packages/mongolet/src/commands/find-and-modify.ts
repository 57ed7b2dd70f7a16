/** `findAndModify` */

import { errorOf } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { RawDocument, type ReplyDoc } from '../wire/reply-writer.ts';
import { collationChoiceOf, collationFor } from './collation-option.ts';
import { type CommandContext, type CommandDefinition, isSet, namespaceOf, optionalDoc } from './command.ts';
import { compileChanges, compileFields, compileQuery, compileWriteQuery } from './compile.ts';
import { arrayFiltersOf, updateOf } from './update.ts';
import { variablesOf } from './variables.ts';
import { changeRecord, findRecords, insertUpsert } from './write-one.ts';

/** Changes or removes one document and returns it, as it was or as it is. */
export const findAndModify: CommandDefinition = {
  kind: 'write',
  isForTransactions: true,
  fields: [
    'query',
    'sort',
    'remove',
    'update',
    'new',
    'fields',
    'upsert',
    'arrayFilters',
    'hint',
    'bypassDocumentValidation',
    'let',
    'collation',
  ],
  isRetryable: true,
  run(context): ReplyDoc {
    const { command } = context;
    const isRemove = isSet(command, 'remove');
    if (isRemove === (command.update !== undefined)) {
      throw errorOf(
        'FailedToParse',
        isRemove
          ? 'Cannot specify both an update and remove=true'
          : 'Either an update or remove=true must be specified',
      );
    }
    if (isRemove && isSet(command, 'upsert'))
      throw errorOf('FailedToParse', 'Cannot specify both upsert=true and remove=true');
    if (isRemove && isSet(command, 'new')) {
      throw errorOf(
        'FailedToParse',
        "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document",
      );
    }
    return isRemove ? removeOne(context) : updateOne(context);
  },
};

function removeOne(context: CommandContext): ReplyDoc {
  const { engine } = context;
  const collection = engine.catalog.find(namespaceOf(context));
  const query = queryOf(context, collection);
  const matcher = compileQuery(query.filter, query.variables, query.collation);
  const [record] = findRecords(engine, collection, query, matcher, 1);
  if (!record || !collection) return { lastErrorObject: { n: 0 }, value: null, ok: 1 };
  const value = projected(context, query, record.doc, record.bytes, matcher.positions(record.doc));
  engine.records.remove(collection, record);
  return { lastErrorObject: { n: 1 }, value, ok: 1 };
}

function updateOne(context: CommandContext): ReplyDoc {
  const { engine, command } = context;
  const namespace = namespaceOf(context);
  const collection = engine.catalog.find(namespace);
  const query = queryOf(context, collection);
  const { variables, collation } = query;
  const matcher = compileWriteQuery(query.filter, variables, isSet(command, 'upsert'), collation);
  const arrayFilters = arrayFiltersOf(command);
  const update = compileChanges(updateOf(command.update, false), arrayFilters, variables, collation);
  const [record] = findRecords(engine, collection, query, matcher, 1);
  const isNew = isSet(command, 'new');
  const now = new Date();
  if (record && collection) {
    const position = command.fields === undefined ? undefined : matcher.positions(record.doc);
    const after = changeRecord(context, collection, record, update, matcher, now);
    const value = isNew
      ? projected(context, query, after.doc, after.bytes, position)
      : projected(context, query, record.doc, record.bytes, position);
    return { lastErrorObject: { n: 1, updatedExisting: true }, value, ok: 1 };
  }
  if (!isSet(command, 'upsert'))
    return { lastErrorObject: { n: 0, updatedExisting: false }, value: null, ok: 1 };
  const { doc, bytes } = insertUpsert(context, engine.catalog.ensure(namespace), query.filter, update, now);
  const value = isNew ? projected(context, query, doc, bytes, undefined) : null;
  return { lastErrorObject: { n: 1, updatedExisting: false, upserted: doc._id }, value, ok: 1 };
}

function queryOf(context: CommandContext, collection: Collection | undefined) {
  const { command } = context;
  return {
    filter: optionalDoc(command, 'query') ?? {},
    sort: optionalDoc(command, 'sort'),
    hint: command.hint,
    variables: variablesOf(command),
    collation: collationFor(collationChoiceOf(command), collection),
  };
}

function projected(
  context: CommandContext,
  { filter, variables, collation }: ReturnType<typeof queryOf>,
  doc: Doc,
  bytes: Buffer,
  position: number | undefined,
): RawDocument | Doc {
  const fields = optionalDoc(context.command, 'fields');
  if (!fields || keysOf(fields).length === 0) return new RawDocument(bytes);
  return compileFields(fields, filter, variables, collation)(doc, position);
}
