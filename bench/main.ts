/** `npm run bench`: measures the built engine, shows how far it is, and keeps the tables in `bench/results/`. */
import { installPeers } from './harness.ts';
import { type PartName, readOptions } from './options.ts';
import { growth } from './parts/growth.ts';
import { hotStock } from './parts/hot-stock.ts';
import { http } from './parts/http.ts';
import { limit } from './parts/limit.ts';
import type { Part } from './parts/part.ts';
import { scale } from './parts/scale.ts';
import { peers, workload } from './parts/workload.ts';
import { describe, keep, type Section, setSection } from './report.ts';

const PARTS: Record<PartName, Part> = { workload, limit, growth, scale, hot: hotStock, http, peers };

async function main(): Promise<boolean> {
  const options = readOptions(process.argv.slice(2));
  const provenance = describe(options);
  const from = performance.now();
  const say = (line: string) => {
    const seconds = Math.floor((performance.now() - from) / 1000);
    const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    process.stderr.write(`${elapsed.padStart(6)}  ${line}\n`);
  };
  await installPeers(say);
  const sections: Section[] = [];
  let isGood = true;
  for (const [index, name] of options.parts.entries()) {
    say(`== ${name} (${index + 1} of ${options.parts.length})`);
    try {
      const measured = await PARTS[name]({ options, say });
      sections.push(...measured);
      process.stdout.write(`\n${measured.map(setSection).join('\n')}\n`);
    } catch (error) {
      // What the other parts measured is worth keeping.
      isGood = false;
      say(`${name} failed: ${(error as Error).message}`);
    }
  }
  if (sections.length > 0) say(`kept in ${keep(provenance, sections)}.md and .json`);
  return isGood;
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
