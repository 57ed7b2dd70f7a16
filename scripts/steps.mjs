// What a step of the preparation needs: to run a program quietly, and to say in one line what is done or wrong.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What stops the preparation: shown line by line, without a stack. */
export class PreparationError extends Error {}

/** One line a step; on standard error, for standard output is the engine's or the tests' own. */
export function say(line) {
  process.stderr.write(`ordo: ${line}\n`);
}

/**
 * Runs a program; what it prints is shown only when it fails. A signal to this process reaches it too.
 * @returns {Promise<void>}
 * @throws {PreparationError} with the last lines of its output when it fails
 */
export async function runQuietly(what, program, args, env = {}) {
  let output = '';
  const { code, signal } = await run(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    onOutput: (chunk) => {
      output = (output + chunk).slice(-8_000);
    },
  }).catch((error) => {
    throw new PreparationError(`${what} failed: ${error.message}`);
  });
  if (code === 0) return;
  const how = signal === null ? `exit code ${code}` : signal;
  throw new PreparationError(`${what} failed (${how}):\n${output.trim().split('\n').slice(-40).join('\n')}`);
}

/**
 * Runs a program to its end, handing on the signals that would end this process.
 * @returns {Promise<{code: number | null, signal: NodeJS.Signals | null}>}
 */
export function run(program, args, { onOutput, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, ...options });
    let received = null;
    const handOn = (signal) => {
      received = signal;
      child.kill(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, handOn);
      // During the preparation, a signal ends all of it, not just the step.
      if (received !== null && onOutput !== undefined) process.exit(exitCodeOf(received));
      resolve({ code, signal });
    });
  });
}

/** The exit code that shells give for an end by that signal. */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}
