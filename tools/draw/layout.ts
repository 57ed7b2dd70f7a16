/** Gives every box and line its place: Eclipse Layout Kernel, layered from the top, right angles alone. */
// The package's types put its class under `default`, where it also is.
import elkModule, { type ElkExtendedEdge, type ElkNode, type ElkPoint } from 'elkjs/lib/elk.bundled.js';
import type { Box, Entry, Line, Picture } from './pictures.ts';

/** A rectangle, in pixels from the drawing's top left corner. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A picture laid out. */
export interface Layout {
  width: number;
  height: number;
  boxes: (Box & Place)[];
  entries: (Entry & Place)[];
  lines: (Line & { points: ElkPoint[]; label: Place | undefined })[];
}

/** Pixels that the letters take: widths of the monospaced label font, and the distance of its lines. */
export const TYPE = { charWidth: 7.5, rowCharWidth: 6.7, lineHeight: 17, labelPadding: 7 } as const;
/** A box without rows; what its rows and the words of an entry add. */
export const BOX = { width: 170, height: 54, rowsPadding: 10, rowIndent: 16 } as const;
const CROSSROADS = { width: 132, height: 50 } as const;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.spacing.nodeNode': '34',
  'elk.spacing.edgeNode': '22',
  'elk.spacing.edgeEdge': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '16',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
};

/** Lays the picture out: the happy way straight down at the left, the ways off it to the right. */
export async function layOut({ part, boxes, entries, lines }: Picture): Promise<Layout> {
  const placed = await new elkModule.default().layout<ElkNode>({
    id: part,
    layoutOptions: OPTIONS,
    children: [...entries.map(toEntryNode), ...boxes.map((box) => toNode(box, lines))],
    edges: lines.map((line, index) => toEdge(line, index, boxes)),
  });
  const places = new Map((placed.children ?? []).map((node) => [node.id, placeOf(node)]));
  const place = <T extends { id: string }>(drawn: T) => ({
    ...drawn,
    ...given(places.get(drawn.id), drawn.id),
  });
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    boxes: boxes.map(place),
    entries: entries.map(place),
    lines: lines.map((line, index) => ({ ...line, ...courseOf(placed.edges?.[index]) })),
  };
}

function toEntryNode({ id, sources }: Entry): ElkNode {
  const longest = Math.max(...sources.map(({ length }) => length));
  return {
    id,
    width: Math.ceil(longest * TYPE.charWidth + 24),
    height: sources.length * TYPE.lineHeight + 12,
    ports: [{ id: `${id}.out`, layoutOptions: { 'elk.port.side': 'SOUTH' } }],
    layoutOptions: { 'elk.portConstraints': 'FIXED_SIDE' },
  };
}

function sizeOf({ state, rows }: Box): { width: number; height: number } {
  if (state.kind === 'crossroads') return CROSSROADS;
  const longest = Math.max(...rows.map(({ text }) => text.length), 0);
  return {
    width: Math.max(BOX.width, Math.ceil(longest * TYPE.rowCharWidth + 2 * BOX.rowIndent)),
    height: BOX.height + (rows.length > 0 ? rows.length * TYPE.lineHeight + BOX.rowsPadding : 0),
  };
}

function toNode(box: Box, lines: readonly Line[]): ElkNode {
  const ports = lines.flatMap((line, index) =>
    line.from === box.id || line.to === box.id ? [portOf(box, line, index)] : [],
  );
  return {
    id: box.id,
    ...sizeOf(box),
    ports: [...new Map(ports.map((port) => [port.id, port])).values()].map(({ id, side }) => ({
      id,
      layoutOptions: { 'elk.port.side': side },
    })),
    layoutOptions: {
      'elk.portConstraints': 'FIXED_SIDE',
      ...(box.state.initial && { 'elk.layered.layering.layerConstraint': 'FIRST' }),
      ...(box.state.kind === 'end' && { 'elk.layered.layering.layerConstraint': 'LAST' }),
    },
  };
}

/** A diamond touches its frame in the middle of each side alone: its lines meet there, those that enter on top. */
function portOf({ id, state }: Box, line: Line, index: number): { id: string; side: string } {
  const isCrossroads = state.kind === 'crossroads';
  const isBeside = state.happy && !line.happy;
  const enters = line.to === id && !(isBeside && (line.twoWay || !isCrossroads));
  const side = enters ? 'NORTH' : isBeside ? 'EAST' : 'SOUTH';
  return { id: `${id}.${isCrossroads ? side : index}`, side };
}

function toEdge(line: Line, index: number, boxes: readonly Box[]): ElkExtendedEdge {
  const { from, to, happy, words } = line;
  const longest = Math.max(...words.map(({ text }) => text.length));
  const port = (id: string) => {
    const box = boxes.find((known) => known.id === id);
    return box ? portOf(box, line, index).id : `${id}.out`;
  };
  return {
    id: `way.${index}`,
    sources: [port(from)],
    targets: [port(to)],
    labels:
      words.length === 0
        ? []
        : [
            {
              text: words.map(({ text }) => text).join(' '),
              width: Math.ceil(longest * TYPE.charWidth + 2 * TYPE.labelPadding),
              height: words.length * TYPE.lineHeight + TYPE.labelPadding,
              layoutOptions: { 'elk.edgeLabels.inline': 'true' },
            },
          ],
    layoutOptions: happy ? { 'elk.layered.priority.straightness': '100' } : {},
  };
}

function courseOf(edge: ElkExtendedEdge | undefined): { points: ElkPoint[]; label: Place | undefined } {
  const section = given(edge?.sections?.[0], 'a way');
  const label = edge?.labels?.[0];
  return {
    points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint],
    label: label && placeOf(label),
  };
}

function placeOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Place>): Place {
  return { x, y, width, height };
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`The layout left out ${what}; expected a place for everything.`);
  return value;
}
