/** `update` */

import type { Variables } from '../aggregate/expression.ts';
import { errorOf, MongoletError } from '../errors.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { collationChoiceOf, collationFor } from './collation-option.ts';
import {
  type CommandContext,
  type CommandDefinition,
  isSet,
  namespaceOf,
  optionalDoc,
  wrongType,
} from './command.ts';
import { compileChanges, compileWriteQuery } from './compile.ts';
import { readingOf } from './reading.ts';
import { runStatements, statementsOf } from './statements.ts';
import { variablesOf } from './variables.ts';
import { changeRecord, findRecords, insertUpsert } from './write-one.ts';

const STATEMENT_FIELDS = new Set([
  'q',
  'u',
  'multi',
  'upsert',
  'arrayFilters',
  'hint',
  'sort',
  'collation',
  'c',
]);

interface Tally {
  n: number;
  nModified: number;
  upserted: ReplyDoc[];
}

/** Updates or replaces documents. */
export const update: CommandDefinition = {
  kind: 'write',
  isForTransactions: true,
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'],
  isRetryable: true,
  run(context): ReplyDoc {
    const variables = variablesOf(context.command);
    const namespace = namespaceOf(context);
    const statements = statementsOf(context, 'updates');
    for (const { doc } of statements) checkStatement(doc, STATEMENT_FIELDS, 'update.updates');
    const tally: Tally = { n: 0, nModified: 0, upserted: [] };
    const writeErrors = runStatements(context, statements, ({ doc }, index) => {
      updateOne({ context, namespace, variables, tally }, doc, index);
    });
    return {
      n: tally.n,
      nModified: tally.nModified,
      ...(tally.upserted.length > 0 ? { upserted: tally.upserted } : {}),
      ...(writeErrors.length > 0 ? { writeErrors } : {}),
      ok: 1,
    };
  },
};

interface UpdateRun {
  readonly context: CommandContext;
  readonly namespace: string;
  readonly variables: Variables;
  readonly tally: Tally;
}

function updateOne(run: UpdateRun, statement: Doc, index: number): void {
  const { context, namespace, variables, tally } = run;
  const { engine } = context;
  const filter = requiredFilter(statement, 'update.updates');
  const isMulti = isSet(statement, 'multi');
  const existing = engine.catalog.find(namespace);
  const collation = collationFor(collationChoiceOf(statement), existing);
  const matcher = compileWriteQuery(filter, variables, isSet(statement, 'upsert'), collation);
  const arrayFilters = arrayFiltersOf(statement);
  const changes = compileChanges(updateOf(statement.u, isMulti), arrayFilters, variables, collation);
  const query = { filter, sort: optionalDoc(statement, 'sort'), hint: statement.hint, collation };
  if (query.sort && isMulti) throw errorOf('FailedToParse', 'Cannot specify sort with multi=true');
  const limit = isMulti ? Number.POSITIVE_INFINITY : 1;
  const reading = existing && readingOf(engine, existing, query, changes);
  const records = findRecords(engine, existing, query, matcher, limit, reading);
  const now = new Date();
  if (existing) {
    for (const record of records) {
      const { isModified } = changeRecord(context, existing, record, changes, matcher, now);
      tally.n += 1;
      if (isModified) tally.nModified += 1;
    }
  }
  if (records.length > 0 || !isSet(statement, 'upsert')) return;
  const { doc } = insertUpsert(context, engine.catalog.ensure(namespace), filter, changes, now);
  tally.n += 1;
  tally.upserted.push({ index, _id: doc._id });
}

/** The update of a statement: operators, a replacement, or a pipeline. */
export function updateOf(value: unknown, isMulti: boolean): Doc | Doc[] {
  if (Array.isArray(value)) return value as Doc[];
  if (!isDoc(value)) throw wrongType('u', value, 'object');
  const isReplacement = !keysOf(value)[0]?.startsWith('$');
  if (isMulti && isReplacement)
    throw errorOf('FailedToParse', 'multi update is not supported for replacement-style update');
  return value;
}

/** The array filters of a statement. */
export function arrayFiltersOf(statement: Doc): Doc[] | undefined {
  const value = statement.arrayFilters;
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isDoc)) throw wrongType('arrayFilters', value, 'array');
  return value;
}

/** Refuses what a statement must not have. */
export function checkStatement(statement: Doc, known: ReadonlySet<string>, where: string): void {
  for (const field of keysOf(statement)) {
    if (!known.has(field))
      throw new MongoletError(40415, `BSON field '${where}.${field}' is an unknown field.`);
  }
  if (statement.c !== undefined)
    throw errorOf('NotImplemented', "mongolet does not support 'c' in a statement");
}

/** The filter of a statement, which it must have. */
export function requiredFilter(statement: Doc, where: string): Doc {
  const filter = statement.q;
  if (filter === undefined) {
    throw new MongoletError(40414, `BSON field '${where}.q' is missing but a required field`);
  }
  if (!isDoc(filter)) throw wrongType(`${where}.q`, filter, 'object');
  return filter;
}
