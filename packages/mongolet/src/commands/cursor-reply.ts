/** Replies that open a cursor, shared by everything that does. */
import { type Cursor, DEFAULT_FIRST_BATCH } from '../session/cursors.ts';
import type { Doc } from '../value/codec.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import type { Engine } from './command.ts';

/** Reads the first batch and keeps the cursor where more may follow. */
export function openCursor(
  engine: Engine,
  cursor: Cursor,
  options: { batchSize: number | undefined; isSingleBatch: boolean },
): ReplyDoc {
  const { documents, isLast, resumeToken } = cursor.readBatch(options.batchSize ?? DEFAULT_FIRST_BATCH);
  const id = isLast || options.isSingleBatch ? 0n : engine.cursors.add(cursor, engine.storage.view);
  return { cursor: { firstBatch: documents, ...tokenField(resumeToken), id, ns: cursor.namespace }, ok: 1 };
}

/** The field by which a reply tells a change stream's client how far it has come. */
export function tokenField(resumeToken: Doc | undefined): ReplyDoc {
  return resumeToken ? { postBatchResumeToken: resumeToken } : {};
}
