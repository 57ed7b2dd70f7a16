/** What the runtime must know of a machine before it runs it: checked once, at start. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A machine made ready for the durable runtime. */
export interface ActorDefinition {
  machine: AnyStateMachine;
  id: string;
  version: string;
  /** The id of the state node that owns each invoke, by the invoke's id. */
  invokeOwners: ReadonlyMap<string, string>;
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
  const invokeOwners = new Map<string, string>();
  const sources = new Set<string>();
  if (machine.version === undefined) throw new Error(`Machine ${machine.id} has no version.`);
  eachState(machine.root, (node) => {
    if (node.type === 'history') throw new Error(`State ${node.id}: history states are not durable yet.`);
    for (const invoke of node.invoke) {
      const src = String(invoke.src);
      if (!/^[a-z]+\.[a-z]+$/i.test(src))
        throw new Error(`State ${node.id}: an invoke's src must be "queue.verb", and is "${src}".`);
      if (invokeOwners.has(invoke.id))
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
      invokeOwners.set(invoke.id, node.id);
      sources.add(src);
    }
  });
  return {
    machine,
    id: machine.id,
    version: machine.version,
    invokeOwners,
    sources,
    commands: machine.events.filter((type: string) => type.startsWith(`${machine.id}.`)),
  };
}
