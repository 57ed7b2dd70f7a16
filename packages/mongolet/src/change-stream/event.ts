/** Entries of the change log as the events that a change stream hands out. */
import { createHash } from 'node:crypto';
import { Binary, Timestamp } from 'bson';
import { timeOf } from '../store/change-log.ts';
import type { Doc, Value } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';
import { tokenOf } from './resume-token.ts';

/** What a stream is about: one collection, one database, or (with an empty name) everything. */
export interface Scope {
  readonly database: string;
  /** `database.collection`, or undefined for the whole database. */
  readonly namespace: string | undefined;
}

/** The databases whose changes are nobody's business. */
const HIDDEN_DATABASES = new Set(['admin', 'local', 'config']);
/** Of the user that everybody is where nobody signs in. */
const NO_USER = new Binary(createHash('sha256').digest());

/** The name by which the change log knows a scope. */
export function nameOf(scope: Scope): string {
  return scope.namespace ?? scope.database;
}

/** Whether a stream on this scope tells of an entry. */
export function isInScope(entry: Doc, scope: Scope): boolean {
  const namespace = String(entry.namespace);
  if (scope.namespace !== undefined) return namespace === scope.namespace || entry.to === scope.namespace;
  const database = databaseOf(namespace);
  return scope.database === '' ? !HIDDEN_DATABASES.has(database) : database === scope.database;
}

/** Whether an entry takes away what the stream is about. */
export function invalidates(entry: Doc, scope: Scope): boolean {
  if (scope.namespace !== undefined) return entry.kind === 'drop' || entry.kind === 'rename';
  return scope.database !== '' && entry.kind === 'dropDatabase';
}

/** The event that tells of an entry; `lookUp` finds the document of an update as it is now, where that is wanted. */
export function eventOf(position: Buffer, entry: Doc, lookUp?: (namespace: string, id: Value) => Value): Doc {
  const namespace = String(entry.namespace);
  const { kind } = entry;
  const event: Doc = { ...headOf(position, entry, String(kind)), ...originOf(entry) };
  if (isDoc(entry.doc)) event.fullDocument = entry.doc;
  event.ns = kind === 'dropDatabase' ? { db: namespace } : namesOf(namespace);
  if (kind === 'rename') event.to = namesOf(String(entry.to));
  if (entry.id !== undefined) event.documentKey = { _id: entry.id };
  if (isDoc(entry.update)) {
    event.updateDescription = entry.update;
    if (lookUp) event.fullDocument = lookUp(namespace, entry.id);
  }
  return event;
}

/** The event with which a stream ends. */
export function invalidateOf(position: Buffer, entry: Doc): Doc {
  return { ...headOf(position, entry, 'invalidate'), _id: tokenOf(position, 'invalidate') };
}

function headOf(position: Buffer, entry: Doc, operationType: string): Doc {
  return {
    _id: tokenOf(position, 'event'),
    operationType,
    clusterTime: new Timestamp(timeOf(position)),
    wallTime: entry.wallTime,
  };
}

function originOf(entry: Doc): Doc {
  if (entry.sessionId === undefined) return {};
  return { txnNumber: entry.txnNumber, lsid: { id: entry.sessionId, uid: NO_USER } };
}

function databaseOf(namespace: string): string {
  return namespace.split('.', 1)[0] ?? '';
}

function namesOf(namespace: string): Doc {
  const db = databaseOf(namespace);
  return { db, coll: namespace.slice(db.length + 1) };
}
