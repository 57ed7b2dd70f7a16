/** `getMore` and `killCursors` */
import { Long } from 'bson';
import { errorOf } from '../errors.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandDefinition, optionalCount, wrongType } from './command.ts';
import { tokenField } from './cursor-reply.ts';

/** MongoDB's time for who waits without saying how long. */
const DEFAULT_WAIT_MS = 1000;

/** Reads the next batch of a cursor; of one to which more may come it waits for that. */
export const getMore: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  fields: ['collection', 'batchSize'],
  waitFor({ command, engine }): Promise<void> | undefined {
    const id = cursorId(command.getMore, 'getMore');
    const cursor = engine.cursors.findAwaiting(id);
    if (!cursor) return undefined;
    const limitMs = optionalCount(command, 'maxTimeMS') ?? DEFAULT_WAIT_MS;
    return cursor.waitForData(engine.storage, limitMs).catch((error: unknown) => {
      engine.cursors.close(id);
      throw error;
    });
  },
  run({ command, database, engine }): ReplyDoc {
    const id = cursorId(command.getMore, 'getMore');
    const collection = command.collection;
    if (typeof collection !== 'string') throw wrongType('getMore.collection', collection, 'string');
    const cursor = engine.cursors.get(id, `${database}.${collection}`, engine.storage.view);
    if (command.maxTimeMS !== undefined && !cursor.awaitsData)
      throw errorOf('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor');
    const size = optionalCount(command, 'batchSize') || Number.POSITIVE_INFINITY;
    try {
      const { documents, isLast, resumeToken } = cursor.readBatch(size);
      if (isLast) engine.cursors.close(id);
      const nextId = isLast ? 0n : id;
      return {
        cursor: { nextBatch: documents, ...tokenField(resumeToken), id: nextId, ns: cursor.namespace },
        ok: 1,
      };
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
