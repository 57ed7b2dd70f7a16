/** `npm run draw`: draws `docs/machine.md` and `docs/machine.svg` from the order machine; `--check` compares. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { orderMachine } from '../src/machines/order-machine.ts';
import { layOut } from './draw/layout.ts';
import { readMachine } from './draw/machine-graph.ts';
import { writeMarkdown } from './draw/markdown.ts';
import { drawSvg } from './draw/svg.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, out: { type: 'string', default: DOCS } },
});

const graph = readMachine(orderMachine);
const files = new Map([
  ['machine.svg', drawSvg(graph, await layOut(graph))],
  ['machine.md', writeMarkdown(graph, 'src/machines/order-machine.ts', 'machine.svg')],
]);

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
