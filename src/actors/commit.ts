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
import type { Commit } from './ports.ts';
import { commandsIn, type Step, toSnapshot } from './snapshots.ts';

const among = (list: { id: string }[], wanted: string) => list.some(({ id }) => id === wanted);

/** What was pending and still is: an invocation lives as long as the state that owns it was not left. */
function keepInvocations(
  definition: ActorDefinition,
  pending: Invocation[],
  next: AnyMachineSnapshot,
  started: Invocation[],
) {
  return pending.filter(({ id }) => {
    const owner = definition.invokes.get(id)?.owner;
    return !among(started, id) && next._nodes.some((node) => node.id === owner);
  });
}

/** What happened: the event as the machine took it, and as people read it; and what is no longer pending by it. */
export interface Occurrence {
  type: string;
  event: HistoryEntry['event'];
  by: Cause;
  commandId: string;
  /** The id of the invocation or timer. */
  settles?: string;
}

/** A record as far as a step depends on it. */
export type Before = Pick<
  ActorRecord,
  'seq' | 'state' | 'invocations' | 'timers' | 'publications' | 'history'
> & {
  snapshot?: DurableSnapshot;
};

/** The list as a commit has it: not at all when it holds the very same as before. */
const changed = <T>(before: T[], after: T[]): T[] | undefined =>
  before.length === after.length && before.every((each, index) => each === after[index]) ? undefined : after;

/** All that a step changes in the record. */
export function toCommit(
  definition: ActorDefinition,
  before: Before,
  { next, actions }: Step,
  { type, event, by, commandId, settles }: Occurrence,
  now: Date,
  leases: Leases,
): Commit {
  const seq = before.seq + 1;
  const effects = collectEffects(definition, actions, seq, now);
  const final = next.status !== 'active' || next.hasTag('settled');
  const state = stateName(next.value);
  const { reason } = next.context as { reason?: unknown };
  const previousReason = (before.snapshot?.context as { reason?: unknown } | undefined)?.reason;
  // What has just been settled is no longer pending, whether or not its state was left.
  const isOpen = ({ id }: { id: string }) => id !== settles;
  const invocations = final
    ? []
    : [
        ...keepInvocations(definition, before.invocations.filter(isOpen), next, effects.invocations),
        ...effects.invocations,
      ];
  const kept = before.timers
    .filter(isOpen)
    .filter(({ id }) => !effects.cancelledTimers.has(id) && !among(effects.timers, id));
  const timers = final ? [] : [...kept, ...effects.timers];
  const changedInvocations = changed(before.invocations, invocations);
  const changedTimers = changed(before.timers, timers);
  const publications = [...before.publications, seq];
  const entry = {
    seq,
    at: now,
    type,
    event,
    by,
    commandId,
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
