/** Cuts a machine's graph into pictures, one for each part of the story: thirty states in one cannot be read. */
import type { Cause, MachineGraph, StateBox, Way } from './machine-graph.ts';
import { type Part, reach } from './parts.ts';
import { type Leg, unroll } from './unroll.ts';

/** In letters: a guard whose event leaves it no room on a line stands on the next one. */
const LONGEST_WORDS = 36;

/** Some words of a picture, coloured by what makes the machine move. */
export interface Words {
  text: string;
  cause: Cause;
}

/** A state's box; crossroads can have several. */
export interface Box {
  id: string;
  state: StateBox;
  /** What it takes that is not drawn as a line: where that leads. */
  rows: Words[];
  /** When the attempts of its work are used up, somebody must help. */
  flagged: boolean;
}

/** Where orders come from that enter the picture: the states, each in another picture. */
export interface Entry {
  id: string;
  sources: string[];
}

/** All ways between two boxes, drawn as one line; `twoWay` when some lead back. */
export interface Line {
  from: string;
  to: string;
  happy: boolean;
  twoWay: boolean;
  words: Words[];
}

/** One picture: what is in it, before it has a place. */
export interface Picture {
  part: Part;
  /** The state where orders wait for help, when a box is flagged. */
  attention: string | undefined;
  boxes: Box[];
  entries: Entry[];
  lines: Line[];
}

/** The picture of that part; crossroads are drawn where the stories pass them. */
export function pictureOf(part: Part, graph: MachineGraph, stories: readonly string[][]): Picture {
  const { states, ways, happyWay } = graph;
  const partOf = new Map(states.map((state) => [state.name, state.part]));
  const isGuest = (state: StateBox) =>
    part === 'way' && state.part !== part && (state.happy || state.part === 'attention');
  const shown = states.filter((state) => state.part === part || isGuest(state));
  const names = new Set(shown.map(({ name }) => name));
  const isHome = (state: string) => partOf.get(state) === part;
  const isHelp = (state: string) => partOf.get(state) === 'attention';
  const isDrawn = ({ from, to }: { from: string; to: string }) => {
    if (!names.has(from) || !names.has(to) || isHelp(to)) return false;
    const isOnlyWay = ways.every((way) => way.to !== to || way.from === from);
    const isBeside = part === 'way' && !happyWay.includes(from) && !happyWay.includes(to);
    if (isHelp(from) || isBeside) return isOnlyWay;
    return isHome(from) || isNext(happyWay, from, to);
  };
  const legs = unroll(graph, stories).filter(isDrawn);
  const boxes = shown.flatMap((state) => {
    const ids = [...new Set(legs.flatMap((leg) => idsOf(leg, state.name)))];
    const out = ways.filter(({ from }) => from === state.name);
    const flagged =
      state.part === 'attention' || out.some(({ to, cause }) => cause === 'failed' && isHelp(to));
    const away = (state.kind === 'crossroads' ? [] : out).filter(
      (way) => !isDrawn(way) && !(way.cause === 'failed' && isHelp(way.to)),
    );
    return (ids.length > 0 ? ids : [state.name]).map((id) => ({
      id,
      state,
      rows: rowsOf(away, ways),
      flagged,
    }));
  });
  const foreign = ways.filter(({ from, to }) => isHome(to) && !names.has(from) && !isHelp(from));
  const entered = [...new Set(foreign.map(({ to }) => to))];
  return {
    part,
    attention: boxes.some(({ flagged }) => flagged)
      ? states.find(({ name }) => isHelp(name))?.name
      : undefined,
    boxes: inOrder(boxes, legs, happyWay),
    entries: entered.map((to) => ({
      id: `to.${to}`,
      sources: [...new Set(foreign.filter((way) => way.to === to).map(({ from }) => from))],
    })),
    lines: [...entered.map((to) => entryLine(to, foreign)), ...bundle(legs, ways, happyWay)],
  };
}

