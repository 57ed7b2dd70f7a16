/** Tells a machine as Markdown: the picture, a Mermaid diagram, and the table of states and events. */
import type { Cause, MachineGraph, Part, StateBox, Way } from './machine-graph.ts';

const PARTS: Record<Part, string> = {
  happy: 'on the happy way',
  compensation: 'undoes what was done',
  attention: 'waits for an operator',
  ending: 'final',
};

/** The page `docs/machine.md`; `picture` is the SVG's path as seen from there. */
export function writeMarkdown(graph: MachineGraph, source: string, picture: string): string {
  return `<!-- Generated from ${source} by \`npm run draw\`; change the machine, not this file. -->

# The ${graph.id} machine

Version ${graph.version}, drawn from [the machine itself](../${source}).

![The ${graph.id} machine: its states and the ways between them](${picture})

## States and events

Each cell says where an event of that column leads. An empty cell: no such event in this state; a command is
refused there.

${writeTable(graph)}

## As Mermaid

\`\`\`mermaid
${writeMermaid(graph)}
\`\`\`
`;
}

function writeTable({ states, ways }: MachineGraph): string {
  const commands = [...new Set(ways.filter(({ cause }) => cause === 'command').map(({ label }) => label))];
  const columns: { head: string; takes: (way: Way) => boolean }[] = [
    { head: 'Work done', takes: ({ cause }) => cause === 'done' || cause === 'always' },
    { head: 'Attempts used up', takes: ({ cause }) => cause === 'failed' },
    { head: 'Deadline', takes: ({ cause }) => cause === 'deadline' },
    ...commands.map((command) => ({ head: `\`${command}\``, takes: ({ label }: Way) => label === command })),
  ];
  const rows = states.map((state) => [
    `**${state.name}**`,
    describe(state),
    ...columns.map(({ takes }) =>
      ways
        .filter((way) => way.from === state.name && takes(way))
        .map(writeCell)
        .join('<br>'),
    ),
  ]);
  const heads = ['State', 'What it is', ...columns.map(({ head }) => head)];
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function describe({ part, work, initial, success }: StateBox): string {
  const words = success ? 'final: the happy end' : initial ? 'the beginning' : PARTS[part];
  return [words, ...work.map((job) => `\`${job}\``)].join('<br>');
}

function writeCell({ cause, label, guard, to }: Way): string {
  const named: Cause[] = ['done', 'deadline'];
  const when = [
    named.includes(cause) ? `\`${label}\`` : '',
    guard === undefined ? '' : `[${guard}]`,
    '→',
    to,
  ];
  return when.filter((word) => word !== '').join(' ');
}

/** One arrow for all ways between two states, or the diagram is a thicket. */
function writeMermaid({ states, ways }: MachineGraph): string {
  const arrows = new Map<string, string[]>();
  for (const { from, to, cause, label, guard } of ways) {
    const key = `${from} --> ${to}`;
    const words = guard === undefined ? label : `${label} [${guard}]`;
    arrows.set(key, [...(arrows.get(key) ?? []), ...(cause === 'always' ? [] : [words])]);
  }
  const classes = (['happy', 'compensation', 'attention', 'ending'] as const).flatMap((part) => {
    const names = states.filter((state) => state.part === part).map(({ name }) => name);
    return names.length > 0 ? [`class ${names.join(',')} ${part}`] : [];
  });
  return [
    'stateDiagram-v2',
    'direction TB',
    'classDef happy stroke:#1a7f37,stroke-width:2px',
    'classDef compensation stroke:#bf8700,stroke-width:2px',
    'classDef attention stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4',
    'classDef ending stroke:#59636e,stroke-width:3px',
    ...states.filter(({ initial }) => initial).map(({ name }) => `[*] --> ${name}`),
    ...[...arrows].map(([arrow, words]) => (words.length > 0 ? `${arrow}: ${words.join(', ')}` : arrow)),
    ...states.filter(({ part }) => part === 'ending').map(({ name }) => `${name} --> [*]`),
    ...classes,
  ].join('\n  ');
}
