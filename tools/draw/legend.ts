/** Says what the colours and shapes of a picture mean: those that it has. */
import type { Layout } from './layout.ts';
import type { Kind } from './machine-graph.ts';
import type { Words } from './pictures.ts';

const ROW_HEIGHT = 24;
const CHAR_WIDTH = 7.1;

const CAUSES: readonly (readonly [Words['cause'], string])[] = [
  ['done', 'outcome of work'],
  ['deadline', 'deadline'],
  ['command', 'command'],
  ['news', 'news from outside'],
];

const KINDS: readonly (readonly [Kind, string])[] = [
  ['work', 'works'],
  ['waiting', 'waits for somebody'],
  ['rest', 'rests: its work is done, it can come back'],
  ['end', 'ends'],
  ['crossroads', 'crossroads: left at once, by the first guard that holds'],
];

const OUTLINES: Readonly<Record<Kind, string>> = {
  work: '<rect class="box" y="-12" width="22" height="14" rx="4"/>',
  waiting: '<rect class="box" y="-12" width="22" height="14" rx="4"/>',
  rest: '<rect class="box" y="-12" width="22" height="14" rx="7"/><rect class="ring" x="3" y="-9" width="16" height="8" rx="4"/>',
  end: '<rect class="box" y="-12" width="22" height="14" rx="4"/><rect class="ring" x="3" y="-9" width="16" height="8" rx="2"/>',
  crossroads: '<path class="box" d="M11-13 22-5 11 3 0-5z"/>',
};

/** Two rows: what makes the machine move, and what its states are. */
export function drawLegend(
  { boxes, lines }: Layout,
  attention: string | undefined,
): { width: number; drawn: string } {
  const causes = new Set(
    [...boxes.flatMap(({ rows }) => rows), ...lines.flatMap(({ words }) => words)].map(({ cause }) => cause),
  );
  const kinds = new Set(boxes.map(({ state }) => state.kind));
  const moves = CAUSES.filter(([cause]) => causes.has(cause)).map(([cause, text]) => ({
    sign: `<circle class="${cause}" cx="7" cy="-4.5" r="4.5"/>`,
    signWidth: 18,
    text,
  }));
  const flag = {
    sign: '<path class="flag" d="M3-12h10l-3 4 3 4h-8.5v7h-1.5z"/>',
    signWidth: 18,
    text: `attempts used up: waits in ${attention}`,
  };
  const states = KINDS.filter(([kind]) => kinds.has(kind)).map(([kind, text]) => ({
    sign: `<g class="${kind}">${OUTLINES[kind]}</g>`,
    signWidth: 30,
    text,
  }));
  const rows = [attention === undefined ? moves : [...moves, flag], states].map(drawRow);
  return {
    width: Math.ceil(Math.max(...rows.map(({ width }) => width))),
    drawn: rows
      .map(({ drawn }, index) => `<g transform="translate(0 ${index * ROW_HEIGHT})">${drawn}</g>`)
      .join(''),
  };
}

function drawRow(entries: readonly { sign: string; signWidth: number; text: string }[]): {
  width: number;
  drawn: string;
} {
  let width = 0;
  const drawn = entries.map(({ sign, signWidth, text }) => {
    const entry = `<g transform="translate(${Math.round(width)} 0)">${sign}<text class="legend" x="${signWidth}">${text}</text></g>`;
    width += signWidth + text.length * CHAR_WIDTH + 22;
    return entry;
  });
  return { width, drawn: drawn.join('') };
}
