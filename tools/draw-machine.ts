/** `npm run draw`: draws `docs/machine.md` and its pictures from the order machine; `--check` compares. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { orderMachine } from '../src/machines/order-machine.ts';
import { COMMAND_ROLES } from '../src/machines/order-view.ts';
import { layOut } from './draw/layout.ts';
import { readMachine } from './draw/machine-graph.ts';
import { writeMarkdown } from './draw/markdown.ts';
import { happyStory, outcomeStories, sideStories } from './draw/order-stories.ts';
import { pictureOf } from './draw/pictures.ts';
import { followStory, type Story } from './draw/story.ts';
import { drawSvg } from './draw/svg.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

const PICTURES = [
  {
    part: 'way',
    file: 'machine.svg',
    title: 'The life of an order',
    told: 'The happy way in green; beside it, what an order can wait for. Undoing and aftercare have pictures of their own.',
  },
  {
    part: 'undoing',
    file: 'machine-undoing.svg',
    title: 'Undoing an order',
    told: 'Parcels are recalled, money and stock given back, the customer is told; the order ends.',
  },
  {
    part: 'aftercare',
    file: 'machine-aftercare.svg',
    title: 'After an order is completed',
    told: 'Its parcels arrive or are lost, goods and money come back.',
  },
] as const;

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, out: { type: 'string', default: DOCS } },
});

const follow = (story: Story) => followStory(orderMachine, story);
const happy = follow(happyStory);
const drawn = [happy, ...sideStories.map(follow)];
const stories = drawn.map(({ passed }) => passed);
const graph = readMachine(orderMachine, {
  happyWay: happy.passed,
  commands: new Set(Object.keys(COMMAND_ROLES)),
  outcomes: new Map([...drawn, ...outcomeStories.map(follow)].flatMap(({ outcomes }) => [...outcomes])),
});
const files = new Map([['machine.md', writeMarkdown(graph, 'src/machines/order-machine.ts', PICTURES)]]);
for (const { part, file, title, told } of PICTURES) {
  const picture = pictureOf(part, graph, stories);
  files.set(file, drawSvg({ title, told, attention: picture.attention }, await layOut(picture)));
}

if (values.check) {
  for (const [name, text] of files) {
    const file = path.join(values.out, name);
    if ((await readFile(file, 'utf8').catch(() => undefined)) === text) continue;
    console.error(`${file} is not what the machine gives; run \`npm run draw\` and commit the outcome.`);
    process.exitCode = 1;
  }
} else {
  await mkdir(values.out, { recursive: true });
  for (const [name, text] of files) await writeFile(path.join(values.out, name), text);
}
