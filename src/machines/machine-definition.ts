/** A machine as plain JSON, read off the machine itself: what clients draw, and ask what may be sent next. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { Role } from './order-types.ts';

/** One way out of a state. Without `target` the state stays; a `guard` decides on the order's own facts. */
export interface WayDefinition {
  /** A state beside this one by its key, or any state as `#id`. */
  target?: string;
  /** The guard's name; `inline` where the machine gives it none. */
  guard?: string;
}

/** One state, in the form that XState's `createMachine` takes. */
export interface StateDefinition {
  type?: 'final' | 'parallel';
  initial?: string;
  tags?: string[];
  invoke?: { id: string; src: string; onDone: WayDefinition[]; onError: WayDefinition[] }[];
  always?: WayDefinition[];
  on?: Record<string, WayDefinition[]>;
  /** By the delay's name. */
  after?: Record<string, WayDefinition[]>;
  onDone?: WayDefinition[];
  states?: Record<string, StateDefinition>;
}

/** A whole machine, and who may send its commands. */
export interface MachineDefinition extends StateDefinition {
  id: string;
  version: string;
  commands: Record<string, { roles: readonly Role[] }>;
}

const filled = <T extends object>(part: T): part is T => Object.keys(part).length > 0;

function wayOf(node: AnyStateNode, { target, guard }: AnyTransitionDefinition): WayDefinition {
  const [to] = target ?? [];
  const isBeside = to?.parent === node.parent && node.parent !== undefined;
  const name = (guard as { type?: unknown } | undefined)?.type ?? guard;
  return {
    ...(to && { target: isBeside ? to.key : `#${to.id}` }),
    ...(guard !== undefined && { guard: typeof name === 'string' ? name : 'inline' }),
  };
}

function stateOf(node: AnyStateNode): StateDefinition {
  const waysOn = (event: string) => (node.transitions.get(event) ?? []).map((way) => wayOf(node, way));
  const commands = [...node.transitions.keys()].filter((event) => !event.startsWith('xstate.'));
  const on = Object.fromEntries(commands.map((event) => [event, waysOn(event)]));
  const after = Object.fromEntries(
    node.after.map(({ delay, eventType }) => [String(delay), waysOn(String(eventType))]),
  );
  const invoke = node.invoke.map(({ id, src }) => ({
    id,
    src: String(src),
    onDone: waysOn(`xstate.done.actor.${id}`),
    onError: waysOn(`xstate.error.actor.${id}`),
  }));
  const onDone = waysOn(`xstate.done.state.${node.id}`);
  const states = Object.fromEntries(
    Object.values<AnyStateNode>(node.states).map((child) => [child.key, stateOf(child)]),
  );
  const initial = node.type === 'compound' ? node.initial.target?.[0]?.key : undefined;
  return {
    ...((node.type === 'final' || node.type === 'parallel') && { type: node.type }),
    ...(initial !== undefined && { initial }),
    ...(node.tags.length > 0 && { tags: [...node.tags] }),
    ...(invoke.length > 0 && { invoke }),
    ...(node.always && node.always.length > 0 && { always: node.always.map((way) => wayOf(node, way)) }),
    ...(filled(on) && { on }),
    ...(filled(after) && { after }),
    ...(onDone.length > 0 && { onDone }),
    ...(filled(states) && { states }),
  };
}

/** The machine as plain JSON. An event that `roles` does not name is a fact: nobody may send it. */
export function describeMachine(
  machine: AnyStateMachine,
  roles: Readonly<Record<string, readonly Role[]>>,
): MachineDefinition {
  const commands = Object.entries(roles).filter(([type]) => machine.events.includes(type));
  return {
    id: machine.id,
    version: machine.version ?? '',
    ...stateOf(machine.root),
    commands: Object.fromEntries(commands.map(([type, who]) => [type, { roles: who }])),
  };
}
