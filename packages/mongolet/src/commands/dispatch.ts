/** Finds a command, checks it, runs it at once or in the next batch, and makes a reply of whatever it throws. */
import { errorOf, MongoletError } from '../errors.ts';
import { withTimeLimit } from '../plan/time-limit.ts';
import { findReply, keepReply, type WriteIdentity, writeIdentityOf } from '../session/retry-records.ts';
import type { Doc } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';
import type { Request } from '../wire/message.ts';
import { RawDocument, type ReplyDoc, writeDocument } from '../wire/reply-writer.ts';
import {
  type CommandContext,
  type CommandDefinition,
  checkFields,
  type Engine,
  numberOf,
  optionalCount,
} from './command.ts';
import { COMMANDS } from './table.ts';

/** What goes back over the wire. */
export type Reply = ReplyDoc | RawDocument;

const READ_CONCERNS = new Set(['local', 'available', 'majority', 'linearizable']);

/** Runs one request; reads are answered at once, writes when they are durable. Never throws. */
export function dispatch(engine: Engine, request: Request, connectionId: number): Reply | Promise<Reply> {
  try {
    const definition = COMMANDS.get(request.name);
    if (!definition) throw errorOf('CommandNotFound', `no such command: '${request.name}'`);
    const { command } = request;
    checkFields(request.name, command, definition);
    checkConcerns(command);
    const database = command.$db;
    if (typeof database !== 'string')
      throw new MongoletError(40414, "BSON field '$db' is missing but a required field");
    const context: CommandContext = {
      engine,
      name: request.name,
      command,
      database,
      sequences: request.sequences,
      connectionId,
    };
    const limitMs = optionalCount(command, 'maxTimeMS');
    const limited = { ...definition, run: () => withTimeLimit(limitMs, () => definition.run(context)) };
    if (definition.kind === 'read') return limited.run();
    return runWrite(engine, limited, context).catch(errorReply);
  } catch (error) {
    return errorReply(error);
  }
}

function runWrite(engine: Engine, definition: CommandDefinition, context: CommandContext): Promise<Reply> {
  const identity = definition.isRetryable ? writeIdentityOf(context.command) : undefined;
  if (!identity) return engine.queue.execute(() => definition.run(context));
  return engine.queue.execute(() => runRetryable(engine, definition, context, identity));
}

function runRetryable(
  engine: Engine,
  definition: CommandDefinition,
  context: CommandContext,
  identity: WriteIdentity,
): Reply {
  const known = findReply(engine.storage, identity);
  if (known) return new RawDocument(known);
  const reply = writeDocument(definition.run(context));
  keepReply(engine.storage, identity, reply);
  return new RawDocument(reply);
}

function checkConcerns(command: Doc): void {
  const { readConcern, writeConcern } = command;
  const level = isDoc(readConcern) ? readConcern.level : undefined;
  if (level !== undefined && !READ_CONCERNS.has(String(level))) {
    throw errorOf('InvalidOptions', `mongolet does not support read concern '${String(level)}'`);
  }
  const w = isDoc(writeConcern) ? writeConcern.w : undefined;
  const nodeCount = numberOf(w);
  const isSatisfiable = w === undefined || w === 'majority' || (nodeCount !== undefined && nodeCount <= 1);
  if (isSatisfiable) return;
  throw new MongoletError(100, `Not enough data-bearing nodes for write concern w: ${String(w)}`, {
    codeName: 'UnsatisfiableWriteConcern',
  });
}

function errorReply(error: unknown): ReplyDoc {
  if (error instanceof MongoletError) {
    return {
      ok: 0,
      errmsg: error.message,
      code: error.code,
      codeName: error.codeName,
      ...error.extra,
      ...(error.errorLabels ? { errorLabels: error.errorLabels } : {}),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`mongolet: ${error instanceof Error ? error.stack : message}\n`);
  return { ok: 0, errmsg: message, code: 1, codeName: 'InternalError' };
}
