/** Replies that open a cursor, shared by everything that does. */
import { type Cursor, DEFAULT_FIRST_BATCH } from '../session/cursors.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import type { Engine } from './command.ts';

/** Reads the first batch and keeps the cursor where more may follow. */
export function openCursor(
  engine: Engine,
  cursor: Cursor,
  options: { batchSize: number | undefined; isSingleBatch: boolean },
): ReplyDoc {
  const { documents, isLast } = cursor.readBatch(options.batchSize ?? DEFAULT_FIRST_BATCH);
  const id = isLast || options.isSingleBatch ? 0n : engine.cursors.add(cursor, engine.storage.view);
  return { cursor: { firstBatch: documents, id, ns: cursor.namespace }, ok: 1 };
}
