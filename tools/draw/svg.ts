/** Draws a laid out machine as one self-contained SVG, legible on light and on dark pages. */
import type { ElkPoint } from 'elkjs/lib/elk.bundled.js';
import { type Layout, type Line, type Place, TYPE } from './layout.ts';
import type { MachineGraph, StateBox } from './machine-graph.ts';
import { STYLE } from './svg-style.ts';

const MARGIN = 36;
const HEADER = 118;
const CORNER = 12;

const LEGEND: readonly (readonly [string, string])[] = [
  ['done', 'outcome of work'],
  ['failed', 'attempts used up'],
  ['deadline', 'deadline'],
  ['command', 'command'],
];

/** The picture of the machine: deterministic, so that the committed file can be compared. */
export function drawSvg(graph: MachineGraph, layout: Layout): string {
  const width = layout.width + 2 * MARGIN;
  const height = layout.height + HEADER + MARGIN;
  const title = `The ${graph.id} machine`;
  const told = graph.ways.map(({ from, to, label }) => `${from} to ${to}: ${label}`).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title told">`,
    `<title id="title">${escapeXml(title)}, version ${escapeXml(graph.version)}</title>`,
    `<desc id="told">${escapeXml(told)}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs>${['', 'happy', 'aside'].map(drawArrowHead).join('')}</defs>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="14"/>`,
    `<text class="title" x="${MARGIN}" y="46">${escapeXml(title)}</text>`,
    `<text class="version" x="${MARGIN}" y="68">version ${escapeXml(graph.version)}</text>`,
    drawLegend(width - MARGIN),
    `<g transform="translate(${MARGIN} ${HEADER})">`,
    ...layout.boxes.filter(({ initial }) => initial).map(drawStart),
    ...[...layout.lines].sort((a, b) => Number(a.happy) - Number(b.happy)).map(drawLine),
    ...layout.lines.map(drawWords),
    ...layout.boxes.map(drawBox),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawArrowHead(kind: string): string {
  return `<marker id="arrow${kind}" class="head ${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.5 10 5 0 9.5z"/></marker>`;
}

/** Set from the right, one entry after another. */
function drawLegend(right: number): string {
  const widths = LEGEND.map(([, text]) => text.length * TYPE.charWidth + 34);
  let x = right - widths.reduce((sum, width) => sum + width, 0) + 20;
  const entries = LEGEND.map(([cause, text], index) => {
    const entry = `<circle class="dot ${cause}" cx="${round(x)}" cy="42" r="4.5"/><text class="word legend" x="${round(x + 10)}" y="46">${text}</text>`;
    x += widths[index] ?? 0;
    return entry;
  });
  return entries.join('');
}

function drawStart({ x, y, width }: Place): string {
  const centre = round(x + width / 2);
  return `<circle class="start" cx="${centre}" cy="${round(y - 30)}" r="7"/><path class="way happy" d="M${centre} ${round(y - 22)}V${round(y)}" marker-end="url(#arrowhappy)"/>`;
}

function drawLine({ points, happy, aside, twoWay }: Line): string {
  const kind = happy ? 'happy' : aside ? 'aside' : '';
  const start = twoWay ? ` marker-start="url(#arrow${kind})"` : '';
  return `<path class="way ${kind}" d="${roundedPath(points)}"${start} marker-end="url(#arrow${kind})"/>`;
}

function drawWords({ label, words }: Line): string {
  const centre = round(label.x + label.width / 2);
  const first = label.y + TYPE.labelPadding / 2 + 12.5;
  const texts = words.map(({ text, cause }, index) => {
    const y = round(first + index * TYPE.lineHeight);
    return `<text class="word ${cause}" x="${centre}" y="${y}">${escapeXml(text)}</text>`;
  });
  return `<rect class="label" ${rectangle(label)} rx="5"/>${texts.join('')}`;
}

function drawBox(box: StateBox & Place): string {
  const { x, y, width, height } = box;
  const centre = round(x + width / 2);
  const kind = `${box.part}${box.success ? ' success' : ''}`;
  const inner = { x: x + 4, y: y + 4, width: width - 8, height: height - 8 };
  const ring = box.part === 'ending' ? `<rect class="ring" ${rectangle(inner)} rx="9"/>` : '';
  const middle = y + height / 2;
  const name = `<text class="name" x="${centre}" y="${round(box.work.length > 0 ? middle - 2 : middle + 6)}">${escapeXml(box.name)}</text>`;
  const work = box.work.map(
    (job) => `<text class="job" x="${centre}" y="${round(middle + 17)}">${escapeXml(job)}</text>`,
  );
  return `<g class="${kind}"><rect class="box" ${rectangle(box)} rx="12"/>${ring}${name}${work.join('')}</g>`;
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
