/**
 * `npm run simulate -- [--seeds N] [--from SEED] [--workers N]`: many runs, shared by some processes; a seed that
 * breaks a promise is printed, and can be run again.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    /** Set for a worker: it runs every seed of that remainder. */
    share: { type: 'string' },
    /** Stops at the first seed that fails. */
    bail: { type: 'boolean', default: false },
  },
});
const [from, seeds, workers] = [values.from, values.seeds, values.workers].map(Number) as [
  number,
  number,
  number,
];
if (![from, seeds, workers].every(Number.isSafeInteger) || seeds < 1 || workers < 1)
  throw new Error(
    `expected whole numbers for --from, --seeds and --workers, got ${values.from}, ${values.seeds}, ${values.workers}`,
  );

const startedAt = Date.now();

/** Runs every seed that falls to this process; how many broke a promise. */
async function runShare(share: number): Promise<number> {
  let failed = 0;
  for (let seed = from + share; seed < from + seeds; seed += workers) {
    const { broken, states } = await simulate(seed);
    if (broken.length > 0) {
      failed += 1;
      console.log(`seed ${seed} (${states.join(', ')}):\n  ${broken.join('\n  ')}`);
      if (values.bail) break;
    }
    if (share === 0 && (seed - from) % 1_000 < workers && seed - from >= 1_000)
      console.log(`${seed - from} of ${seeds}, ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  }
  return failed;
}

/** One more process for each share but the first; how many seeds failed in it comes as a message. */
async function runOther(share: number): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--share', String(share)]);
  let failed: number | undefined;
  child.on('message', (count: number) => {
    failed = count;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (failed === undefined)
    throw new Error(`the process of share ${share} ended with ${code} before its end`);
  return failed;
}

if (values.share !== undefined) {
  const failed = await runShare(Number(values.share));
  process.send?.(failed, () => process.disconnect());
} else {
  const others = Array.from({ length: Math.min(workers, seeds) - 1 }, (_, index) => runOther(index + 1));
  const failed = (await Promise.all([runShare(0), ...others])).reduce((sum, each) => sum + each, 0);
  console.log(`${seeds - failed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
