/** The statements and the ends of multi-document transactions, and the commands that end sessions. */
import { errorOf, MongoletError } from '../errors.ts';
import {
  sessionKeyOf,
  type TransactionFields,
  transactionFieldsOf,
  type WriteIdentity,
} from '../session/session-fields.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandContext, type CommandDefinition, checkFields, wrongType } from './command.ts';
import { checkStatementConcerns, unsatisfiedConcern } from './concerns.ts';

const REFUSED_DATABASES = new Set(['admin', 'config', 'local']);

/** Runs a statement of a transaction, at once: nothing of it is on disk before the commit. Any error aborts it. */
export function runStatement(
  context: CommandContext,
  definition: CommandDefinition,
  fields: TransactionFields,
): ReplyDoc {
  const { engine, name, command, database } = context;
  if (definition.kind === 'end' || definition.isForTransactions !== true || REFUSED_DATABASES.has(database)) {
    const where = REFUSED_DATABASES.has(database) ? ` against the '${database}' database` : '';
    throw errorOf(
      'OperationNotSupportedInTransaction',
      `Cannot run '${name}'${where} in a multi-document transaction.`,
    );
  }
  const transaction = engine.transactions.forStatement(fields);
  try {
    checkFields(name, command, definition);
    checkStatementConcerns(command, fields.isStart);
    const reply = engine.storage.runInView(transaction.view, () => definition.run(context));
    if (reply.writeErrors !== undefined) engine.transactions.abort(transaction);
    return reply;
  } catch (error) {
    engine.transactions.abort(transaction);
    throw error;
  }
}

function identityOf({ name, command, database }: CommandContext): WriteIdentity {
  if (database !== 'admin')
    throw errorOf('Unauthorized', `${name} may only be run against the admin database.`);
  const fields = transactionFieldsOf(command);
  if (!fields) {
    throw new MongoletError(125, `${name} must be run within a transaction`, { codeName: 'CommandFailed' });
  }
  if (fields.isStart) throw errorOf('OperationNotSupportedInTransaction', `Cannot start with ${name}`);
  return fields;
}

/** Makes a transaction durable and visible, once, however often it is asked to. */
export const commitTransaction: CommandDefinition = {
  kind: 'end',
  fields: [],
  async run(context): Promise<ReplyDoc> {
    await context.engine.transactions.commit(identityOf(context));
    // A transaction that was refused here would hold its documents for as long as it may live.
    const writeConcernError = unsatisfiedConcern(context.command);
    return { ...(writeConcernError ? { writeConcernError } : {}), ok: 1 };
  },
};

/** Undoes a transaction. */
export const abortTransaction: CommandDefinition = {
  kind: 'end',
  fields: [],
  async run(context): Promise<ReplyDoc> {
    context.engine.transactions.abortNamed(identityOf(context));
    return { ok: 1 };
  },
};

/** A session's end is that of its transaction; the record of its last write ends by itself. */
export const endSessions: CommandDefinition = { kind: 'read', fields: [], run: abortThose };

/** The same, asked for by somebody else. */
export const killSessions: CommandDefinition = { kind: 'read', fields: [], run: abortThose };

function abortThose({ engine, command, name }: CommandContext): ReplyDoc {
  const sessions = command[name];
  if (!Array.isArray(sessions)) throw wrongType(name, sessions, 'array');
  for (const lsid of sessions) {
    const key = isDoc(lsid) ? sessionKeyOf(lsid) : undefined;
    if (!key) throw wrongType(name, lsid, 'object');
    engine.transactions.abortSessions(key);
  }
  return { ok: 1 };
}

/** Aborts every running transaction. */
export const killAllSessions: CommandDefinition = {
  kind: 'read',
  fields: [],
  run({ engine, command }): ReplyDoc {
    const users = command.killAllSessions;
    if (!Array.isArray(users)) throw wrongType('killAllSessions', users, 'array');
    if (users.length > 0) throw errorOf('NotImplemented', 'mongolet knows no users whose sessions to kill');
    engine.transactions.abortSessions();
    return { ok: 1 };
  },
};
