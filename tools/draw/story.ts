/** Runs a machine purely along a story, to see which states it passes, and which outcome takes which transition. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  getInitialMicrosteps,
  getMicrosteps,
} from 'xstate';

/** What happens to one order: its facts, then event by event; work's outcomes are `xstate.done.actor.ID`. */
export interface Story {
  input: unknown;
  events: readonly { type: string; output?: { type: string }; [field: string]: unknown }[];
}

/** What a story comes to. */
export interface Course {
  /** The states in the order in which they are entered, crossroads too. */
  passed: string[];
  /** The types of the outcomes, by the transitions that took them. */
  outcomes: Map<AnyTransitionDefinition, string>;
}

/**
 * Follows the story from the beginning.
 * @throws Error when the machine does not take an event of the story, where the story has it.
 */
export function followStory(machine: AnyStateMachine, { input, events }: Story): Course {
  let snapshots: AnyMachineSnapshot[] = getInitialMicrosteps(machine, input).map(([snapshot]) => snapshot);
  const passed = snapshots.map(({ value }) => String(value));
  const outcomes = new Map<AnyTransitionDefinition, string>();
  for (const event of events) {
    const before = snapshots.at(-1);
    if (!before?.can(event))
      throw new Error(`The story does not hold: ${event.type} is not taken in ${before?.value}.`);
    for (const transition of machine.getTransitionData(before, event))
      if (event.output) outcomes.set(transition, event.output.type);
    snapshots = getMicrosteps(machine, before, event).map(([snapshot]) => snapshot);
    passed.push(...snapshots.map(({ value }) => String(value)));
  }
  return { passed: passed.filter((state, index) => state !== passed[index - 1]), outcomes };
}
