/** One activation of an actor: its record in memory, its mailbox, and the loop of decide and commit. */
import type { ActorRecord, Invocation, Timer } from '../machines/actor-record.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError } from '../platform/errors.ts';
import { type Decision, decide, type Stimulus } from './decide.ts';
import type { Leases } from './effects.ts';
import { Mailbox } from './mailbox.ts';
import type { ActorStore, Commit, PendingRef } from './ports.ts';
import { UnreadableSnapshotError } from './snapshots.ts';
import { definitionOf, type MachineVersions } from './versions.ts';

/** What every activation shares. */
export interface ActorParts {
  store: ActorStore;
  versions: MachineVersions;
  clock: Clock;
  leases: Leases;
  /** Hands what is pending to the queues and the feed; never throws, never waits. */
  publish(actor: ActorRecord): void;
}

/** How an event ended for its sender, with the record as committed after it. */
export interface Told {
  kind: Exclude<Decision['kind'], 'moved'> | 'moved' | 'missing';
  record: ActorRecord | undefined;
}

/** Lost races in a row before the event is handed back: each loss means that another one made progress. */
const MAX_RACES = 50;

/** The record that results from a commit. */
export const applyCommit = (record: ActorRecord, { entry, ...changed }: Commit): ActorRecord => ({
  ...record,
  ...changed,
  seq: entry.seq,
  history: [...record.history, entry],
});

/** The activation of one actor in this process; others may exist elsewhere: compare-and-set decides. */
export class Actor {
  readonly #mailbox = new Mailbox();
  #record: ActorRecord | undefined;

  constructor(
    readonly id: string,
    private readonly parts: ActorParts,
    record?: ActorRecord,
  ) {
    this.#record = record;
  }

  /** Nothing waits: it can be passivated. */
  get idle(): boolean {
    return this.#mailbox.size === 0;
  }

  /** The record as this process last saw it; an earlier one than the store's, perhaps. */
  get cached(): ActorRecord | undefined {
    return this.#record;
  }

  /** The feed has taken everything up to `seq`, so the next commit need not carry it. */
  published(seq: number): void {
    if (this.#record === undefined) return;
    const publications = this.#record.publications.filter((published) => published > seq);
    this.#record = { ...this.#record, publications };
  }

  /**
   * The pending invocation or timer of that name, looked up in the store before it is called stale; where `fresh`,
   * in any case: only the store knows what other processes have tried.
   * @throws RetryableError when the order runs on a machine that is not loaded here: then nothing is done for it here
   */
  async pending(
    ref: PendingRef,
    { fresh = false } = {},
  ): Promise<{ record: ActorRecord; found: Invocation | Timer } | undefined> {
    for (const anew of fresh ? [true] : [false, true]) {
      const record = await this.#load(anew);
      const list: (Invocation | Timer)[] =
        ref.kind === 'timer' ? (record?.timers ?? []) : (record?.invocations ?? []);
      const found = list.find(({ id, seq }) => id === ref.id && seq === ref.seq);
      if (record === undefined || found === undefined || record.status !== 'active') continue;
      definitionOf(this.parts.versions, record);
      return { record, found };
    }
    return undefined;
  }

  /** Counts a failed attempt; how many there are now, undefined when the invocation is no longer pending. */
  async countAttempt(ref: PendingRef, error: string): Promise<number | undefined> {
    this.#record = undefined;
    return this.parts.store.countAttempt(ref, error);
  }

  /**
   * Decides and commits one event; resolves when the outcome is durable.
   * @throws RetryableError when the store fails or every race was lost.
   */
  tell(stimulus: Stimulus): Promise<Told> {
    return this.#mailbox.post(async () => {
      let fresh = false;
      for (let race = 0; race < MAX_RACES; race += 1) {
        const record = await this.#load(fresh);
        if (record === undefined) return { kind: 'missing', record };
        const told = await this.#attempt(record, stimulus);
        // What a cached record refuses, the store's may take: only a fresh look is final.
        if (told !== undefined && (told.kind === 'moved' || fresh)) return told;
        fresh = true;
      }
      throw new RetryableError(`Order ${this.id}: ${MAX_RACES} other events were committed first.`);
    });
  }

  async #load(fresh: boolean): Promise<ActorRecord | undefined> {
    if (fresh || this.#record === undefined) this.#record = await this.parts.store.load(this.id);
    return this.#record;
  }

  async #attempt(record: ActorRecord, stimulus: Stimulus): Promise<Told | undefined> {
    const { store, clock, leases } = this.parts;
    try {
      const definition = definitionOf(this.parts.versions, record);
      const decision = decide(definition, record, stimulus, clock.now(), leases);
      if (decision.kind !== 'moved') return { kind: decision.kind, record };
      const { commit } = decision;
      if (!(await store.commit(record._id, record.seq, commit))) return this.#ownWrite(commit);
      this.#record = applyCommit(record, commit);
      this.parts.publish(this.#record);
      return { kind: 'moved', record: this.#record };
    } catch (error) {
      if (!(error instanceof UnreadableSnapshotError)) {
        // The write may have been done and its reply lost: nothing cached can be trusted.
        this.#record = undefined;
        throw error;
      }
      await store.quarantine(record._id, error.message, clock.now());
      this.#record = undefined;
      return { kind: 'refused', record: await store.load(record._id) };
    }
  }

  /** After a lost race: the write that won may have been ours, its reply lost. */
  async #ownWrite({ entry }: Commit): Promise<Told | undefined> {
    const record = await this.#load(true);
    const won = record?.history.find(({ seq }) => seq === entry.seq);
    return won !== undefined && won.commandId === entry.commandId && won.type === entry.type
      ? { kind: 'moved', record }
      : undefined;
  }
}
