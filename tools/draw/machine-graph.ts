/** Reads a machine's own definition as a graph: its states, and every way between them. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { type Part, partsOf } from './parts.ts';

/**
 * What a state is: `work` is done in it (or it leads on at once), it is `waiting` for somebody, `crossroads` that
 * are left at once by the first way whose guard holds, a `rest` with its work done, or an `end`.
 */
export type Kind = 'work' | 'waiting' | 'crossroads' | 'rest' | 'end';

/** What makes a machine move: by itself, work done or failed, a deadline, a command, or news from outside. */
export type Cause = 'always' | 'done' | 'failed' | 'deadline' | 'command' | 'news';

/** One state: its name, what it is, its part in the story, and the jobs it invokes (`queue.verb`). */
export interface StateBox {
  name: string;
  kind: Kind;
  part: Part;
  initial: boolean;
  /** On the happy way. */
  happy: boolean;
  work: string[];
}

/** An event that a state takes, and stays. */
export interface Note {
  from: string;
  cause: Cause;
  /** What people read: an outcome, a deadline, a command, or the work's name with its fate. */
  label: string;
  /** The guard's name, where the machine gives it one; `otherwise` for what is left by the named ones. */
  guard?: string;
}

/** One way from a state to another. */
export interface Way extends Note {
  to: string;
}

/** The whole machine, states and ways in the order of the definition. */
export interface MachineGraph {
  id: string;
  version: string;
  states: StateBox[];
  ways: Way[];
  /** What states take note of. */
  notes: Note[];
  /** What every state takes note of that does not take the event itself. */
  everywhere: Note[];
  /** The states of the happy way in their order, crossroads each time they are passed. */
  happyWay: string[];
}

/** What the definition does not say. */
export interface Telling {
  /** The states of the happy way, in their order. */
  happyWay: string[];
  /** The events that people may send; all others are news. */
  commands: ReadonlySet<string>;
  /** The types of the outcomes that transitions take; what is not in it is told as `ID done`. */
  outcomes: ReadonlyMap<AnyTransitionDefinition, string>;
}

type Reading = Note & { to?: string };

/**
 * Walks the definition of a flat machine.
 * @throws Error when a state has states of its own, or a transition has several targets, or one from everywhere.
 */
export function readMachine(machine: AnyStateMachine, telling: Telling): MachineGraph {
  const { happyWay } = telling;
  const nodes = Object.values<AnyStateNode>(machine.root.states);
  const readings = nodes.flatMap((node) => readState(node, telling));
  const everywhere = readState(machine.root, telling);
  const ways = readings.filter((reading): reading is Way => reading.to !== undefined);
  const astray = everywhere.find(({ to }) => to !== undefined);
  if (astray) throw new Error(`${astray.label}: expected no way from everywhere, found one to ${astray.to}.`);
  const initial = String(machine.config.initial);
  const kinds = new Map(nodes.map((node) => [node.key, kindOf(node)]));
  const parts = partsOf(kinds, ways, happyWay);
  return {
    id: machine.id,
    version: machine.version ?? '',
    states: nodes.map(({ key, invoke }) => ({
      name: key,
      kind: kinds.get(key) ?? 'work',
      part: parts.get(key) ?? 'way',
      initial: key === initial,
      happy: happyWay.includes(key),
      work: invoke.map(({ src }) => String(src)),
    })),
    ways,
    notes: readings.filter(({ to }) => to === undefined),
    everywhere,
    happyWay,
  };
}

function kindOf(node: AnyStateNode): Kind {
  if (Object.keys(node.states).length > 0)
    throw new Error(
      `State ${node.key}: expected no states inside it, found a ${node.type} state; draw a flat machine.`,
    );
  if (node.type === 'final') return 'end';
  if (node.tags.includes('settled')) return 'rest';
  if (node.always?.some(({ guard }) => guard !== undefined)) return 'crossroads';
  return node.invoke.length > 0 || node.always ? 'work' : 'waiting';
}

function readState(node: AnyStateNode, telling: Telling): Reading[] {
  const always = (node.always ?? []).map((way) => toReading(node, way, 'always', 'always'));
  const caused = [...node.transitions.values()]
    .flat()
    .map((way) => toReading(node, way, ...readEvent(node, way, telling)));
  const rank: Cause[] = ['always', 'done', 'failed', 'deadline', 'command', 'news'];
  const readings = [...always, ...caused].sort((a, b) => rank.indexOf(a.cause) - rank.indexOf(b.cause));
  for (const reading of readings) if (isLeftOver(reading, readings)) reading.guard = 'otherwise';
  return readings;
}

function toReading(node: AnyStateNode, way: AnyTransitionDefinition, cause: Cause, label: string): Reading {
  const [target, ...others] = way.target ?? [];
  if (others.length > 0)
    throw new Error(`State ${node.key}, ${way.eventType}: expected one target, found ${others.length + 1}.`);
  const guard = nameGuard(way.guard);
  return { from: node.key, cause, label, ...(guard && { guard }), ...(target && { to: target.key }) };
}

/** By its name and parameters; `and`, `or` and `not` by the names of theirs. Undefined for an inline function. */
function nameGuard(guard: unknown): string | undefined {
  if (guard === undefined || typeof guard === 'string') return guard;
  const { type, params, name, guards } = Object(guard);
  if (typeof type === 'string') return typeof params === 'string' ? `${type}: ${params}` : type;
  if (!Array.isArray(guards)) return undefined;
  const names = guards.map((part) => nameGuard(part) ?? 'inline');
  return names.length > 1 ? names.join(` ${name} `) : `${name} ${names[0]}`;
}

function readEvent(
  node: AnyStateNode,
  way: AnyTransitionDefinition,
  { commands, outcomes }: Telling,
): [Cause, string] {
  const { eventType } = way;
  const deadline = node.after.find((after) => after.eventType === eventType);
  if (deadline) return ['deadline', String(deadline.delay)];
  const invocation = node.invoke.find(({ id }) => eventType.endsWith(`.actor.${id}`));
  if (!invocation) return [commands.has(eventType) ? 'command' : 'news', eventType];
  if (eventType.startsWith('xstate.error.')) return ['failed', `${invocation.id} failed`];
  return ['done', outcomes.get(way) ?? `${invocation.id} done`];
}

function isLeftOver({ guard, cause, label }: Reading, readings: Reading[]): boolean {
  return (
    guard === undefined &&
    readings.some((other) => other.guard !== undefined && other.cause === cause && other.label === label)
  );
}
