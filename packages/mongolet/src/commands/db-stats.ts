/** `dbStats`: how much a database holds. */
import { Double } from 'bson';
import { wholeRange } from '../store/keys.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandContext, type CommandDefinition, numberOf } from './command.ts';

/** Counts documents, entries and their bytes, by reading all of them: nothing of it is kept. */
export const dbStats: CommandDefinition = {
  kind: 'read',
  fields: ['scale'],
  run(context): ReplyDoc {
    const { engine, database, command } = context;
    const scale = Math.max(1, Math.trunc(numberOf(command.scale) ?? 1));
    const collections = engine.catalog.list(database);
    const indexes = collections.flatMap((one) => one.indexes);
    const data = sizeOf(
      context,
      'documents',
      collections.map((one) => one.id),
    );
    const entries = sizeOf(
      context,
      'indexes',
      indexes.map((one) => one.id),
    );
    const scaled = (bytes: number): Double => new Double(bytes / scale);
    return {
      db: database,
      collections: collections.length,
      views: 0,
      objects: data.count,
      avgObjSize: new Double(data.count === 0 ? 0 : data.bytes / data.count),
      dataSize: scaled(data.bytes),
      // LMDB keeps all databases in one file, in which nobody's share is known better than by what it holds.
      storageSize: scaled(data.bytes),
      indexes: indexes.length,
      indexSize: scaled(entries.bytes),
      totalSize: scaled(data.bytes + entries.bytes),
      scaleFactor: scale,
      ok: 1,
    };
  },
};

function sizeOf(
  { engine }: CommandContext,
  table: 'documents' | 'indexes',
  ids: readonly number[],
): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const id of ids) {
    for (const { key, value } of engine.storage.scan(engine.storage[table], wholeRange(id))) {
      count += 1;
      bytes += value.length + (table === 'indexes' ? key.length : 0);
    }
  }
  return { count, bytes };
}
