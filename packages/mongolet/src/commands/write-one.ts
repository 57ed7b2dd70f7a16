/** Applies an update to stored documents, or inserts what an upsert makes: shared by `update` and `findAndModify`. */
import { ObjectId } from 'bson';
import { errorOf } from '../errors.ts';
import type { Matcher } from '../match/index.ts';
import { choosePlan } from '../plan/planner.ts';
import { type LazyRecord, RecordStream } from '../plan/record-stream.ts';
import { compileSort } from '../sort/index.ts';
import type { Collection } from '../store/collection.ts';
import { seedUpsert, type Updater } from '../update/index.ts';
import { type Doc, encode, type Value } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues } from '../value/compare.ts';
import { docOf, keysOf } from '../value/document.ts';
import type { Reading } from '../value/unread.ts';
import type { CommandContext, Engine } from './command.ts';
import { checkId } from './insert.ts';
import { checkDocument } from './validation.ts';

/** What a write asks for. */
export interface WriteQuery {
  readonly filter: Doc;
  readonly sort?: Doc | undefined;
  readonly hint?: Value;
  /** How strings compare; undefined: simply. */
  readonly collation?: Collation | undefined;
}

/** A document before and after. */
export interface Change {
  readonly doc: Doc;
  readonly bytes: Buffer;
  readonly isModified: boolean;
}

/** The records that a write is about; all of them are found before any is changed. Of their documents it reads that much. */
export function findRecords(
  engine: Engine,
  collection: Collection | undefined,
  query: WriteQuery,
  matcher: Matcher,
  limit: number,
  reading?: Reading,
): LazyRecord[] {
  if (!collection) return [];
  const plan = choosePlan(collection, query);
  const stream = new RecordStream(engine.storage, collection, plan, matcher, reading);
  const found: LazyRecord[] = [];
  const mustSort = query.sort !== undefined && !plan.providesSort;
  for (const record of stream) {
    found.push(record);
    if (found.length === limit && !mustSort) break;
  }
  if (!mustSort || !query.sort) return found;
  const order = compileSort(query.sort, query.collation);
  return found.sort((a, b) => order(a.doc, b.doc)).slice(0, limit);
}

/** Applies an update to one record. */
export function changeRecord(
  context: CommandContext,
  collection: Collection,
  record: LazyRecord,
  update: Updater,
  matcher: Matcher,
  now: Date,
): Change {
  const before = record.doc;
  const position = matcher.positions(before);
  const { doc, modified } = update.apply(before, { position, isInsert: false, now });
  if (!modified) return { doc: before, bytes: record.bytes, isModified: false };
  if (compareValues(before._id, doc._id) !== 0) throw changedId();
  const bytes = encode(doc);
  if (bytes.equals(record.bytes)) return { doc: before, bytes, isModified: false };
  checkDocument(context, collection, doc, before);
  context.engine.records.replace(collection, record, doc, bytes, update.isReplacement ? 'replace' : 'update');
  return { doc, bytes, isModified: true };
}

/** Inserts the document that an upsert makes of its filter and its update. */
export function insertUpsert(
  context: CommandContext,
  collection: Collection,
  filter: Doc,
  update: Updater,
  now: Date,
): Change {
  const seed = seedUpsert(filter);
  const { doc: made } = update.apply(seed, { position: undefined, isInsert: true, now });
  const id = made._id;
  checkId(id);
  if (seed._id !== undefined && compareValues(seed._id, id) !== 0) throw changedId();
  const rest = keysOf(made)
    .filter((key) => key !== '_id')
    .map((key): [string, unknown] => [key, made[key]]);
  const doc = docOf([['_id', id === undefined ? new ObjectId() : id], ...rest]);
  const bytes = encode(doc);
  checkDocument(context, collection, doc);
  context.engine.records.insert(collection, doc, bytes);
  return { doc, bytes, isModified: true };
}

function changedId(): Error {
  return errorOf(
    'ImmutableField',
    "Performing an update on the path '_id' would modify the immutable field '_id'",
  );
}
