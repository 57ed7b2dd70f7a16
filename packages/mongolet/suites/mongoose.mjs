/**
 * Runs mongoose's own test suite against mongolet: `node suites/mongoose.mjs CHECKOUT`, where CHECKOUT is a checkout of
 * Automattic/mongoose with its dependencies. Prints what passed and failed, and compares the failures with the
 * reviewed list in `mongoose-skips.json`: exit code 0 if no other test failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HOW_TO = `usage: node suites/mongoose.mjs CHECKOUT

CHECKOUT is a clone of https://github.com/Automattic/mongoose (9.9.3 was used for the reviewed list) in which
'npm i --ignore-scripts' has run. Of its devDependencies the tests need ajv, lodash.isequal, lodash.isequalwith,
mocha, moment, mongodb-memory-server, sinon and uuid only.`;
const BIN = new URL('../dist/bin.js', import.meta.url).pathname;
const SKIPS = new URL('./mongoose-skips.json', import.meta.url);
/** mongoose's own CI waits as long; some tests wait for a server that a set of one member has not. */
const TEST_TIMEOUT_MS = 10_000;
const SUITE_TIMEOUT_MS = 15 * 60_000;

function fail(message) {
  console.error(message);
  process.exit(2);
}

function checkoutOf(path) {
  if (path === undefined) fail(`There is no checkout of mongoose to test with.\n\n${HOW_TO}`);
  const folder = resolve(path);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).name !== 'mongoose') {
    fail(`${folder} is no checkout of mongoose.\n\n${HOW_TO}`);
  }
  if (!existsSync(join(folder, 'test'))) fail(`${folder} is mongoose without its tests.\n\n${HOW_TO}`);
  if (!existsSync(join(folder, 'node_modules/mocha'))) {
    fail(`${folder} has no mocha: its dependencies are not installed.\n\n${HOW_TO}`);
  }
  if (!existsSync(BIN)) fail(`${BIN} is not there: build mongolet first (npx tsc -b packages/mongolet).`);
  return folder;
}

async function startMongolet(dataDir) {
  const server = spawn(process.execPath, [BIN, '--data', dataDir, '--port', '0', '--sync=false'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  server.once('exit', (code, signal) => {
    if (code !== 0) console.error(`mongolet ended with ${signal ?? code}`);
  });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  return { server, host: new URL(JSON.parse(line).listening).host };
}

/** Runs mocha; resolves to its report. */
async function runSuite(folder, host, reportPath) {
  const uri = `mongodb://${host}/mongoose_test`;
  const args = [
    join(folder, 'node_modules/mocha/bin/mocha.js'),
    ...['--exit', '--timeout', String(TEST_TIMEOUT_MS)],
    ...['--reporter', 'json', '--reporter-option', `output=${reportPath}`],
    ...['--ignore', 'test/encryption/**/*.test.js', './test/**/*.test.js'],
  ];
  const mocha = spawn(process.execPath, args, {
    cwd: folder,
    env: {
      ...process.env,
      START_REPLICA_SET: '1',
      MONGOOSE_TEST_URI: uri,
      MONGOOSE_REPLSET_URI: `${uri}?replicaSet=rs0`,
    },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const timer = setTimeout(() => mocha.kill('SIGKILL'), SUITE_TIMEOUT_MS);
  await once(mocha, 'exit');
  clearTimeout(timer);
  if (!existsSync(reportPath)) fail('mocha made no report: it did not come to its end.');
  return JSON.parse(readFileSync(reportPath, 'utf8'));
}

/** Prints the comparison; returns whether every failure was expected. */
function compare(folder, report) {
  const groups = JSON.parse(readFileSync(SKIPS, 'utf8'));
  const reasons = new Map(groups.flatMap(({ reason, tests }) => tests.map((test) => [test, reason])));
  const nameOf = ({ file, fullTitle }) => `${relative(join(folder, 'test'), file)}: ${fullTitle}`;
  const failed = new Map(report.failures.map((test) => [nameOf(test), test]));
  const passed = new Set(report.passes.map(nameOf));
  const { tests, passes, pending, failures } = report.stats;
  console.log(
    `mongoose's suite: ${passes} of ${tests} passed, ${failures} failed, ${pending} left out by it`,
  );
  for (const { reason, tests: named } of groups) {
    console.log(`  expected: ${named.filter((name) => failed.has(name)).length} failed: ${reason}`);
  }
  const unexpected = [...failed].filter(([name]) => !reasons.has(name));
  for (const [name, { err }] of unexpected) {
    console.log(`  UNEXPECTED ${name}\n    ${String(err.message).split('\n', 1)[0]}`);
  }
  const gone = [...reasons.keys()].filter((name) => passed.has(name) && !failed.has(name));
  for (const name of gone) console.log(`  passes now, take it off the list: ${name}`);
  console.log(`${unexpected.length} unexpected failures`);
  return unexpected.length === 0;
}

const folder = checkoutOf(process.argv[2]);
const scratch = mkdtempSync(join(tmpdir(), 'mongolet-suite-'));
const { server, host } = await startMongolet(join(scratch, 'data'));
try {
  const report = await runSuite(folder, host, join(scratch, 'report.json'));
  process.exitCode = compare(folder, report) ? 0 : 1;
} finally {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  rmSync(scratch, { recursive: true, force: true });
}
