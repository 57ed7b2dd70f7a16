/** Gives every state and way its place: Eclipse Layout Kernel, layered from the top, right angles alone. */
// The package's types put its class under `default`, where it also is.
import elkModule, { type ElkExtendedEdge, type ElkNode, type ElkPoint } from 'elkjs/lib/elk.bundled.js';
import type { Cause, MachineGraph, Part, StateBox, Way } from './machine-graph.ts';

/** A rectangle, in pixels from the drawing's top left corner. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** All ways between two states, drawn as one line; `twoWay` when some lead back. */
export interface Line {
  from: string;
  to: string;
  happy: boolean;
  twoWay: boolean;
  /** Whether it leads to a state that waits for somebody. */
  aside: boolean;
  words: { text: string; cause: Cause }[];
  points: ElkPoint[];
  label: Place;
}

/** The machine laid out. */
export interface Layout {
  width: number;
  height: number;
  boxes: (StateBox & Place)[];
  lines: Line[];
}

/** Pixels that the letters take: widths of the monospaced label font, and the distance of its lines. */
export const TYPE = { charWidth: 7.5, lineHeight: 17, labelPadding: 7 } as const;
const BOX = { width: 176, height: 58 } as const;

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

/** Lays the machine out: the happy way straight down at the left, the ways off it to the right. */
export async function layOut(graph: MachineGraph): Promise<Layout> {
  const partOf = new Map(graph.states.map(({ name, part }) => [name, part]));
  const bundles = bundleWays(graph.ways, partOf);
  const placed = await new elkModule.default().layout<ElkNode>({
    id: graph.id,
    layoutOptions: OPTIONS,
    children: graph.states.map((state) => toNode(state, bundles)),
    edges: bundles.map(toEdge),
  });
  const places = new Map((placed.children ?? []).map((node) => [node.id, placeOf(node)]));
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    boxes: graph.states.map((state) => ({ ...state, ...given(places.get(state.name), state.name) })),
    lines: bundles.map((bundle, index) => ({ ...bundle, ...courseOf(placed.edges?.[index]) })),
  };
}

type Bundle = Omit<Line, 'points' | 'label'>;

/** One line for all ways between two states; the definition's first way decides which end is the beginning. */
function bundleWays(ways: Way[], partOf: Map<string, Part>): Bundle[] {
  const bundles: Bundle[] = [];
  for (const { from, to, happy, ...way } of ways) {
    const known = bundles.find((b) => (b.from === from && b.to === to) || (b.from === to && b.to === from));
    const aside = partOf.get(to) === 'attention';
    const bundle = known ?? { from, to, happy, twoWay: false, aside, words: [] };
    if (!known) bundles.push(bundle);
    const back = bundle.from !== from;
    bundle.twoWay ||= back;
    bundle.words.push({ text: way.label, cause: way.cause });
    if (way.guard !== undefined && !back) bundle.words.push({ text: `[${way.guard}]`, cause: way.cause });
  }
  return bundles;
}

function toNode(state: StateBox, bundles: Bundle[]): ElkNode {
  const touching = bundles.flatMap((bundle, index) =>
    bundle.from === state.name || bundle.to === state.name ? [{ bundle, index }] : [],
  );
  return {
    id: state.name,
    ...BOX,
    ports: touching.map(({ bundle, index }) => ({
      id: portId(state.name, index),
      layoutOptions: { 'elk.port.side': sideOf(state, bundle) },
    })),
    layoutOptions: {
      'elk.portConstraints': 'FIXED_SIDE',
      ...(state.initial && { 'elk.layered.layering.layerConstraint': 'FIRST' }),
      ...(state.part === 'ending' && { 'elk.layered.layering.layerConstraint': 'LAST' }),
    },
  };
}

const portId = (state: string, index: number) => `${state}.${index}`;

function sideOf(state: StateBox, { from, happy }: Bundle): string {
  if (state.part === 'happy' && !happy) return 'EAST';
  return from === state.name ? 'SOUTH' : 'NORTH';
}

function toEdge({ from, to, happy, words }: Bundle, index: number): ElkExtendedEdge {
  const longest = Math.max(...words.map(({ text }) => text.length));
  return {
    id: `way.${index}`,
    sources: [portId(from, index)],
    targets: [portId(to, index)],
    labels: [
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

function courseOf(edge: ElkExtendedEdge | undefined): { points: ElkPoint[]; label: Place } {
  const section = given(edge?.sections?.[0], 'a way');
  return {
    points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint],
    label: placeOf(given(edge?.labels?.[0], 'a label')),
  };
}

function placeOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Place>): Place {
  return { x, y, width, height };
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`The layout left out ${what}; expected a place for everything.`);
  return value;
}
