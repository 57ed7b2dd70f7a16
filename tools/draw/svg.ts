/** Draws a laid out picture as one self-contained SVG, legible on light and on dark pages. */
import type { ElkPoint } from 'elkjs/lib/elk.bundled.js';
import { BOX, type Layout, type Place, TYPE } from './layout.ts';
import { drawLegend } from './legend.ts';
import type { Box, Entry, Line } from './pictures.ts';
import { STYLE } from './svg-style.ts';

const MARGIN = 36;
const HEADER = 150;
const START = 36;
const CORNER = 12;

/** What stands above a picture: its title, one sentence, and where orders wait whose box has a flag. */
export interface Heading {
  title: string;
  told: string;
  attention: string | undefined;
}

/** The picture: deterministic, so that the committed file can be compared. */
export function drawSvg({ title, told, attention }: Heading, layout: Layout): string {
  const legend = drawLegend(layout, attention);
  const width = Math.max(layout.width, legend.width) + 2 * MARGIN;
  const top = HEADER + (layout.boxes.some(({ state }) => state.initial) ? START : 0);
  const height = layout.height + top + MARGIN;
  const shift = round((width - layout.width) / 2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title told">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="told">${escapeXml(told)}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs>${['', 'happy'].map(drawArrowHead).join('')}</defs>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="14"/>`,
    `<text class="title" x="${MARGIN}" y="44">${escapeXml(title)}</text>`,
    `<text class="told" x="${MARGIN}" y="66">${escapeXml(told)}</text>`,
    `<g transform="translate(${MARGIN} 92)">${legend.drawn}</g>`,
    `<g transform="translate(${shift} ${top})">`,
    ...layout.boxes.filter(({ state }) => state.initial).map(drawStart),
    ...[...layout.lines].sort((a, b) => Number(a.happy) - Number(b.happy)).map(drawLine),
    ...layout.lines.map(drawWords),
    ...layout.entries.map(drawEntry),
    ...layout.boxes.map(drawBox),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawArrowHead(kind: string): string {
  return `<marker id="arrow${kind}" class="head ${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.5 10 5 0 9.5z"/></marker>`;
}

function drawStart({ x, y, width }: Place): string {
  const centre = round(x + width / 2);
  return `<circle class="start" cx="${centre}" cy="${round(y - 30)}" r="7"/><path class="line happy" d="M${centre} ${round(y - 22)}V${round(y)}" marker-end="url(#arrowhappy)"/>`;
}

function drawLine({ points, happy, twoWay }: Line & { points: ElkPoint[] }): string {
  const kind = happy ? 'happy' : '';
  const start = twoWay ? ` marker-start="url(#arrow${kind})"` : '';
  return `<path class="line ${kind}" d="${roundedPath(points)}"${start} marker-end="url(#arrow${kind})"/>`;
}

function drawWords({ label, words }: Line & { label: Place | undefined }): string {
  if (label === undefined) return '';
  const centre = round(label.x + label.width / 2);
  const first = label.y + TYPE.labelPadding / 2 + 12.5;
  const texts = words.map(
    ({ text, cause }, index) =>
      `<text class="word ${cause}" x="${centre}" y="${round(first + index * TYPE.lineHeight)}">${escapeXml(text)}</text>`,
  );
  return `<rect class="label" ${rectangle(label)} rx="5"/>${texts.join('')}`;
}

function drawEntry({ sources, ...place }: Entry & Place): string {
  const centre = round(place.x + place.width / 2);
  const names = sources.map(
    (name, index) =>
      `<text class="entry" x="${centre}" y="${round(place.y + 19 + index * TYPE.lineHeight)}">${escapeXml(name)}</text>`,
  );
  return `<g><rect class="from" ${rectangle(place)} rx="8"/>${names.join('')}</g>`;
}

function drawBox(box: Box & Place): string {
  const { state, x, y, width, rows } = box;
  const centre = round(x + width / 2);
  const middle = y + (state.kind === 'crossroads' ? box.height : BOX.height) / 2;
  const isAlone = state.work.length === 0;
  return [
    `<g class="${state.happy ? 'happy' : state.part} ${state.kind}">${drawOutline(box)}`,
    `<text class="name" x="${centre}" y="${round(isAlone ? middle + 5 : middle - 3)}">${escapeXml(state.name)}</text>`,
    ...state.work.map(
      (job) => `<text class="job" x="${centre}" y="${round(middle + 16)}">${escapeXml(job)}</text>`,
    ),
    box.flagged
      ? `<path class="flag" d="M${round(x + width - 18)} ${round(y + 8)}h10l-3 4 3 4h-8.5v7h-1.5z"/>`
      : '',
    rows.length > 0
      ? `<path class="rule" d="M${round(x)} ${round(y + BOX.height)}H${round(x + width)}"/>`
      : '',
    ...rows.map(
      ({ text, cause }, index) =>
        `<text class="row ${cause}" x="${round(x + BOX.rowIndent)}" y="${round(y + BOX.height + 16 + index * TYPE.lineHeight)}">${escapeXml(text)}</text>`,
    ),
    '</g>',
  ].join('');
}

/** Crossroads are a diamond; a rest is round, with a ring as the ends have. */
function drawOutline({ state, x, y, width, height }: Box & Place): string {
  if (state.kind === 'crossroads') {
    const [right, bottom] = [round(x + width), round(y + height)];
    const [centre, middle] = [round(x + width / 2), round(y + height / 2)];
    return `<path class="box" d="M${centre} ${round(y)}L${right} ${middle} ${centre} ${bottom} ${round(x)} ${middle}z"/>`;
  }
  const corner = state.kind === 'rest' ? BOX.height / 2 : CORNER;
  const outer = `<rect class="box" ${rectangle({ x, y, width, height })} rx="${round(corner)}"/>`;
  if (state.kind !== 'rest' && state.kind !== 'end') return outer;
  const inner = { x: x + 4, y: y + 4, width: width - 8, height: height - 8 };
  return `${outer}<rect class="ring" ${rectangle(inner)} rx="${round(corner - 3)}"/>`;
}

/** Straight pieces joined by quarter turns, smaller where the pieces are short. */
function roundedPath(points: ElkPoint[]): string {
  const [start, ...rest] = points;
  if (!start) return '';
  const pieces = rest.map((point, index) => {
    const before = points[index] ?? point;
    const after = rest[index + 1];
    if (!after) return `L${round(point.x)} ${round(point.y)}`;
    const into = towards(point, before);
    const out = towards(point, after);
    return `L${into}Q${round(point.x)} ${round(point.y)} ${out}`;
  });
  return `M${round(start.x)} ${round(start.y)}${pieces.join('')}`;
}

function towards(from: ElkPoint, to: ElkPoint): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return `${round(from.x + (to.x - from.x) * share)} ${round(from.y + (to.y - from.y) * share)}`;
}

function rectangle({ x, y, width, height }: Place): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
}

const round = (pixels: number) => Math.round(pixels * 10) / 10;

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
