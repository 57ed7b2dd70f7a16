/** The statements of a write command: from its body or from a document sequence, run one by one, errors collected. */
import { errorOf, MongoletError } from '../errors.ts';
import { isTransient } from '../transaction/labels.ts';
import { type Doc, decode } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandContext, wrongType } from './command.ts';

export const MAX_STATEMENTS = 100_000;

/** A statement, with its bytes where it came as such. */
export interface Statement {
  readonly doc: Doc;
  readonly bytes: Buffer | undefined;
}

/** Returns the statements of the array `field`. */
export function statementsOf(context: CommandContext, field: string): Statement[] {
  const statements =
    context.sequences.get(field)?.map((bytes) => ({ doc: decode(bytes), bytes })) ?? inBody(context, field);
  if (statements.length === 0 || statements.length > MAX_STATEMENTS) {
    throw errorOf(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${statements.length} operations.`,
    );
  }
  return statements;
}

function inBody(context: CommandContext, field: string): Statement[] {
  const value = context.command[field];
  if (!Array.isArray(value)) {
    if (value === undefined) {
      throw new MongoletError(40414, `BSON field '${context.name}.${field}' is missing but a required field`);
    }
    throw wrongType(`${context.name}.${field}`, value, 'array');
  }
  return value.map((doc: unknown) => {
    if (!isDoc(doc)) throw wrongType(`${context.name}.${field}`, doc, 'object');
    return { doc, bytes: undefined };
  });
}

/**
 * Runs each statement in a savepoint of its own. An error that MongoDB reports per statement goes into
 * `writeErrors`, and ends an ordered command; any other error undoes the whole command.
 */
export function runStatements(
  context: CommandContext,
  statements: readonly Statement[],
  run: (statement: Statement, index: number) => void,
): ReplyDoc[] {
  const isOrdered = context.command.ordered !== false;
  const writeErrors: ReplyDoc[] = [];
  for (const [index, statement] of statements.entries()) {
    try {
      context.engine.storage.savepoint(() => run(statement, index));
    } catch (error) {
      if (!(error instanceof MongoletError)) throw error;
      const { view } = context.engine.storage;
      if (view && isTransient(error.code)) throw error;
      writeErrors.push({ index, code: error.code, ...error.extra, errmsg: error.message });
      // A transaction is lost with its first error.
      if (isOrdered || view) break;
    }
  }
  return writeErrors;
}
