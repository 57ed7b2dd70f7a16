/** Decide: one event against one record, pure. The I/O that follows from it is the caller's. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ExecutableActionsFrom,
  initialTransition,
  transition,
} from 'xstate';
import type { ActorRecord, Cause, HistoryEntry, Invocation } from '../machines/actor-record.ts';
import type { ActorDefinition } from './definition.ts';
import { collectEffects, type Leases, stateName, sweepTime } from './effects.ts';
import type { Commit, PendingRef } from './ports.ts';

/** What can happen to an actor: a command, the outcome of an invocation, or a deadline. */
export type Stimulus =
  | {
      kind: 'command';
      event: { type: string; [key: string]: unknown };
      by: Cause;
      commandId: string;
      expectedSeq?: number;
    }
  | { kind: 'outcome'; ref: PendingRef; outcome: { output: unknown } | { error: string } }
  | { kind: 'timer'; ref: PendingRef };

/** What an event comes to. */
export type Decision =
  | { kind: 'moved'; commit: Commit }
  /** The command was committed before. */
  | { kind: 'repeated' }
  /** An outcome or timer of something that is no longer pending. */
  | { kind: 'stale' }
  | { kind: 'refused' }
  | { kind: 'outdated' };

/** A snapshot that the machine cannot read: an unknown state, or something torn. */
export class UnreadableSnapshotError extends Error {
  override readonly name = 'UnreadableSnapshotError';
}

const SYSTEM: Cause = { role: 'system' };

function rehydrate(definition: ActorDefinition, record: ActorRecord): AnyMachineSnapshot {
  try {
    return definition.machine.resolveState({
      value: record.snapshot.value as string,
      context: { ...(record.snapshot.context as object), input: record.input },
      status: record.snapshot.status as 'active',
    });
  } catch (error) {
    throw new UnreadableSnapshotError(`Order ${record._id}: ${(error as Error).message}`, { cause: error });
  }
}

/** The context as it is stored: without the facts, which stand in the record once, and without what is undefined. */
function toStored(context: object): object {
  return Object.fromEntries(
    Object.entries(context).filter(([name, value]) => name !== 'input' && value !== undefined),
  );
}

/** The commands that the machine takes in that snapshot; only what its states listen to need be asked. */
function commandsIn(definition: ActorDefinition, snapshot: AnyMachineSnapshot): string[] {
  const heard = new Set(snapshot._nodes.flatMap((node) => node.ownEvents));
  return definition.commands.filter((type) => heard.has(type) && snapshot.can({ type }));
}

/** What was pending and still is: an invocation lives as long as the state that owns it was not left. */
function keepInvocations(
  definition: ActorDefinition,
  pending: Invocation[],
  next: AnyMachineSnapshot,
  started: Invocation[],
) {
  const activeNodes = new Set(next._nodes.map((node) => node.id));
  const restarted = new Set(started.map(({ id }) => id));
  return pending.filter(
    ({ id }) => !restarted.has(id) && activeNodes.has(definition.invokeOwners.get(id) ?? ''),
  );
}

interface Occurrence {
  type: string;
  event: HistoryEntry['event'];
  by: Cause;
  commandId: string;
}

type Pending = Pick<ActorRecord, 'seq' | 'state' | 'invocations' | 'timers' | 'publications'>;