/** The happy way in its order; each box beside it after the first one that leads there, else before its goal. */
function inOrder(boxes: readonly Box[], legs: readonly Leg[], happyWay: readonly string[]): Box[] {
  const next = (id: string) =>
    legs.find((leg) => leg.fromId === id && isNext(happyWay, leg.from, leg.to))?.toId;
  const spine: string[] = [];
  for (let id = boxes.find(({ state }) => state.happy)?.id; id && !spine.includes(id); id = next(id))
    spine.push(id);
  if (spine.length === 0) return [...boxes];
  const followed = reach(spine, (id) => legs.filter(({ fromId }) => fromId === id).map(({ toId }) => toId));
  const placeOf = (id: string, passed: readonly string[] = []): number => {
    if (spine.includes(id)) return spine.indexOf(id);
    const before = legs.filter(({ toId }) => toId === id).map(({ fromId }) => spine.indexOf(fromId));
    const first = Math.min(...before.filter((index) => index >= 0), spine.length);
    const goal = legs.find(({ fromId }) => fromId === id)?.toId;
    if (followed.has(id) || goal === undefined || passed.includes(id)) return first + 0.5;
    return placeOf(goal, [...passed, id]) - 0.1;
  };
  const places = new Map(boxes.map(({ id }) => [id, placeOf(id)]));
  return [...boxes].sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
}

function idsOf({ from, to, fromId, toId }: Leg, state: string): string[] {
  return [...(from === state ? [fromId] : []), ...(to === state ? [toId] : [])];
}

const isNext = (happyWay: readonly string[], from: string, to: string) =>
  happyWay.some((state, index) => state === from && happyWay[index + 1] === to);

function entryLine(to: string, foreign: readonly Way[]): Line {
  const words = foreign.filter((way) => way.to === to).map(({ label, cause }) => ({ text: label, cause }));
  return { from: `to.${to}`, to, happy: false, twoWay: false, words: once(words) };
}

/** The first way between two boxes decides which end is the beginning of their line. */
function bundle(legs: readonly Leg[], ways: readonly Way[], happyWay: readonly string[]): Line[] {
  const lines: Line[] = [];
  const happy = ({ from, to }: Leg) => isNext(happyWay, from, to);
  for (const leg of [...legs].sort((a, b) => Number(happy(b)) - Number(happy(a)))) {
    const words = ways
      .filter(({ from, to }) => from === leg.from && to === leg.to)
      .flatMap((way) => wordsOf(way, ways));
    const back = lines.find(({ from, to }) => from === leg.toId && to === leg.fromId);
    if (back) Object.assign(back, { twoWay: true, words: once([...back.words, ...words]) });
    else lines.push({ from: leg.fromId, to: leg.toId, happy: happy(leg), twoWay: false, words: once(words) });
  }
  return lines;
}

function wordsOf(way: Way, ways: readonly Way[]): Words[] {
  const { cause, label } = way;
  const parts = [...(cause === 'always' ? [] : [label]), ...decidingGuard(way, ways)];
  const whole = parts.join(' ');
  const texts = whole.length > LONGEST_WORDS ? parts : [whole];
  return texts.filter((text) => text !== '').map((text) => ({ text, cause }));
}

/** The guard, where it decides between ways; that others can refuse the event is for the page to tell. */
function decidingGuard({ from, to, label, guard }: Way, ways: readonly Way[]): string[] {
  const decides = ways.some((way) => way.from === from && way.label === label && way.to !== to);
  return guard !== undefined && decides ? [`[${guard}]`] : [];
}

const once = (words: readonly Words[]): Words[] => [
  ...new Map(words.map((word) => [word.text, word])).values(),
];

/** One row for each event and target; an event that leads back to each state whose work failed is told as one. */
function rowsOf(away: readonly Way[], ways: readonly Way[]): Words[] {
  const rows = away.map((way) => {
    const { from, to, label, cause } = way;
    const goesBack = ways.some((o) => o.from === to && o.to === from && o.cause === 'failed');
    const many = away.filter((o) => o.label === label).length > 3;
    if (goesBack && many) return { text: `${label} → the work that failed`, cause };
    return { text: [label, ...decidingGuard(way, ways), '→', to].join(' '), cause };
  });
  return once(rows);
}
