/** `npm run mutants -- [--only WORDS]`: takes away one guard after the other; each time the suite must fail. */
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.ts';
import { commandOf, faultOf, runBaseline, runMutant } from './run-mutant.ts';

const AT_ONCE = 2;
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const mutants = MUTANTS.filter(({ name }) => name.includes(values.only));
const faulty = mutants.flatMap((mutant) => {
  const fault = faultOf(mutant);
  return fault === undefined ? [] : [`${mutant.name}: ${fault}`];
});
if (faulty.length > 0) throw new Error(`These mutants are of no use any more:\n${faulty.join('\n')}`);

/** Runs each task, so many at a time. */
async function eachAtOnce<T>(tasks: readonly T[], work: (task: T) => Promise<void>): Promise<void> {
  const left = [...tasks];
  const worker = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await work(task);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

// What fails anyway catches nothing.
const commands = new Map(mutants.map((mutant) => [commandOf(mutant).join(' '), commandOf(mutant)]));
await eachAtOnce([...commands.values()], runBaseline);
const survived: string[] = [];
await eachAtOnce(mutants, async (mutant) => {
  const startedAt = Date.now();
  const verdict = await runMutant(mutant);
  if (verdict === 'survived') survived.push(mutant.name);
  console.log(`${verdict}: ${mutant.name} (${((Date.now() - startedAt) / 1_000).toFixed(1)} s)`);
});
console.log(`${mutants.length - survived.length} caught, ${survived.length} survived`);
process.exit(survived.length > 0 ? 1 : 0);
