/** `getMore` and `killCursors` */
import { Long } from 'bson';
import { errorOf } from '../errors.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandDefinition, optionalCount, wrongType } from './command.ts';

/** Reads the next batch of a cursor. */
export const getMore: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  fields: ['collection', 'batchSize'],
  run({ command, database, engine }): ReplyDoc {
    const id = cursorId(command.getMore, 'getMore');
    const collection = command.collection;
    if (typeof collection !== 'string') throw wrongType('getMore.collection', collection, 'string');
    const cursor = engine.cursors.get(id, `${database}.${collection}`, engine.storage.view);
    const size = optionalCount(command, 'batchSize') || Number.POSITIVE_INFINITY;
    try {
      const { documents, isLast } = cursor.readBatch(size);
      if (isLast) engine.cursors.close(id);
      return { cursor: { nextBatch: documents, id: isLast ? 0n : id, ns: cursor.namespace }, ok: 1 };
    } catch (error) {
      engine.cursors.close(id);
      throw error;
    }
  },
};

/** Closes cursors. */
export const killCursors: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  fields: ['cursors'],
  run({ command, engine }): ReplyDoc {
    const ids = command.cursors;
    if (!Array.isArray(ids)) throw wrongType('killCursors.cursors', ids, 'array');
    const cursorsKilled: bigint[] = [];
    const cursorsNotFound: bigint[] = [];
    for (const one of ids) {
      const id = cursorId(one, 'killCursors.cursors');
      (engine.cursors.close(id) ? cursorsKilled : cursorsNotFound).push(id);
    }
    return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 };
  },
};

function cursorId(value: unknown, field: string): bigint {
  if (value instanceof Long) return value.toBigInt();
  throw errorOf('TypeMismatch', `BSON field '${field}' is the wrong type, expected type 'long'`);
}
