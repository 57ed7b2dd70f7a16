/** Runs what must fail, with a guard taken away or with all of them in place. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutant.ts';

const ROOT = new URL('../../', import.meta.url);
const REGISTER = new URL('register.mjs', import.meta.url);

/** `survived`: everything passed without the guard. */
export type Verdict = 'caught' | 'survived';

/** What is wrong with the entry itself; undefined when its snippet stands in its file exactly once. */
export function faultOf({ file, snippet }: Mutant): string | undefined {
  const times = readFileSync(new URL(file, ROOT), 'utf8').split(snippet).length - 1;
  return times === 1 ? undefined : `its snippet stands in ${file} ${times} times, not once`;
}

/** The command that must fail without the guard, as arguments of node. */
export function commandOf({ caughtBy }: Pick<Mutant, 'caughtBy'>): string[] {
  if ('seeds' in caughtBy)
    return [
      '--import=tsx',
      'test/simulation/main.ts',
      ...['--seeds', String(caughtBy.seeds), '--workers', '1', '--bail'],
    ];
  return ['node_modules/ava/entrypoints/cli.mjs', ...caughtBy.tests];
}

async function run(command: string[], env: NodeJS.ProcessEnv): Promise<{ passed: boolean; output: string }> {
  const child = spawn(process.execPath, command, {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => void output.push(data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { passed: code === 0, output: output.join('') };
}

/** Runs the command with every guard in place. @throws Error with its output when it fails then */
export async function runBaseline(command: string[]): Promise<void> {
  const { passed, output } = await run(command, {});
  if (!passed) throw new Error(`With every guard in place, this fails: ${command.join(' ')}\n${output}`);
}

/** Takes the guard away. @throws Error when the changed file was never loaded, or could not be */
export async function runMutant(mutant: Mutant): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'ordo-mutant-'));
  const markFile = join(folder, 'mark');
  const { snippet, replacement } = mutant;
  const mutation = { url: new URL(mutant.file, ROOT).href, snippet, replacement, markFile };
  try {
    const { passed, output } = await run(commandOf(mutant), {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${REGISTER.href}`,
      ORDO_MUTATION: JSON.stringify(mutation),
    });
    if (!existsSync(markFile)) throw new Error(`${mutant.file} was never loaded:\n${output}`);
    if (/SyntaxError|TransformError/.test(output))
      throw new Error(`The replacement cannot be read:\n${output}`);
    return passed ? 'survived' : 'caught';
  } finally {
    rmSync(folder, { recursive: true });
  }
}
