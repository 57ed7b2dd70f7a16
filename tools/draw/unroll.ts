/** Draws crossroads once for each time that the happy way passes them, so that it can be drawn straight on. */
import type { MachineGraph } from './machine-graph.ts';

/** One arrow of a picture: the states, and which drawing of each. */
export interface Leg {
  from: string;
  to: string;
  fromId: string;
  toId: string;
}

/** A drawing of crossroads: after which state of the happy way, and before which. */
interface Passing {
  id: string;
  after: string | undefined;
  before: string | undefined;
}

/**
 * Every pair of states with a way between them, with the drawings that the way goes between. Crossroads that lead
 * to a state of the happy way do so where that way does; to others, where a story does; and where none does, at
 * their first drawing; the way back goes where the way there does.
 */
export function unroll({ ways, happyWay }: MachineGraph, stories: readonly string[][]): Leg[] {
  const passings = (state: string): Passing[] =>
    happyWay.flatMap((passed, index) => {
      const after = happyWay[index - 1];
      return passed === state ? [{ id: `${state}@${after}`, after, before: happyWay[index + 1] }] : [];
    });
  const idOf = (state: string, next: string | undefined, stage: string | undefined): string => {
    const all = passings(state);
    if (all.length < 2) return state;
    const found = all.find(({ before }) => before === next) ?? all.find(({ after }) => after === stage);
    return (found ?? all[0])?.id ?? state;
  };
  const legs: Leg[] = stories.flatMap((story) => {
    let stage: string | undefined;
    const ids = story.map((state, index) => {
      const id = idOf(state, story[index + 1], stage);
      if (happyWay.includes(state) && passings(state).length < 2) stage = state;
      return id;
    });
    return story.slice(1).map((to, index) => {
      const [from = '', fromId = '', toId = ''] = [story[index], ids[index], ids[index + 1]];
      return { from, to, fromId, toId };
    });
  });
  for (const { from, to } of ways) {
    if (legs.some((leg) => leg.from === from && leg.to === to)) continue;
    const back = legs.find((leg) => leg.from === to && leg.to === from);
    legs.push({
      from,
      to,
      fromId: back?.toId ?? idOf(from, to, undefined),
      toId: back?.fromId ?? idOf(to, undefined, from),
    });
  }
  return distinct(legs);
}

function distinct(legs: readonly Leg[]): Leg[] {
  return [...new Map(legs.map((leg) => [`${leg.fromId} ${leg.toId}`, leg])).values()];
}
