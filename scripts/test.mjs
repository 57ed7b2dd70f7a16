// `npm test`: prepares what is missing, then runs ava under c8; arguments go on to ava.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './preparation.mjs';
import { exitCodeOf, ROOT, run } from './steps.mjs';

await prepare({ needsRedisServer: true });
const c8 = fileURLToPath(import.meta.resolve('c8/bin/c8.js'));
const ava = join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const { code, signal } = await run(process.execPath, [c8, process.execPath, ava, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(signal === null ? code : exitCodeOf(signal));
