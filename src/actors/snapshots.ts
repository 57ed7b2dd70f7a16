/** Snapshots of a machine: stored, read again, and taken one event further. Pure. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ExecutableActionsFrom,
  initialTransition,
  transition,
} from 'xstate';
import type { ActorRecord, DurableSnapshot, HistoryEntry } from '../machines/actor-record.ts';
import type { ActorDefinition } from './definition.ts';

/** What one event comes to: where the machine is then, and what it asks for. */
export interface Step {
  next: AnyMachineSnapshot;
  actions: ExecutableActionsFrom<AnyStateMachine>[];
}

/** A snapshot that the machine cannot read: an unknown state, or something torn. */
export class UnreadableSnapshotError extends Error {
  override readonly name = 'UnreadableSnapshotError';
}

/** XState's snapshot of a record. @throws UnreadableSnapshotError */
export function rehydrate(
  definition: ActorDefinition,
  record: Pick<ActorRecord, '_id' | 'snapshot' | 'input'>,
): AnyMachineSnapshot {
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
const toStored = (context: object): object =>
  Object.fromEntries(
    Object.entries(context).filter(([name, value]) => name !== 'input' && value !== undefined),
  );

/** A snapshot as it is stored. */
export const toSnapshot = ({ value, context, status }: AnyMachineSnapshot): DurableSnapshot => ({
  value,
  context: toStored(context),
  status: status as DurableSnapshot['status'],
});

/** The commands that the machine takes in that snapshot; only what its states listen to need be asked. */
export function commandsIn(definition: ActorDefinition, snapshot: AnyMachineSnapshot): string[] {
  const heard = new Set(snapshot._nodes.flatMap((node) => node.ownEvents));
  return definition.commands.filter((type) => heard.has(type) && snapshot.can({ type }));
}

/** The first step of a machine. */
export function firstStep({ machine }: ActorDefinition, input: unknown): Step {
  const [next, actions] = initialTransition(machine, input);
  return { next, actions } as Step;
}

/** The step that an event makes from there. */
export function nextStep(
  { machine }: ActorDefinition,
  snapshot: AnyMachineSnapshot,
  event: HistoryEntry['event'],
): Step {
  const [next, actions] = transition(machine, snapshot, event);
  return { next, actions } as Step;
}
