/** Progress bars on standard error; a line now and then where that is no terminal. */
import { SingleBar } from 'cli-progress';

const PLAIN_SCHEDULE_MS = 5_000;

/** Starts a bar; `shape` names what stands behind it, with cli-progress' placeholders. */
export function startBar(name: string, total: number, shape: string, payload: object = {}): SingleBar {
  const bar = new SingleBar({
    format: `${name.padEnd(9)} {bar} ${shape}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    // The tool has a handler of its own for Ctrl-C.
    gracefulExit: false,
    noTTYOutput: true,
    notTTYSchedule: PLAIN_SCHEDULE_MS,
  });
  bar.start(total, 0, payload);
  return bar;
}
