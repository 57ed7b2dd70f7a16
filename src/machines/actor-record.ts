/** The durable form of an actor: one document that holds all there is to know of it. */

/** What the machine's pure functions need to go on; plain JSON. */
export interface DurableSnapshot<TContext = unknown> {
  value: unknown;
  context: TContext;
  status: 'active' | 'done' | 'error';
}

/** The way of a snapshot from one version of a machine to the next. Pure. */
export interface Migration {
  from: string;
  to: string;
  /**
   * The snapshot as the new version has it. What is pending stays so under its ids, so the new version must still
   * own them. @throws Error saying why this one cannot go
   */
  migrate(snapshot: DurableSnapshot, input: unknown): DurableSnapshot;
}

/** Who caused a transition: a user of a role, or the engine itself. */
export interface Cause {
  role: string;
  /** The user's id; absent for `system`. */
  userId?: string;
}

/** One committed transition. The event is kept whole, so that the history refolds to the snapshot. */
export interface HistoryEntry {
  seq: number;
  at: Date;
  /** The command or fact as people read it, such as `payment.captured`. */
  type: string;
  /** The event as the machine took it. */
  event: { type: string; [key: string]: unknown };
  from: string;
  to: string;
  final: boolean;
  by: Cause;
  /** The id of the command or invocation that caused it: found again after a lost reply. */
  commandId: string;
  /** Events that the machine emitted in this transition. */
  emitted?: unknown[];
  /** What the snapshot gives as the reason, where this transition set one or is the last. */
  reason?: unknown;
  /** Over this entry and the hash before it; absent in entries from before there was a chain. */
  hash?: string;
}

/** A piece of work that is pending: executed as one Bull job. */
export interface Invocation {
  /** The invoke's id in the machine. */
  id: string;
  /** The seq of the transition that started it; with `id` and the actor's id it is unique for ever. */
  seq: number;
  /** `queue.verb`: which queue, and which processor. */
  src: string;
  input: unknown;
  /** Attempts that failed so far. */
  attempts: number;
  /** Raised when the sweep hands it over anew, so that Bull takes the job id for a new one. */
  dispatch: number;
  lastError?: string;
}

/** A deadline that is pending. */
export interface Timer {
  /** The id of XState's delayed event; also the event's type. */
  id: string;
  /** The seq of the transition that started it. */
  seq: number;
  dueAt: Date;
  dispatch: number;
}

/** The document of one actor. */
export interface ActorRecord<TInput = unknown, TContext = unknown> {
  _id: string;
  machine: { id: string; version: string };
  seq: number;
  /** The snapshot's value as a dotted name; `quarantined` where it cannot be read. */
  state: string;
  status: 'active' | 'done' | 'quarantined';
  input: TInput;
  snapshot: DurableSnapshot<TContext>;
  /** The commands that the machine takes in this state, whoever may send them. */
  allowedCommands: string[];
  invocations: Invocation[];
  timers: Timer[];
  /** The seqs of transitions that the feed may not have seen yet. */
  publications: number[];
  /** When the recovery sweep looks at it next; absent when nothing is pending. */
  sweepAt?: Date | undefined;
  history: HistoryEntry[];
  /** The placing request's key, unique per customer, and the fingerprint of its body. */
  idempotency?: { key: string; fingerprint: string };
  quarantine?: { reason: string; at: Date };
  /** Since when it is out of the lists, kept for the audit alone. */
  archivedAt?: Date;
  placedAt: Date;
  updatedAt: Date;
}
