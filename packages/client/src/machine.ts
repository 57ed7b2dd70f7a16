/** What may be sent next, told from the machine alone. */
import type { Machine, MachineState, Role } from './types.ts';

/** The commands of a role in a state. */
export interface Commands {
  /** These may be sent whatever the order's facts. */
  allowed: string[];
  /** Whether these may be sent is for the order's own facts to decide: ask the engine. */
  guarded: string[];
}

/** The states that a dotted name stands for, from the outside in; undefined when the machine does not know it. */
function statesOf(machine: MachineState, name: string): MachineState[] | undefined {
  const all: MachineState[] = [machine];
  for (const path of name.split('+')) {
    let state = machine;
    for (const key of path.split('.')) {
      const inner = state.states?.[key];
      if (!inner) return undefined;
      all.push(inner);
      state = inner;
    }
  }
  return all;
}

/**
 * The commands that the role may send to an order in that state: what the engine accepts, which decides in the
 * end. Undefined when the machine has no such state; then ask the engine.
 */
export function commandsIn(machine: Machine, state: string, role: Role): Commands | undefined {
  const states = statesOf(machine, state);
  if (!states) return undefined;
  const ways = (command: string) => states.flatMap(({ on }) => on?.[command] ?? []);
  const own = Object.entries(machine.commands).filter(([, { roles }]) => roles.includes(role));
  const possible = own.map(([command]) => command).filter((command) => ways(command).length > 0);
  const isSure = (command: string) => ways(command).some(({ guard }) => guard === undefined);
  return {
    allowed: possible.filter(isSure),
    guarded: possible.filter((command) => !isSure(command)),
  };
}
