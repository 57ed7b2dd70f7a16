/** What a command is, and what it is given to run. */
import { CODES, errorOf, MongoletError } from '../errors.ts';
import type { Cursors } from '../session/cursors.ts';
import type { Catalog } from '../store/catalog.ts';
import type { ChangeLog } from '../store/change-log.ts';
import type { CommitQueue } from '../store/commit-queue.ts';
import type { Records } from '../store/records.ts';
import type { Storage } from '../store/storage.ts';
import type { Transactions } from '../transaction/transactions.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import type { FailPoints } from './fail-points.ts';

/** Everything a server consists of. */
export interface Engine {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly records: Records;
  readonly log: ChangeLog;
  readonly queue: CommitQueue;
  readonly cursors: Cursors;
  readonly transactions: Transactions;
  /** For the suites of drivers; undefined where failing on order is not allowed. */
  readonly failPoints: FailPoints | undefined;
  /** Host and port, or the socket's path, as `hello` tells it. */
  readonly address: () => string;
}

/** One command as it came, with what it may use. */
export interface CommandContext {
  readonly engine: Engine;
  readonly name: string;
  readonly command: Doc;
  readonly database: string;
  /** Kind 1 sections of the message. */
  readonly sequences: ReadonlyMap<string, Buffer[]>;
  readonly connectionId: number;
}

interface CommandFields {
  /** The fields it knows, beyond its own name and those that every command may have; 'any' is for the handshake. */
  readonly fields: readonly string[] | 'any';
}

/** A command on data: reads run at once, writes inside the next batch, and either inside a transaction. */
interface DataCommandDefinition extends CommandFields {
  readonly kind: 'read' | 'write';
  readonly run: (context: CommandContext) => ReplyDoc;
  /** What a read must wait for before it runs, if for anything. */
  readonly waitFor?: (context: CommandContext) => Promise<void> | undefined;
  /** Says of a read that it writes after all, as an aggregation with `$out` does. */
  readonly writes?: (command: Doc) => boolean;
  /** It has statements, may be repeated under its transaction number, and is then answered from memory. */
  readonly isRetryable?: boolean;
  /** It may write more than should be kept in memory until it is durable. */
  readonly isBulk?: boolean;
  /** It may be a part of a multi-document transaction. */
  readonly isForTransactions?: boolean;
}

/** A command that ends a transaction. */
interface EndCommandDefinition extends CommandFields {
  readonly kind: 'end';
  readonly run: (context: CommandContext) => Promise<ReplyDoc>;
  readonly isRetryable?: never;
}

export type CommandDefinition = DataCommandDefinition | EndCommandDefinition;

const GENERIC_FIELDS = new Set([
  '$db',
  'lsid',
  'txnNumber',
  'autocommit',
  'startTransaction',
  '$clusterTime',
  '$readPreference',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'comment',
  '$audit',
  '$client',
  '$configServerState',
]);

/** Refuses fields that the command does not know, and a number where nothing would be done with it. */
export function checkFields(name: string, command: Doc, definition: CommandDefinition): void {
  if (definition.fields === 'any') return;
  if (command.txnNumber !== undefined && command.autocommit === undefined && !definition.isRetryable) {
    throw new MongoletError(
      50768,
      `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${name} is not a retryable write command.`,
      { codeName: 'NotARetryableWriteCommand' },
    );
  }
  for (const field of keysOf(command)) {
    if (field === name || GENERIC_FIELDS.has(field) || definition.fields.includes(field)) continue;
    throw new MongoletError(40415, `BSON field '${name}.${field}' is an unknown field.`);
  }
}

/** The namespace of a command whose first field names a collection. */
export function namespaceOf(context: CommandContext): string {
  const name = context.command[context.name];
  if (typeof name !== 'string') {
    throw errorOf('BadValue', `collection name has invalid type ${typeof name}`);
  }
  if (name === '') throw errorOf('InvalidNamespace', `Invalid namespace specified '${context.database}.'`);
  return `${context.database}.${name}`;
}

/** An optional field that must be a document. */
export function optionalDoc(command: Doc, field: string): Doc | undefined {
  const value = command[field];
  if (value === undefined || value === null) return undefined;
  if (isDoc(value)) return value;
  throw wrongType(field, value, 'object');
}

/** An optional field that must be a whole number, or undefined. */
export function optionalCount(command: Doc, field: string): number | undefined {
  const value = command[field];
  if (value === undefined || value === null) return undefined;
  const number = numberOf(value);
  if (number === undefined) throw wrongType(field, value, 'number');
  if (number < 0) {
    throw new MongoletError(51024, `BSON field '${field}' value must be >= 0, actual value '${number}'`);
  }
  return Math.trunc(number);
}

/** Whether an optional field is true; numbers count as they do in MongoDB. */
export function isSet(command: Doc, field: string): boolean {
  const value = command[field];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  const number = numberOf(value);
  if (number === undefined) throw wrongType(field, value, 'bool');
  return number !== 0;
}

/** A BSON number as a JavaScript one, or undefined when the value is none. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null || !('_bsontype' in value)) return undefined;
  const isNumber = ['Int32', 'Double', 'Long', 'Decimal128'].includes(String(value._bsontype));
  return isNumber ? Number(String(value)) : undefined;
}

/** The error for a field of the wrong type. */
export function wrongType(field: string, value: Value, expected: string): MongoletError {
  const shown = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  return new MongoletError(
    CODES.TypeMismatch,
    `BSON field '${field}' is the wrong type '${shown}', expected type '${expected}'`,
  );
}
