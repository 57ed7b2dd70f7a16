/** What a machine's step makes of a record: one commit, with all that is pending after it. Pure. */
import type { AnyMachineSnapshot } from 'xstate';
import type {
  ActorRecord,
  Cause,
  DurableSnapshot,
  HistoryEntry,
  Invocation,
} from '../machines/actor-record.ts';
import { chained } from './chain.ts';
import type { ActorDefinition } from './definition.ts';
import { collectEffects, type Leases, stateName, sweepTime } from './effects.ts';
import type { Commit, PendingRef } from './ports.ts';
import { commandsIn, type Step, toSnapshot } from './snapshots.ts';

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

/** What happened: the event as the machine took it, and as people read it. */
export interface Occurrence {
  type: string;
  event: HistoryEntry['event'];
  by: Cause;
  commandId: string;
}

/** A record as far as a step depends on it, and what the step settles of what is pending there. */
export type Before = Pick<
  ActorRecord,
  'seq' | 'state' | 'invocations' | 'timers' | 'publications' | 'history'
> & {
  snapshot?: DurableSnapshot;
  settled?: PendingRef;
};

/** The list as a commit has it: not at all when it holds the very same as before. */
const changed = <T>(before: T[], after: T[]): T[] | undefined =>
  before.length === after.length && before.every((each, index) => each === after[index]) ? undefined : after;

/** All that a step changes in the record. */
export function toCommit(
  definition: ActorDefinition,
  before: Before,
  { next, actions }: Step,
  occurrence: Occurrence,
  now: Date,
  leases: Leases,
): Commit {
  const seq = before.seq + 1;
  const effects = collectEffects(actions, seq, now);
  const final = next.status !== 'active' || next.hasTag('settled');
  const state = stateName(next.value);
  const { reason } = next.context as { reason?: unknown };
  const previousReason = (before.snapshot?.context as { reason?: unknown } | undefined)?.reason;
  // What has just been settled is no longer pending, whether or not its state was left.
  const isOpen = ({ id }: { id: string }) => id !== before.settled?.id;
  const invocations = final
    ? []
    : [
        ...keepInvocations(definition, before.invocations.filter(isOpen), next, effects.invocations),
        ...effects.invocations,
      ];
  const started = new Set(effects.timers.map(({ id }) => id));
  const kept = before.timers
    .filter(isOpen)
    .filter(({ id }) => !effects.cancelledTimers.has(id) && !started.has(id));
  const timers = final ? [] : [...kept, ...effects.timers];
  const changedInvocations = changed(before.invocations, invocations);
  const changedTimers = changed(before.timers, timers);
  const publications = [...before.publications, seq];
  const entry = {
    seq,
    at: now,
    ...occurrence,
    from: before.state,
    to: state,
    final,
    ...(effects.emitted.length > 0 && { emitted: effects.emitted }),
    // At the end too, so that whoever sees the last transition alone learns why.
    ...(reason !== undefined && (final || reason !== previousReason) && { reason }),
  };
  return {
    state,
    status: final ? 'done' : 'active',
    snapshot: toSnapshot(next),
    allowedCommands: next.status === 'active' ? commandsIn(definition, next) : [],
    ...(changedInvocations && { invocations: changedInvocations }),
    ...(changedTimers && { timers: changedTimers }),
    publications,
    sweepAt: sweepTime({ invocations, timers, publications }, now, leases),
    updatedAt: now,
    entry: chained(entry, before.history.at(-1)),
  };
}
