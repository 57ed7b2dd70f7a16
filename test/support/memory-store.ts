/** An `ActorStore` in memory with MongoDB's guarantees and, on demand, its failures. */
import type { ActorStore, PendingRef } from '../../src/actors/ports.ts';
import type { ActorRecord } from '../../src/machines/actor-record.ts';

/** Failures to come, each for one call: the write is done or not, and the caller sees an error. */
export type Failure = 'before-write' | 'reply-lost';

export interface MemoryStore extends ActorStore {
  records: Map<string, ActorRecord>;
  /** The next commit fails in that way. */
  failNextCommit(failure: Failure): void;
  /** How many of the failures asked for have come. */
  readonly failuresFired: number;
}

const pendingIn = (record: ActorRecord | undefined, ref: PendingRef) => {
  if (record?.status !== 'active') return undefined;
  const list = ref.kind === 'timer' ? record.timers : record.invocations;
  return (
    list as { id: string; seq: number; dispatch: number; attempts?: number; lastError?: string }[]
  ).find(({ id, seq }) => id === ref.id && seq === ref.seq);
};

/** Finding what is due, and moving when it is. */
function sweeping(records: Map<string, ActorRecord>): Pick<ActorStore, 'due' | 'hasten' | 'claim'> {
  return {
    async due(before, limit) {
      return [...records.values()]
        .filter(({ sweepAt }) => sweepAt !== undefined && sweepAt <= before)
        .sort((a, b) => Number(a.sweepAt) - Number(b.sweepAt))
        .slice(0, limit)
        .map((record) => structuredClone(record));
    },

    async hasten(now, until, limit) {
      const page = [...records.values()]
        .filter(({ sweepAt }) => sweepAt !== undefined && sweepAt <= until && Number(sweepAt) !== Number(now))
        .sort((a, b) => Number(b.sweepAt) - Number(a.sweepAt))
        .slice(0, limit);
      const last = page.at(-1)?.sweepAt;
      for (const record of page) record.sweepAt = now;
      return { hastened: page.length, until: page.length < limit ? undefined : last };
    },

    async claim(actorId, sweepAt, next) {
      const record = records.get(actorId);
      if (record?.sweepAt?.getTime() !== sweepAt.getTime()) return false;
      record.sweepAt = next;
      return true;
    },
  };
}

/** Every record goes in and out as a copy, as it does through a database. */
export function createMemoryStore(): MemoryStore {
  const records = new Map<string, ActorRecord>();
  const failures: Failure[] = [];
  let failuresFired = 0;

  const fail = (failure: Failure): never => {
    failuresFired += 1;
    throw new Error(`the store failed: ${failure}`);
  };

  const withKey = (key: string) => [...records.values()].find(({ idempotency }) => idempotency?.key === key);

  return {
    records,
    failNextCommit: (failure) => failures.push(failure),
    get failuresFired() {
      return failuresFired;
    },

    async insert(record) {
      const earlier = record.idempotency && withKey(record.idempotency.key);
      if (earlier) return structuredClone(earlier);
      records.set(record._id, structuredClone(record));
      return undefined;
    },

    findByKey: async (key) => structuredClone(withKey(key)),

    load: async (actorId) => structuredClone(records.get(actorId)),

    async commit(actorId, expectedSeq, commit) {
      const failure = failures.shift();
      if (failure === 'before-write') fail(failure);
      const record = records.get(actorId);
      if (record?.seq !== expectedSeq) return false;
      const { entry, sweepAt, ...changed } = structuredClone(commit);
      const { sweepAt: _, ...kept } = record;
      const history = [...record.history, entry];
      records.set(actorId, { ...kept, ...changed, ...(sweepAt && { sweepAt }), seq: entry.seq, history });
      if (failure === 'reply-lost') fail(failure);
      return true;
    },

    async countAttempt(ref, error) {
      const pending = pendingIn(records.get(ref.actorId), ref);
      if (pending === undefined) return undefined;
      pending.attempts = (pending.attempts ?? 0) + 1;
      pending.lastError = error;
      return pending.attempts;
    },

    async raiseDispatch(ref, dispatch) {
      const pending = pendingIn(records.get(ref.actorId), ref);
      if (pending?.dispatch !== dispatch) return false;
      pending.dispatch += 1;
      return true;
    },

    async acknowledge(entries) {
      for (const { actorId, seq, sweepAt } of entries) {
        const record = records.get(actorId);
        if (record?.seq !== seq) continue;
        record.publications = [];
        delete record.sweepAt;
        if (sweepAt) record.sweepAt = sweepAt;
      }
    },

    ...sweeping(records),

    async quarantine(actorId, reason, at) {
      const record = records.get(actorId);
      if (record === undefined) return;
      Object.assign(record, {
        status: 'quarantined',
        state: 'quarantined',
        quarantine: { reason, at },
        updatedAt: at,
      });
      delete record.sweepAt;
    },
  };
}
