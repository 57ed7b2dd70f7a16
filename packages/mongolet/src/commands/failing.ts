/** Lets a command go through the failure that a fail point has for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeNameOf, MongoletError } from '../errors.ts';
import { decode } from '../value/codec.ts';
import { RawDocument, type ReplyDoc, writeDocument } from '../wire/reply-writer.ts';
import type { Failure } from './fail-points.ts';

type Reply = ReplyDoc | RawDocument;

/** Runs a command, or not, as the failure says; undefined closes the connection without a reply. */
export async function runFailing(
  failure: Failure,
  name: string,
  run: () => Reply | Promise<Reply>,
): Promise<Reply | undefined> {
  if (failure.blockMs > 0) await sleep(failure.blockMs);
  if (failure.runsFirst) await run();
  if (failure.closesConnection) return undefined;
  if (failure.errorCode !== undefined) {
    throw new MongoletError(failure.errorCode, `Failing command '${name}' via 'failCommand' failpoint`, {
      codeName: codeNameOf(failure.errorCode),
      ...(failure.errorLabels ? { errorLabels: failure.errorLabels } : {}),
    });
  }
  const reply = await run();
  if (!failure.writeConcernError) return reply;
  const fields = decode(reply instanceof RawDocument ? Buffer.from(reply.bytes) : writeDocument(reply));
  const labels = failure.errorLabels;
  return {
    ...fields,
    writeConcernError: failure.writeConcernError,
    ...(labels && labels.length > 0 ? { errorLabels: labels } : {}),
  };
}
