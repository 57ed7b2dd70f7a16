/** What a request comes to: decided purely from the entry under its key, then written and answered by others. */
import type { EventDraft } from './events.ts';

/** What is sent back. */
export interface Reply {
  status: number;
  body: unknown;
  /** The reply itself is to go wrong: it is never sent, or late. */
  quirk?: 'lostReply' | 'slow';
}

/** One request, decided. */
export interface Decision<TEntry> {
  /** What is to stand under the key from now on; absent when nothing changes. */
  entry?: TEntry;
  reply: Reply;
  /** What the outside is to be told by webhook. */
  event?: EventDraft;
}

/** A refusal in the words of the API. */
export function refuse(status: number, code: string, detail: string): Reply {
  return { status, body: { code, detail } };
}
