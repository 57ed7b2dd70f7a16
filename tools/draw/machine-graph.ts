/** Reads a machine's own definition as a graph: its states, their parts in the story, and every way between. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/**
 * A state's part: on the way from the initial state that takes the first outcome each time (`happy`); work
 * beside that way (`compensation`); a rest without work, until somebody acts (`attention`); or an end.
 */
export type Part = 'happy' | 'compensation' | 'attention' | 'ending';

/** What makes a machine move: by itself, work done or failed, a deadline, or a command. */
export type Cause = 'always' | 'done' | 'failed' | 'deadline' | 'command';

/** One state: its name, the jobs it invokes (`queue.verb`), and its part. */
export interface StateBox {
  name: string;
  part: Part;
  initial: boolean;
  /** A final state at the end of the happy way. */
  success: boolean;
  work: string[];
}

/** One way from a state to another. */
export interface Way {
  from: string;
  to: string;
  cause: Cause;
  /** What people read on it: an outcome, a deadline, a command, or the work's name with its fate. */
  label: string;
  /** The guard's name, where the machine gives it one; `otherwise` for what is left by the named ones. */
  guard?: string;
  happy: boolean;
}

/** The whole machine, states and ways in the order of the definition. */
export interface MachineGraph {
  id: string;
  version: string;
  states: StateBox[];
  ways: Way[];
}

/**
 * Walks the definition of a flat machine.
 * @throws Error when a state has states of its own, or a transition has not exactly one target.
 */
export function readMachine(machine: AnyStateMachine): MachineGraph {
  const nodes = Object.values<AnyStateNode>(machine.root.states);
  const ways = nodes.flatMap(waysFrom);
  for (const way of ways) if (isLeftOver(way, ways)) way.guard = 'otherwise';
  const initial = String(machine.config.initial);
  const onHappyWay = followFirstOutcomes(initial, ways);
  return {
    id: machine.id,
    version: machine.version ?? '',
    states: nodes.map((node) => ({
      name: node.key,
      part: partOf(node, onHappyWay),
      initial: node.key === initial,
      success: node.type === 'final' && onHappyWay.has(node.key),
      work: node.invoke.map(({ src }) => String(src)),
    })),
    ways: ways.map((way) => ({
      ...way,
      happy: firstOutcome(way.from, ways) === way && onHappyWay.has(way.from),
    })),
  };
}

function waysFrom(node: AnyStateNode): Way[] {
  if (node.type !== 'atomic' && node.type !== 'final')
    throw new Error(
      `State ${node.key}: expected no states inside it, found a ${node.type} state; draw a flat machine.`,
    );
  const always = (node.always ?? []).map((transition) => toWay(node, transition, 'always', 'always'));
  const caused = [...node.transitions.values()].flat().map((transition) => {
    const { cause, label } = readEvent(node, transition);
    return toWay(node, transition, cause, label);
  });
  const rank: Cause[] = ['always', 'done', 'failed', 'deadline', 'command'];
  return [...always, ...caused].sort((a, b) => rank.indexOf(a.cause) - rank.indexOf(b.cause));
}

function toWay(node: AnyStateNode, transition: AnyTransitionDefinition, cause: Cause, label: string): Way {
  const [target, ...others] = transition.target ?? [];
  if (target === undefined || others.length > 0)
    throw new Error(
      `State ${node.key}, ${transition.eventType}: expected one target, found ${others.length + 1}.`,
    );
  const guard = typeof transition.guard === 'string' ? { guard: transition.guard } : {};
  return { from: node.key, to: target.key, cause, label, ...guard, happy: false };
}

function readEvent(node: AnyStateNode, transition: AnyTransitionDefinition): { cause: Cause; label: string } {
  const { eventType } = transition;
  const deadline = node.after.find((after) => after.eventType === eventType);
  if (deadline) return { cause: 'deadline', label: String(deadline.delay) };
  const invocation = node.invoke.find(({ id }) => eventType.endsWith(`.actor.${id}`));
  if (!invocation) return { cause: 'command', label: eventType };
  if (eventType.startsWith('xstate.error.')) return { cause: 'failed', label: `${invocation.id} failed` };
  return { cause: 'done', label: outcomeOf(transition) ?? `${invocation.id} done` };
}

/** The outcome's word stands only inside the inline guard or action that asks for it, so their text is read. */
function outcomeOf({ guard, actions }: AnyTransitionDefinition): string | undefined {
  const asked: unknown[] = [guard, ...actions.flatMap((action) => [action, Object(action).assignment])];
  return asked
    .map((part) => /\.output\.type\s*[!=]==\s*["'`]([\w.]+)["'`]/.exec(String(part))?.[1])
    .find((word) => word !== undefined);
}

function isLeftOver(way: Way, ways: Way[]): boolean {
  if (way.guard !== undefined) return false;
  const { from, cause, label } = way;
  return ways.some((o) => o.guard !== undefined && o.from === from && o.cause === cause && o.label === label);
}

function firstOutcome(state: string, ways: Way[]): Way | undefined {
  return ways.find(({ from, cause }) => from === state && (cause === 'always' || cause === 'done'));
}

function followFirstOutcomes(initial: string, ways: Way[]): Set<string> {
  const passed = new Set([initial]);
  for (let way = firstOutcome(initial, ways); way && !passed.has(way.to); way = firstOutcome(way.to, ways))
    passed.add(way.to);
  return passed;
}

function partOf(node: AnyStateNode, onHappyWay: Set<string>): Part {
  if (node.type === 'final') return 'ending';
  if (onHappyWay.has(node.key)) return 'happy';
  return node.invoke.length > 0 ? 'compensation' : 'attention';
}
