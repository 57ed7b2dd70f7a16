/** What the runtime must know of a machine before it runs it: checked once, at start. */
import { type AnyStateMachine, type AnyStateNode, StateMachine } from 'xstate';

/** An invoke of a machine. */
interface Invoke {
  /** The id of the state node that owns it. */
  owner: string;
  /** The input of its work, or what makes it of the context and the event. */
  input: unknown;
}

/** A machine made ready for the durable runtime. */
export interface ActorDefinition {
  /** Without its actors: a step only asks for work, and XState would make an actor for each piece of it. */
  machine: AnyStateMachine;
  id: string;
  version: string;
  /** By their ids. */
  invokes: ReadonlyMap<string, Invoke>;
  /** Every `queue.verb` that the machine invokes. */
  sources: ReadonlySet<string>;
  /** The events that people may send: by their name, `order.` for a machine of that id. */
  commands: readonly string[];
}

function eachState(node: AnyStateNode, visit: (node: AnyStateNode) => void): void {
  visit(node);
  for (const child of Object.values(node.states)) eachState(child, visit);
}

/** The part of an invocation's source that names its queue. */
export function queueOf(src: string): string {
  return src.slice(0, src.indexOf('.'));
}

/** What people read where the attempts of an invocation are used up. No event of the machine may be called so. */
export const exhaustedType = (id: string): string => `${id}.exhausted`;

/**
 * Reads what the runtime needs out of a plain XState machine.
 * @throws Error naming the state that uses what cannot be made durable: history states, invokes whose
 * id is not unique, whose outcomes lead nowhere, or with a source that is not `queue.verb`, a machine without a version.
 */
export function defineActor(machine: AnyStateMachine): ActorDefinition {
  const invokes = new Map<string, Invoke>();
  const sources = new Set<string>();
  if (machine.version === undefined) throw new Error(`Machine ${machine.id} has no version.`);
  eachState(machine.root, (node) => {
    if (node.type === 'history') throw new Error(`State ${node.id}: history states are not durable yet.`);
    for (const invoke of node.invoke) {
      const src = String(invoke.src);
      if (!/^[a-z]+\.[a-z]+$/i.test(src))
        throw new Error(`State ${node.id}: an invoke's src must be "queue.verb", and is "${src}".`);
      if (invokes.has(invoke.id))
        throw new Error(`State ${node.id}: invoke id "${invoke.id}" is not unique.`);
      for (const outcome of ['done', 'error'])
        if (!node.ownEvents.includes(`xstate.${outcome}.actor.${invoke.id}`))
          throw new Error(
            `State ${node.id}: invoke "${invoke.id}" has no transition for its ${outcome} outcome.`,
          );
      if (machine.events.includes(exhaustedType(invoke.id)))
        throw new Error(
          `State ${node.id}: "${exhaustedType(invoke.id)}" is an event, and what it is called when "${invoke.id}" fails.`,
        );
      invokes.set(invoke.id, { owner: node.id, input: invoke.input });
      sources.add(src);
    }
  });
  return {
    machine: new StateMachine(machine.config, { ...machine.implementations, actors: {} }),
    id: machine.id,
    version: machine.version,
    invokes,
    sources,
    commands: machine.events.filter((type: string) => type.startsWith(`${machine.id}.`)),
  };
}
