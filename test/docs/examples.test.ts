/** The documentation executes: the shell's examples of a page, one after the other, against a real engine. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { describeMachine } from '../../src/machines/machine-definition.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import { DEMO_PASSWORD, eventually, logIn, startEngine } from '../support/engine.ts';
import type { Teardown } from '../support/services.ts';
import { readPage, shellBlocks } from './pages.ts';

const states = describeMachine(orderMachine, {}).states ?? {};

/** A shell that runs one block after the other, in a folder of its own; a request that is refused ends it. */
async function openShell(t: Teardown) {
  const dir = await mkdtemp(join(tmpdir(), 'ordo-docs-'));
  await writeFile(join(dir, '.curlrc'), 'fail-with-body\nmax-time = 30\n');
  const shell = spawn('bash', ['-seuo', 'pipefail'], {
    cwd: dir,
    env: { PATH: process.env.PATH, CURL_HOME: dir },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    shell.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  });
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  return async (block: string): Promise<string> => {
    shell.stdin.write(`${block}\necho; echo '=== done'\n`);
    const output: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the example failed:\n${block}\n${output.join('\n')}`);
      if (value === '=== done') return output.join('\n');
      output.push(value);
    }
  };
}

for (const { page, shows } of [
  {
    page: 'README.md',
    shows: [/"amountMinor":2900/, /"type":"confirmation\.sent"/, /"state":"returning"/],
  },
  {
    page: 'docs/orders.md',
    shows: [
      /"state":"awaitingPayment"/,
      /"state":"adjusting"/,
      /"state":"charging"/,
      /"state":"returning"/,
      /"taken":true/,
      /"type":"order\.cancelLines"/,
    ],
  },
]) {
  test(`the examples of ${page} run, and do what it says`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'ordo-docs-data-'));
    t.teardown(() => rm(dir, { recursive: true, force: true }));
    const engine = await startEngine(t, { ORDO_DATA_DIR: dir });
    const operator = await logIn(() => engine.url);
    const run = await openShell(t);
    const blocks = shellBlocks(readPage(page)).filter((block) => block.includes('curl'));
    t.true(blocks.length > 2);
    let output = '';
    for (const block of blocks) {
      output += await run(
        block
          .replaceAll('localhost:3000', new URL(engine.url).host)
          .replaceAll('THE PRINTED ONE', DEMO_PASSWORD),
      );
      // People take their time between two examples: nothing of theirs is under way any more.
      await eventually(
        async () => (await operator.call('GET', '/orders')).body.items as { state: string }[],
        (orders) => orders.every(({ state }) => states[state] && !states[state].invoke),
      );
    }
    for (const pattern of shows) t.regex(output, pattern);
    t.is(await engine.stop(), 0);
  });
}
