/** What the runners of outside suites share: the checkout, mongolet around it, mocha, and the reviewed list. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = new URL('../dist/bin.js', import.meta.url).pathname;

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** The folder of a checkout whose package has this name; says how to make one, and ends, where it is none. */
export function checkoutOf(path, { packageName, testFolder, howTo }) {
  if (path === undefined) fail(`There is no checkout of ${packageName} to test with.\n\n${howTo}`);
  const folder = resolve(path);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).name !== packageName) {
    fail(`${folder} is no checkout of ${packageName}.\n\n${howTo}`);
  }
  if (!existsSync(join(folder, testFolder)))
    fail(`${folder} is ${packageName} without its tests.\n\n${howTo}`);
  if (!existsSync(join(folder, 'node_modules/mocha'))) {
    fail(`${folder} has no mocha: its dependencies are not installed.\n\n${howTo}`);
  }
  if (!existsSync(BIN)) fail(`${BIN} is not there: build mongolet first (npx tsc -b packages/mongolet).`);
  return folder;
}

async function startMongolet(dataDir, args) {
  const server = spawn(process.execPath, [BIN, '--data', dataDir, '--port', '0', '--sync=false', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  server.once('exit', (code, signal) => {
    if (code !== 0) console.error(`mongolet ended with ${signal ?? code}`);
  });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  return { server, host: new URL(JSON.parse(line).listening).host };
}

async function runMocha(folder, args, env, reportPath, timeoutMs) {
  const reporter = ['--exit', '--reporter', 'json', '--reporter-option', `output=${reportPath}`];
  const mocha = spawn(
    process.execPath,
    [join(folder, 'node_modules/mocha/bin/mocha.js'), ...reporter, ...args],
    { cwd: folder, env: { ...process.env, ...env }, stdio: 'ignore' },
  );
  const timer = setTimeout(() => mocha.kill('SIGKILL'), timeoutMs);
  await once(mocha, 'exit');
  clearTimeout(timer);
  if (!existsSync(reportPath)) fail('mocha made no report: it did not come to its end.');
  return JSON.parse(readFileSync(reportPath, 'utf8'));
}

/** Runs mocha in `folder` against a mongolet of its own; `envOf` gets its host. Resolves to mocha's report. */
export async function runAgainstMongolet(folder, { serverArgs = [], mochaArgs, envOf, timeoutMs }) {
  const scratch = mkdtempSync(join(tmpdir(), 'mongolet-suite-'));
  const { server, host } = await startMongolet(join(scratch, 'data'), serverArgs);
  try {
    return await runMocha(folder, mochaArgs, envOf(host), join(scratch, 'report.json'), timeoutMs);
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Compares what failed with the reviewed list at `listUrl`, and prints that; returns whether all of it was expected. */
export function compareWithList(listUrl, reports, nameOf) {
  const groups = JSON.parse(readFileSync(listUrl, 'utf8'));
  const expected = new Set(groups.flatMap(({ tests }) => tests));
  const failed = new Map(reports.flatMap(({ failures }) => failures.map((test) => [nameOf(test), test])));
  const passed = new Set(reports.flatMap(({ passes }) => passes.map(nameOf)));
  for (const { reason, tests } of groups) {
    console.log(`  expected: ${tests.filter((name) => failed.has(name)).length} failed: ${reason}`);
  }
  const unexpected = [...failed].filter(([name]) => !expected.has(name));
  for (const [name, { err }] of unexpected) {
    console.log(`  UNEXPECTED ${name}\n    ${String(err.message).split('\n', 1)[0]}`);
  }
  const gone = [...expected].filter((name) => passed.has(name) && !failed.has(name));
  for (const name of gone) console.log(`  passes now, take it off the list: ${name}`);
  console.log(`${unexpected.length} unexpected failures`);
  return unexpected.length === 0;
}
