/** What the durable runtime asks of the outside; `src/store` and `src/jobs` implement it. */
import type { ActorRecord, HistoryEntry, Invocation, Timer } from '../machines/actor-record.ts';

/** All that one transition changes in an actor's document, written by one compare-and-set. */
export type Commit = Pick<
  ActorRecord,
  'state' | 'status' | 'snapshot' | 'allowedCommands' | 'publications' | 'updatedAt'
> & {
  /** Both absent where nothing of them changes: what is stored has counters that may be newer than ours. */
  invocations?: Invocation[];
  timers?: Timer[];
  entry: HistoryEntry;
  sweepAt: Date | undefined;
  /** Only where the version changes. */
  machine?: ActorRecord['machine'];
  /** Only where it goes to the archive. */
  archivedAt?: Date;
};

/** A pending invocation or timer, by what names it for ever. */
export interface PendingRef {
  actorId: string;
  kind: 'invocation' | 'timer';
  id: string;
  seq: number;
}

/** Where actors live. Every write is durable when its promise resolves. */
export interface ActorStore {
  /** Undefined when inserted; the earlier record when its idempotency key is taken. */
  insert(record: ActorRecord): Promise<ActorRecord | undefined>;
  /** The record that was inserted with that idempotency key; undefined when none was. */
  findByKey(key: string): Promise<ActorRecord | undefined>;
  load(actorId: string): Promise<ActorRecord | undefined>;
  /** Writes if the actor's seq still is `expectedSeq`; false when it has moved on, or may have: look it up then. */
  commit(actorId: string, expectedSeq: number, commit: Commit): Promise<boolean>;
  /** Counts one failed attempt of a pending invocation; how many it has now, undefined when it is not pending. */
  countAttempt(ref: PendingRef, error: string): Promise<number | undefined>;
  /** Raises the dispatch number if it still is `dispatch`, so that the queue takes the job for a new one. */
  raiseDispatch(ref: PendingRef, dispatch: number): Promise<boolean>;
  /** The feed has seen everything up to `seq`; nothing changes when the actor has moved on since. */
  acknowledge(entries: { actorId: string; seq: number; sweepAt: Date | undefined }[]): Promise<void>;
  /** Active or finished actors whose `sweepAt` is not after `before`, the longest overdue first. */
  due(before: Date, limit: number): Promise<ActorRecord[]>;
  /**
   * Makes due `now`, from the latest on, what is to be looked at until `until`: every `sweepAt` changes, so that no
   * claim by an earlier one succeeds any more. How many of at most `limit`, and where to go on; undefined at the end.
   */
  hasten(now: Date, until: Date, limit: number): Promise<{ hastened: number; until: Date | undefined }>;
  /** Moves the `sweepAt` of one actor, to take it for this sweep or to leave it; false when it is another one by now. */
  claim(actorId: string, sweepAt: Date, next: Date): Promise<boolean>;
  /** Puts aside an actor that cannot be read, with the reason, for people to look at. */
  quarantine(actorId: string, reason: string, at: Date): Promise<void>;
}

/** Finding the actors that a new version of their machine has left behind. */
export interface VersionedActors {
  /**
   * Actors on another version than that, by id; `after` is the last id of the page before.
   * @param which whether the ended ones too; the quarantined ones never
   */
  onOtherVersions(
    version: string,
    which: { ended: boolean },
    page: { limit: number; after?: string },
  ): Promise<ActorRecord[]>;
}

/** One job to be: `queue` is the part of an invocation's `src` before the dot, or `timers`. */
export interface Dispatch {
  queue: string;
  jobId: string;
  ref: PendingRef;
  delayMs: number;
}

/** The queues. A job id that is already waiting or running is not added twice. */
export interface JobQueues {
  add(dispatches: Dispatch[]): Promise<void>;
  /** `finished`: the queue still knows the id, but will not run it again. */
  look(queue: string, jobId: string): Promise<'pending' | 'finished' | 'missing'>;
  /** A loss of jobs that is not made good yet, by its name: nothing that was looked at before holds any more. */
  loss(): Promise<string | undefined>;
  /** Everything pending is due to be looked at. Nothing changes when more was lost since that loss was told. */
  madeGood(loss: string): Promise<void>;
}
