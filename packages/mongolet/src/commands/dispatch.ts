/** Finds a command, checks it, runs it at once or in the next batch, and makes a reply of whatever it throws. */
import { errorOf, MongoletError } from '../errors.ts';
import { withTimeLimit } from '../plan/time-limit.ts';
import { findReply, keepReply } from '../session/retry-records.ts';
import { transactionFieldsOf, type WriteIdentity, writeIdentityOf } from '../session/session-fields.ts';
import { labelsOf, type SessionRole } from '../transaction/labels.ts';
import type { Doc } from '../value/codec.ts';
import type { Request } from '../wire/message.ts';
import { RawDocument, type ReplyDoc, writeDocument } from '../wire/reply-writer.ts';
import {
  type CommandContext,
  type CommandDefinition,
  checkFields,
  type Engine,
  optionalCount,
} from './command.ts';
import { checkConcerns } from './concerns.ts';
import { runFailing } from './failing.ts';
import { COMMANDS } from './table.ts';
import { runStatement } from './transaction-commands.ts';

/** What goes back over the wire; undefined closes the connection. */
export type Reply = ReplyDoc | RawDocument | undefined;
type Answer = ReplyDoc | RawDocument;

/** What a write brings that is written at once to where it stays. */
const BULK_BYTES = 512 * 1024;

/** Runs one request; reads are answered at once, writes when they are durable. Never throws. */
export function dispatch(engine: Engine, request: Request, connectionId: number): Reply | Promise<Reply> {
  const { command, name } = request;
  const role = roleOf(command, name);
  try {
    const definition = COMMANDS.get(name);
    if (!definition) throw errorOf('CommandNotFound', `no such command: '${name}'`);
    const database = command.$db;
    if (typeof database !== 'string')
      throw new MongoletError(40414, "BSON field '$db' is missing but a required field");
    const context = { engine, name, command, database, sequences: request.sequences, connectionId };
    if (engine.failPoints) return failOrRun(context, definition, role);
    const answer = run(context, definition);
    return answer instanceof Promise ? answer.catch((error: unknown) => errorReply(error, role)) : answer;
  } catch (error) {
    return errorReply(error, role);
  }
}

function run(context: CommandContext, definition: CommandDefinition): Answer | Promise<Answer> {
  const { command, engine, name } = context;
  const limitMs = optionalCount(command, 'maxTimeMS');
  const fields = transactionFieldsOf(command);
  if (definition.kind === 'end') {
    checkFields(name, command, definition);
    return definition.run(context);
  }
  if (fields) return withTimeLimit(limitMs, () => runStatement(context, definition, fields));
  checkFields(name, command, definition);
  const wait = definition.waitFor?.(context);
  if (wait) return wait.then(() => definition.run(context));
  const isWrite = definition.kind === 'write' || definition.writes?.(command) === true;
  checkConcerns(command, isWrite);
  const runLimited = (): ReplyDoc => withTimeLimit(limitMs, () => definition.run(context));
  if (!isWrite) return runLimited();
  const identity = definition.isRetryable ? writeIdentityOf(command) : undefined;
  const action = identity ? () => runRetryable(context, runLimited, identity) : runLimited;
  // A read that writes after all writes the whole of what it read.
  const isBulk = definition.isBulk === true || definition.kind === 'read' || isLarge(context);
  return engine.queue.execute<Answer>(action, { limitMs, isBulk });
}

/** Whether a command brings more than is worth the way through the log, from where it would be put away at once. */
function isLarge({ sequences }: CommandContext): boolean {
  let bytes = 0;
  for (const documents of sequences.values()) for (const { length } of documents) bytes += length;
  return bytes >= BULK_BYTES;
}

function runRetryable({ engine }: CommandContext, action: () => ReplyDoc, identity: WriteIdentity): Answer {
  engine.transactions.beforeRetryableWrite(identity);
  const known = findReply(engine.storage, identity);
  if (known) return new RawDocument(known);
  const reply = writeDocument(action());
  keepReply(engine.storage, identity, reply);
  return new RawDocument(reply);
}

async function failOrRun(
  context: CommandContext,
  definition: CommandDefinition,
  role: SessionRole,
): Promise<Reply> {
  const { engine, name, connectionId, command } = context;
  try {
    engine.failPoints?.noteClient(connectionId, command);
    // A repetition is answered from memory: it writes nothing that could fail.
    const identity = definition.isRetryable && role === 'retryable' ? writeIdentityOf(command) : undefined;
    const isRetryableWrite = identity !== undefined && !findReply(engine.storage, identity);
    const failure = engine.failPoints?.failureOf({ ...context, isRetryableWrite });
    if (!failure) return await run(context, definition);
    const reply = await runFailing(failure, name, () => run(context, definition));
    return withConcernLabels(reply, role, failure.errorLabels);
  } catch (error) {
    return errorReply(error, role);
  }
}

/** An error of the write concern may be worth a repetition too. */
function withConcernLabels(reply: Reply, role: SessionRole, given: string[] | undefined): Reply {
  if (given || reply === undefined || reply instanceof RawDocument) return reply;
  const { writeConcernError } = reply;
  if (!isCoded(writeConcernError)) return reply;
  const labels = role === 'statement' ? [] : labelsOf(Number(writeConcernError.code), role);
  return labels.length > 0 ? { ...reply, errorLabels: labels } : reply;
}

function isCoded(value: unknown): value is { code: unknown } {
  return typeof value === 'object' && value !== null && 'code' in value;
}

function roleOf(command: Doc, name: string): SessionRole {
  if (command.autocommit !== undefined)
    return name === 'commitTransaction' || name === 'abortTransaction' ? 'end' : 'statement';
  return command.txnNumber === undefined ? 'none' : 'retryable';
}

function errorReply(error: unknown, role: SessionRole): ReplyDoc {
  if (error instanceof MongoletError) {
    const labels = error.errorLabels ?? labelsOf(error.code, role);
    return {
      ok: 0,
      errmsg: error.message,
      code: error.code,
      codeName: error.codeName,
      ...error.extra,
      ...(labels.length > 0 ? { errorLabels: labels } : {}),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`mongolet: ${error instanceof Error ? error.stack : message}\n`);
  return { ok: 0, errmsg: message, code: 1, codeName: 'InternalError' };
}
