/** `npm run replay`: runs the real orders of a file through an engine, and says what came of them. */
import { writeFile } from 'node:fs/promises';
import { type Options, readOptions, USAGE, UsageError } from './options.ts';
import { type OwnEngine, startOwnEngine } from './own-engine.ts';
import { replay } from './replay.ts';
import { isGood, type Report } from './report.ts';
import { writeTable } from './table.ts';

const INTERRUPTED = 130;
/** npm and tsx hand the terminal's signal on, so that one Ctrl-C arrives several times. */
const ONE_PRESS_MS = 1_000;

async function run(options: Options, interrupt: AbortController): Promise<Report> {
  const { url, operator } = options;
  if (url !== undefined && operator) return replay(options, url, operator, interrupt.signal);
  console.error('Starting an engine for this run ...');
  const engine = await startOwnEngine(interrupt.signal);
  let report: Report | undefined;
  try {
    report = await replayOn(engine, options, interrupt);
    return report;
  } finally {
    const keep = report === undefined || !isGood(report);
    await engine.stop(keep);
    if (keep) console.error(`The engine's log and data are in ${engine.folder}.`);
  }
}

async function replayOn(engine: OwnEngine, options: Options, interrupt: AbortController): Promise<Report> {
  void engine.ended.then(() => interrupt.abort());
  const operator = options.operator ?? (await engine.awaitOperator());
  return replay(options, engine.url, operator, interrupt.signal);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const interrupt = new AbortController();
  let firstMs = Number.POSITIVE_INFINITY;
  process.on('SIGINT', () => {
    if (performance.now() - firstMs > ONE_PRESS_MS) process.exit(INTERRUPTED);
    firstMs = Math.min(firstMs, performance.now());
    interrupt.abort();
  });
  const report = await run(options, interrupt);
  console.log(`\n${writeTable(report)}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (report.run.interrupted) return INTERRUPTED;
  return isGood(report) ? 0 : 1;
}

try {
  // Kept-alive connections would hold the process for some seconds more.
  process.exit(await main());
} catch (error) {
  console.error(
    error instanceof UsageError ? error.message : `The replay failed: ${(error as Error).message}`,
  );
  process.exit(1);
}
