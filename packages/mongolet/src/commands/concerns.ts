/** Read and write concerns: those that hold here anyway are accepted, any other is refused. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { numberOf, optionalDoc } from './command.ts';

const READ_LEVELS = new Set(['local', 'available', 'majority', 'linearizable']);
const TRANSACTION_LEVELS = new Set(['local', 'majority', 'snapshot']);
/** A read sees every write that was acknowledged before it: so it is after any time that a client knows of. */
const READ_FIELDS = new Set(['level', 'afterClusterTime']);

/** Checks the concerns of a command outside of transactions. */
export function checkConcerns(command: Doc, isWrite: boolean): void {
  const level = readLevelOf(command);
  if (level === 'linearizable' && isWrite)
    throw errorOf('InvalidOptions', "a command that writes cannot have read concern 'linearizable'");
  if (level !== undefined && !READ_LEVELS.has(level))
    throw errorOf('InvalidOptions', `mongolet does not support read concern '${level}'`);
  checkWriteConcern(command);
}

/** Checks those of a statement in a transaction: only the first one says how all of it reads. */
export function checkStatementConcerns(command: Doc, isStart: boolean): void {
  const level = readLevelOf(command);
  if (command.readConcern !== undefined && !isStart) {
    throw errorOf('InvalidOptions', 'Only the first command in a transaction may specify a readConcern');
  }
  if (level !== undefined && !TRANSACTION_LEVELS.has(level)) {
    throw errorOf(
      'InvalidOptions',
      "The readConcern level must be either 'local' (default), 'majority' or 'snapshot' in order to run in a transaction",
    );
  }
  if (command.writeConcern !== undefined)
    throw errorOf('InvalidOptions', 'writeConcern is not allowed within a multi-statement transaction');
}

/** Refuses a write concern that can never be satisfied here, before the write. */
function checkWriteConcern(command: Doc): void {
  const error = unsatisfiedConcern(command);
  if (error) throw new MongoletError(error.code, error.errmsg, { codeName: error.codeName });
}

/** The error of a write concern that can never be satisfied here, for a reply to what is done nevertheless. */
export function unsatisfiedConcern(
  command: Doc,
): { code: number; codeName: string; errmsg: string } | undefined {
  const { writeConcern } = command;
  const w = isDoc(writeConcern) ? writeConcern.w : undefined;
  const nodeCount = numberOf(w);
  if (w === undefined || w === 'majority' || (nodeCount !== undefined && nodeCount <= 1)) return undefined;
  return {
    code: 100,
    codeName: 'UnsatisfiableWriteConcern',
    errmsg: `Not enough data-bearing nodes for write concern w: ${String(w)}`,
  };
}

function readLevelOf(command: Doc): string | undefined {
  const concern = optionalDoc(command, 'readConcern');
  if (!concern) return undefined;
  const unknown = keysOf(concern).find((field) => !READ_FIELDS.has(field));
  if (unknown !== undefined)
    throw errorOf('InvalidOptions', `mongolet does not support readConcern.${unknown}`);
  return concern.level === undefined ? undefined : String(concern.level);
}
