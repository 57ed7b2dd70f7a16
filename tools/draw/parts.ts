/** Which part a state plays in the story, by what can be reached from it, and from where it can be reached. */
import type { Kind, Way } from './machine-graph.ts';

/**
 * `attention`: somebody must help, for the attempts of some work are used up. The others are told without it:
 * `undoing` leads to no happy end any more; `aftercare` can follow one; the `way` is all the rest.
 */
export type Part = 'way' | 'undoing' | 'aftercare' | 'attention';

/** Each state's part. A happy end is where the happy way ends, and every rest. */
export function partsOf(
  kinds: ReadonlyMap<string, Kind>,
  ways: readonly Way[],
  happyWay: readonly string[],
): Map<string, Part> {
  const states = [...kinds.keys()];
  const isAttention = (state: string) =>
    kinds.get(state) === 'waiting' && ways.some(({ to, cause }) => to === state && cause === 'failed');
  const helped = new Set(states.filter(isAttention));
  const told = ways.filter(({ from, to }) => !helped.has(from) && !helped.has(to));
  const happyEnds = states.filter((state) => kinds.get(state) === 'rest' || state === happyWay.at(-1));
  const after = reach(happyEnds, (state) => told.filter(({ from }) => from === state).map(({ to }) => to));
  const before = reach(happyEnds, (state) => told.filter(({ to }) => to === state).map(({ from }) => from));
  const partOf = (state: string): Part => {
    if (helped.has(state)) return 'attention';
    if (after.has(state)) return 'aftercare';
    return before.has(state) || happyEnds.includes(state) ? 'way' : 'undoing';
  };
  return new Map(states.map((state) => [state, partOf(state)]));
}

/** What can be reached from any of the starts, in one step or more. */
export function reach(starts: readonly string[], next: (state: string) => string[]): Set<string> {
  const reached = new Set<string>();
  const open = starts.flatMap(next);
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached.has(state)) continue;
    reached.add(state);
    open.push(...next(state));
  }
  return reached;
}
