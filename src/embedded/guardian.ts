/** Runs a child under a guardian: a tiny shell that ends it when the engine ends, in whatever way. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

import type { Logger } from '../platform/logger.ts';

// The engine holds the other end of the guardian's stdin: the kernel closes it even at a SIGKILL. Only the
// child keeps the stdout pipe, so its closing tells the engine of the child's end.
const GUARDIAN = `
"$@" </dev/null &
child=$!
exec >/dev/null 2>&1
read -r _
kill -TERM "$child"
ticks=0
while kill -0 "$child" && [ $ticks -lt 50 ]; do sleep 0.1; ticks=$((ticks + 1)); done
[ $ticks -lt 50 ] || kill -KILL "$child"
wait "$child"
`;

const LINES_KEPT = 20;

/** What to run: its name in messages, its program, and a descriptor that it holds open while it lives. */
export interface GuardedCommand {
  name: string;
  program: string;
  args: string[];
  holdFd: number;
  logger: Logger;
}

/** A child that cannot outlive the engine. */
export interface GuardedChild {
  readonly name: string;
  /** Resolves, never rejects, when child and guardian are gone; with how, and the child's last line. */
  readonly ended: Promise<string>;
  /** Calls the listener with each line of the child's standard output from now on. */
  onLine(listener: (line: string) => void): void;
  /** SIGTERM, and SIGKILL after 5 s; resolves when child and guardian are gone. */
  end(): Promise<void>;
}

/** Starts the command in a session of its own, out of reach of the terminal's Ctrl-C. */
export function spawnGuarded({ name, program, args, holdFd, logger }: GuardedCommand): GuardedChild {
  const guardian = spawn('/bin/sh', ['-c', GUARDIAN, `guardian-of-${name}`, program, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', holdFd],
    env: childEnvironment(),
    // The types lose the three pipes when there is a fourth descriptor.
  }) as ChildProcessWithoutNullStreams;
  const lines: string[] = [];
  const listeners: ((line: string) => void)[] = [];
  const keep = (line: string) => {
    logger.debug({ service: name, line }, 'service output');
    if (line.trim() === '') return;
    lines.push(line.trim());
    if (lines.length > LINES_KEPT) lines.shift();
  };
  createInterface({ input: guardian.stderr }).on('line', keep);
  createInterface({ input: guardian.stdout }).on('line', (line) => {
    keep(line);
    for (const listener of listeners) listener(line);
  });
  guardian.stdin.on('error', () => guardian.stdin.destroy());
  guardian.stdout.once('close', () => guardian.stdin.end());
  guardian.once('exit', (_code, signal) => {
    // A guardian that was killed itself cannot end its child any more.
    if (signal !== null) signalGroup(guardian.pid, 'SIGTERM');
  });
  const ended = new Promise<string>((resolve) => {
    const say = (how: string) => resolve([how, ...lines.slice(-1)].join(': '));
    guardian.once('error', (error) => say(error.message));
    guardian.once('close', (code, signal) => say(describeExit(code, signal)));
  });
  return {
    name,
    ended,
    onLine: (listener) => {
      listeners.push(listener);
    },
    async end() {
      guardian.stdin.end();
      await ended;
    },
  };
}

/** Only what programs need to run: no address, no secret of the engine. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, LC_ALL: 'C' };
}

function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: nobody of the group is left, which is what was wanted.
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `its guardian was ended by ${signal}`;
  const number = (code ?? 0) - 128;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? `exit code ${code}` : `ended by ${name}`;
}
