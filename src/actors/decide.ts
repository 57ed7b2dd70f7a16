/** Decide: one event against one record, pure. The I/O that follows from it is the caller's. */
import { isDeepStrictEqual } from 'node:util';
import type { ActorRecord, Cause, HistoryEntry } from '../machines/actor-record.ts';
import { type Occurrence, toCommit } from './commit.ts';
import { type ActorDefinition, exhaustedType } from './definition.ts';
import type { Leases } from './effects.ts';
import type { Commit, PendingRef } from './ports.ts';
import { firstStep, nextStep, rehydrate } from './snapshots.ts';

/** What can happen to an actor: a command, the outcome of an invocation, a deadline, or its way to the archive. */
export type Stimulus =
  | {
      kind: 'command';
      event: { type: string; [key: string]: unknown };
      by: Cause;
      commandId: string;
      expectedSeq?: number;
    }
  | { kind: 'outcome'; ref: PendingRef; outcome: { output: unknown } | { error: string } }
  | { kind: 'timer'; ref: PendingRef }
  | { kind: 'archive'; by: Cause; commandId: string };

/** What an event comes to. */
export type Decision =
  | { kind: 'moved'; commit: Commit }
  /** The command was committed before. */
  | { kind: 'repeated' }
  /** Its id stands for another command of the same kind. */
  | { kind: 'reused' }
  /** An outcome or timer of something that is no longer pending. */
  | { kind: 'stale' }
  | { kind: 'refused' }
  | { kind: 'outdated' };

const SYSTEM: Cause = { role: 'system' };

/** The entry in the history of an order that was archived. */
export const ARCHIVED = 'order.archived';

/** The first transition of a new actor: everything its document needs, at seq 1. */
export function begin(
  definition: ActorDefinition,
  { _id, input, idempotency }: Pick<ActorRecord, '_id' | 'input' | 'idempotency'>,
  cause: { type: string; by: Cause },
  now: Date,
  leases: Leases,
): ActorRecord {
  const nothing = {
    seq: 0,
    state: String(definition.machine.config.initial ?? ''),
    invocations: [],
    timers: [],
    publications: [],
    history: [],
  };
  const occurrence = { type: cause.type, event: { type: cause.type }, by: cause.by, commandId: _id };
  const {
    entry,
    invocations = [],
    timers = [],
    sweepAt,
    ...rest
  } = toCommit(definition, nothing, firstStep(definition, input), occurrence, now, leases);
  return {
    _id,
    input,
    ...(idempotency && { idempotency }),
    machine: { id: definition.id, version: definition.version },
    seq: 1,
    invocations,
    timers,
    ...rest,
    ...(sweepAt && { sweepAt }),
    history: [entry],
    placedAt: now,
  };
}

/** The event as the machine takes it, and as people read it; undefined when it is no longer pending. */
function occurrenceOf(
  record: ActorRecord,
  stimulus: Exclude<Stimulus, { kind: 'archive' }>,
): Occurrence | undefined {
  if (stimulus.kind === 'command') {
    const { event, by, commandId } = stimulus;
    return { type: event.type, event, by, commandId };
  }
  const { id, seq } = stimulus.ref;
  const commandId = `${id}.${seq}`;
  const isIt = (pending: { id: string; seq: number }) => pending.id === id && pending.seq === seq;
  if (stimulus.kind === 'timer') {
    if (!record.timers.some(isIt)) return undefined;
    // XState names it `xstate.after.<delay>.<state node>`; people read the delay's name.
    const type = id.replace(/^xstate\.after\./, '').replace(new RegExp(`\\.${record.machine.id}\\..*$`), '');
    return { type, event: { type: id }, by: SYSTEM, commandId, settles: id };
  }
  if (!record.invocations.some(isIt)) return undefined;
  if ('error' in stimulus.outcome) {
    const error = { message: stimulus.outcome.error };
    return {
      type: exhaustedType(id),
      event: { type: `xstate.error.actor.${id}`, error, actorId: id },
      by: SYSTEM,
      commandId,
      settles: id,
    };
  }
  const { output } = stimulus.outcome;
  const named = (output as { type?: unknown } | null | undefined)?.type;
  const type = typeof named === 'string' ? named : `${id}.done`;
  const event = { type: `xstate.done.actor.${id}`, output, actorId: id };
  return { type, event, by: SYSTEM, commandId, settles: id };
}

/** The machine has no part in this: it goes on from the same snapshot, should there be a return. */
function archive(
  definition: ActorDefinition,
  record: ActorRecord,
  { by, commandId }: Extract<Stimulus, { kind: 'archive' }>,
  now: Date,
  leases: Leases,
): Decision {
  if (record.archivedAt !== undefined) return { kind: 'repeated' };
  if (record.status !== 'done') return { kind: 'refused' };
  const occurrence = { type: ARCHIVED, event: { type: ARCHIVED }, by, commandId };
  const step = { next: rehydrate(definition, record), actions: [] };
  const commit = toCommit(definition, record, step, occurrence, now, leases);
  return { kind: 'moved', commit: { ...commit, archivedAt: now } };
}

const committedBy = ({ history }: ActorRecord, id: string): HistoryEntry | undefined =>
  history.find(({ commandId }) => commandId === id);

/** A request that means one event today and another tomorrow is still the same. */
const isOther = (earlier: HistoryEntry['event'], event: HistoryEntry['event']): boolean =>
  earlier.type === event.type && !isDeepStrictEqual(earlier, event);

/**
 * What the stimulus does to the record. Pure: the same arguments give the same decision.
 * @throws UnreadableSnapshotError when the machine cannot read the record's snapshot.
 */
export function decide(
  definition: ActorDefinition,
  record: ActorRecord,
  stimulus: Stimulus,
  now: Date,
  leases: Leases,
): Decision {
  if (stimulus.kind === 'archive') return archive(definition, record, stimulus, now, leases);
  const earlier = stimulus.kind === 'command' && committedBy(record, stimulus.commandId);
  if (earlier) return { kind: isOther(earlier.event, stimulus.event) ? 'reused' : 'repeated' };
  const occurrence = occurrenceOf(record, stimulus);
  if (occurrence === undefined) return { kind: 'stale' };
  if (
    stimulus.kind === 'command' &&
    stimulus.expectedSeq !== undefined &&
    stimulus.expectedSeq !== record.seq
  )
    return { kind: 'outdated' };
  if (record.snapshot.status !== 'active' || record.status === 'quarantined') return { kind: 'refused' };
  const snapshot = rehydrate(definition, record);
  if (stimulus.kind === 'command' && !snapshot.can(occurrence.event)) return { kind: 'refused' };
  const step = nextStep(definition, snapshot, occurrence.event, now);
  return { kind: 'moved', commit: toCommit(definition, record, step, occurrence, now, leases) };
}
