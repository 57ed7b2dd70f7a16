/** `npm run simulate -- [--seeds N] [--from SEED]`: many runs; a seed that breaks a promise is printed, and can be run again. */
import { parseArgs } from 'node:util';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20000' }, from: { type: 'string', default: '1' } },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(seeds) || seeds < 1)
  throw new Error(`expected whole numbers for --from and --seeds, got ${values.from} and ${values.seeds}`);

const startedAt = Date.now();
let failed = 0;
for (let seed = from; seed < from + seeds; seed += 1) {
  const { broken, states } = await simulate(seed);
  if (broken.length > 0) {
    failed += 1;
    console.log(`seed ${seed} (${states.join(', ')}):\n  ${broken.join('\n  ')}`);
  }
  if (seed % 1_000 === 0)
    console.log(`${seed - from + 1} of ${seeds}, ${Math.round((Date.now() - startedAt) / 1_000)} s`);
}
console.log(`${seeds - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