function toCommit(
  definition: ActorDefinition,
  before: Pending,
  [next, actions]: [AnyMachineSnapshot, ExecutableActionsFrom<AnyStateMachine>[]],
  occurrence: Occurrence,
  previousReason: unknown,
  now: Date,
  leases: Leases,
): Commit {
  const seq = before.seq + 1;
  const effects = collectEffects(actions, seq, now);
  const final = next.status !== 'active' || next.hasTag('settled');
  const state = stateName(next.value);
  const reason = (next.context as { reason?: unknown }).reason;
  const invocations = final
    ? []
    : [...keepInvocations(definition, before.invocations, next, effects.invocations), ...effects.invocations];
  const started = new Set(effects.timers.map(({ id }) => id));
  const kept = before.timers.filter(({ id }) => !effects.cancelledTimers.has(id) && !started.has(id));
  const timers = final ? [] : [...kept, ...effects.timers];
  const publications = [...before.publications, seq];
  return {
    state,
    status: final ? 'done' : 'active',
    snapshot: {
      value: next.value,
      context: toStored(next.context),
      status: next.status as 'active' | 'done',
    },
    allowedCommands: next.status === 'active' ? commandsIn(definition, next) : [],
    invocations,
    timers,
    publications,
    sweepAt: sweepTime({ invocations, timers, publications }, now, leases),
    updatedAt: now,
    entry: {
      seq,
      at: now,
      ...occurrence,
      from: before.state,
      to: state,
      final,
      ...(effects.emitted.length > 0 && { emitted: effects.emitted }),
      // At the end too, so that whoever sees the last transition alone learns why.
      ...(reason !== undefined && (final || reason !== previousReason) && { reason }),
    },
  };
}

/** The first transition of a new actor: everything its document needs, at seq 1. */
export function begin(
  definition: ActorDefinition,
  actor: Pick<ActorRecord, '_id' | 'input' | 'idempotency'>,
  cause: { type: string; by: Cause },
  now: Date,
  leases: Leases,
): ActorRecord {
  const first = initialTransition(definition.machine, actor.input) as [
    AnyMachineSnapshot,
    ExecutableActionsFrom<AnyStateMachine>[],
  ];
  const nothing = {
    seq: 0,
    state: String(definition.machine.config.initial ?? ''),
    invocations: [],
    timers: [],
    publications: [],
  };
  const occurrence = { type: cause.type, event: { type: cause.type }, by: cause.by, commandId: actor._id };
  const { entry, sweepAt, ...rest } = toCommit(
    definition,
    nothing,
    first,
    occurrence,
    undefined,
    now,
    leases,
  );
  return {
    ...actor,
    machine: { id: definition.id, version: definition.version },
    seq: 1,
    ...rest,
    ...(sweepAt && { sweepAt }),
    history: [entry],
    placedAt: now,
  };
}

/** The event as the machine takes it, and as people read it; undefined when it is no longer pending. */
function occurrenceOf(record: ActorRecord, stimulus: Stimulus): Occurrence | undefined {
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
    return { type, event: { type: id }, by: SYSTEM, commandId };
  }
  if (!record.invocations.some(isIt)) return undefined;
  if ('error' in stimulus.outcome) {
    const error = { message: stimulus.outcome.error };
    return {
      type: `${id}.failed`,
      event: { type: `xstate.error.actor.${id}`, error, actorId: id },
      by: SYSTEM,
      commandId,
    };
  }
  const { output } = stimulus.outcome;
  const named = (output as { type?: unknown } | null | undefined)?.type;
  const type = typeof named === 'string' ? named : `${id}.done`;
  return { type, event: { type: `xstate.done.actor.${id}`, output, actorId: id }, by: SYSTEM, commandId };
}

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
  if (stimulus.kind === 'command' && record.history.some(({ commandId }) => commandId === stimulus.commandId))
    return { kind: 'repeated' };
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
  const next = transition(definition.machine, snapshot, occurrence.event) as [
    AnyMachineSnapshot,
    ExecutableActionsFrom<AnyStateMachine>[],
  ];
  // What has just been settled is no longer pending, whether or not its state was left.
  const before =
    stimulus.kind === 'outcome'
      ? { ...record, invocations: record.invocations.filter(({ id }) => id !== stimulus.ref.id) }
      : stimulus.kind === 'timer'
        ? { ...record, timers: record.timers.filter(({ id }) => id !== stimulus.ref.id) }
        : record;
  const previousReason = (record.snapshot.context as { reason?: unknown } | undefined)?.reason;
  return {
    kind: 'moved',
    commit: toCommit(definition, before, next, occurrence, previousReason, now, leases),
  };
}
