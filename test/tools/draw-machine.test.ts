/** `npm run draw`: the committed picture is the machine's, and its check notices when it is not. */
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { orderMachine } from '../../src/machines/order-machine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function draw(...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    const command = ['--import=tsx', 'tools/draw-machine.ts', ...args];
    const child = execFile(process.execPath, command, { cwd: ROOT }, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr }),
    );
  });
}

test('the committed page and picture are what the machine gives', async (t) => {
  t.deepEqual(await draw('--check'), { code: 0, stderr: '' });
});

test('the check passes on a fresh drawing, and names the file that was altered or is missing', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordo-draw-'));
  t.teardown(() => rm(folder, { recursive: true }));
  t.is((await draw('--out', folder)).code, 0);
  t.is((await draw('--check', '--out', folder)).code, 0);

  await appendFile(path.join(folder, 'machine.svg'), '<!-- by hand -->');
  const altered = await draw('--check', '--out', folder);
  t.is(altered.code, 1);
  t.regex(altered.stderr, /machine\.svg is not what the machine gives; run `npm run draw`/);
  t.notRegex(altered.stderr, /machine\.md/);

  await rm(path.join(folder, 'machine.md'));
  t.regex((await draw('--check', '--out', folder)).stderr, /machine\.md is not what the machine gives/);
});

test('the pictures show every state of the machine, and carry their own dark colours', async (t) => {
  const names = ['machine.svg', 'machine-undoing.svg', 'machine-aftercare.svg'];
  const pictures = await Promise.all(names.map((name) => readFile(path.join(ROOT, 'docs', name), 'utf8')));
  for (const state of Object.keys(orderMachine.root.states))
    t.true(
      pictures.some((svg) => svg.includes(`>${state}</text>`)),
      state,
    );
  for (const svg of pictures) t.true(svg.includes('prefers-color-scheme:dark'));
});

test('every outcome of the order machine is told by its own name', async (t) => {
  const page = await readFile(path.join(ROOT, 'docs/machine.md'), 'utf8');
  t.false(page.includes(' done`'));
});
