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

/** What is the same of every actor in a state: XState would find it out anew for each. */
interface Place {
  /** In that state, with no context. */
  snapshot: AnyMachineSnapshot;
  /** The commands that its states listen to. */
  heard: string[];
}

const places = new WeakMap<ActorDefinition, Map<string, Place>>();

/** The place of that state value. @throws Error when the machine has no such state */
function placeOf(definition: ActorDefinition, value: unknown): Place {
  const known = places.get(definition) ?? new Map<string, Place>();
  places.set(definition, known);
  const key = JSON.stringify(value);
  const place = known.get(key);
  if (place !== undefined) return place;
  const snapshot = definition.machine.resolveState({ value: value as string, context: {} });
  const events = new Set(snapshot._nodes.flatMap((node) => node.ownEvents));
  const found = { snapshot, heard: definition.commands.filter((type) => events.has(type)) };
  known.set(key, found);
  return found;
}

/** XState's snapshot of a record. @throws UnreadableSnapshotError */
export function rehydrate(
  definition: ActorDefinition,
  { _id, snapshot: { value, context, status }, input }: Pick<ActorRecord, '_id' | 'snapshot' | 'input'>,
): AnyMachineSnapshot {
  try {
    const { snapshot } = placeOf(definition, value);
    return {
      ...snapshot,
      context: { input, ...(context as object) },
      status: snapshot.status === 'done' ? 'done' : status,
    } as AnyMachineSnapshot;
  } catch (error) {
    throw new UnreadableSnapshotError(`Order ${_id}: ${(error as Error).message}`, { cause: error });
  }
}

/** The context as it is stored: without the facts, which stand in the record once, and without what is undefined. */
function toStored(context: object): object {
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(context))
    if (name !== 'input' && value !== undefined) stored[name] = value;
  return stored;
}

/** A snapshot as it is stored. */
export const toSnapshot = ({ value, context, status }: AnyMachineSnapshot): DurableSnapshot => ({
  value,
  context: toStored(context),
  status: status as DurableSnapshot['status'],
});

/** The commands that the machine takes in that snapshot; only what its states listen to need be asked. */
export const commandsIn = (definition: ActorDefinition, snapshot: AnyMachineSnapshot): string[] =>
  placeOf(definition, snapshot.value).heard.filter((type) => snapshot.can({ type }));

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
  { type, ...event }: HistoryEntry['event'],
  at: Date,
): Step =>
  step(machine, snapshot.context.input, (scope) =>
    machine.transition(snapshot, { type, ...event, at: at.getTime() }, scope),
  );
