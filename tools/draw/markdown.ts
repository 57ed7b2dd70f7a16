/** Tells a machine as Markdown: the pictures, and the table of states and events. */
import type { Cause, MachineGraph, Note, StateBox, Way } from './machine-graph.ts';

const KINDS: Record<StateBox['kind'], string> = {
  work: 'works',
  waiting: 'waits for somebody',
  crossroads: 'crossroads',
  rest: 'rests',
  end: 'ends',
};

const PARTS: Record<StateBox['part'], string> = {
  way: 'beside the happy way',
  undoing: 'undoing',
  aftercare: 'aftercare',
  attention: 'needs help',
};

/** One picture of the page: its file as seen from there. */
export interface Illustration {
  file: string;
  title: string;
  told: string;
}

/** The page `docs/machine.md`. */
export function writeMarkdown(
  graph: MachineGraph,
  source: string,
  pictures: readonly Illustration[],
): string {
  const sections = pictures.map(
    ({ file, title, told }) => `## ${title}\n\n${told}\n\n![${title}](${file})\n`,
  );
  return `<!-- Generated from ${source} by \`npm run draw\`; change the machine, not this file. -->

# The ${graph.id} machine

Version ${graph.version}, drawn from [the machine itself](../${source}). A picture names a guard where it decides
between ways; the table names them all. Crossroads are states in which an order never stays: they stand in a picture
each time the happy way passes them.

${sections.join('\n')}
## States and events

What is taken note of changes what the order remembers, not its state. Any other event changes nothing: a command is
refused, and late news are ignored.
${graph.everywhere.length > 0 ? `Every state that does not say otherwise takes note of ${graph.everywhere.map(tell).join(', ')}.\n` : ''}
${writeTable(graph)}
`;
}

function writeTable({ states, ways, notes }: MachineGraph): string {
  const rows = states.map((state) => [
    `**${state.name}**`,
    describe(state),
    ways
      .filter(({ from }) => from === state.name)
      .map(tellWay)
      .join('<br>'),
    notes
      .filter(({ from }) => from === state.name)
      .map(tell)
      .join('<br>'),
  ]);
  const heads = ['State', 'What it is', 'Leads on', 'Taken note of'];
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function describe({ kind, part, work, initial, happy }: StateBox): string {
  const place = initial ? 'the beginning' : happy ? 'the happy way' : PARTS[part];
  return [`${place}: ${KINDS[kind]}`, ...work.map((job) => `\`${job}\``)].join('<br>');
}

const tellWay = (way: Way): string => `${tell(way)} → ${way.to}`.trim();

function tell({ cause, label, guard }: Note): string {
  const words: Record<Cause, string> = {
    always: '',
    done: `\`${label}\``,
    failed: 'attempts used up',
    deadline: `after \`${label}\``,
    command: `\`${label}\``,
    news: `\`${label}\``,
  };
  return [words[cause], ...(guard === undefined ? [] : [`[${guard}]`])]
    .filter((word) => word !== '')
    .join(' ');
}
