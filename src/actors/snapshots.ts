/** Snapshots of a machine: stored, read again, and taken one event further. Pure. */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type ExecutableActionsFrom,
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

/** The scopes of the machines in use: XState's own `transition` would make an actor for every event. */
const scopes = new WeakMap<AnyStateMachine, AnyActorScope>();

/** An actor scope in which nothing runs: what a step asks for is gathered instead. */
function scopeOf(machine: AnyStateMachine, input: unknown): AnyActorScope {
  const known = scopes.get(machine);
  if (known !== undefined) return known;
  // Never started. Actors do not differ in it, for none of ours has a name in its system.
  const self = createActor(machine, { input });
  const ignore = () => undefined;
  const scope: AnyActorScope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: ignore,
    defer: ignore,
    emit: ignore,
    stopChild: ignore,
    actionExecutor: ignore,
  };
  scopes.set(machine, scope);
  return scope;
}

/** What `initialTransition` and `transition` of XState do, in a scope that is made once. */
function step(machine: AnyStateMachine, input: unknown, take: (scope: AnyActorScope) => unknown): Step {
  const actions: unknown[] = [];
  const scope = {
    ...scopeOf(machine, input),
    actionExecutor: (action: unknown) => void actions.push(action),
  };
  return { next: take(scope), actions } as Step;
}

/** The first step of a machine. */
export const firstStep = ({ machine }: ActorDefinition, input: unknown): Step =>
  step(machine, input, (scope) => machine.getInitialSnapshot(scope, input));

/** The step that an event makes from there. @param at when it came: the machine has no clock, and learns it as `at` */
export const nextStep = (
  { machine }: ActorDefinition,
  snapshot: AnyMachineSnapshot,
  event: HistoryEntry['event'],
  at: Date,
): Step =>
  step(machine, snapshot.context.input, (scope) =>
    machine.transition(snapshot, { ...event, at: at.getTime() }, scope),
  );
