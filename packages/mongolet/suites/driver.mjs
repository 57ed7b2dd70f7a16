/**
 * Runs the specification tests of MongoDB's official driver against mongolet: `node suites/driver.mjs CHECKOUT`, where
 * CHECKOUT is a checkout of mongodb/node-mongodb-native with its dependencies. Prints what passed, failed and was
 * skipped, and compares the failures with the reviewed list in `driver-skips.json`: exit code 0 if no other failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HOW_TO = `usage: node suites/driver.mjs CHECKOUT

CHECKOUT is a clone of https://github.com/mongodb/node-mongodb-native (7.5.0 was used for the reviewed list) in which
'npm i --ignore-scripts' has run. Of its devDependencies the tests need @mongodb-js/zstd, chai, chai-subset, chalk,
js-yaml, mocha, mocha-sinon, mongodb-client-encryption, semver, sinon, sinon-chai, snappy, source-map-support, ts-node,
typescript and typescript-cached-transpile only.`;
const BIN = new URL('../dist/bin.js', import.meta.url).pathname;
const SKIPS = new URL('./driver-skips.json', import.meta.url);
const SUITES = [
  ['CRUD', ['crud']],
  ['transactions and sessions', ['transactions', 'transactions-convenient-api', 'sessions']],
  ['retryable writes', ['retryable-writes']],
  ['index management', ['index-management', 'index_management.test.ts', 'enumerate_indexes.test.ts']],
];
const SUITE_TIMEOUT_MS = 10 * 60_000;

function fail(message) {
  console.error(message);
  process.exit(2);
}

function checkoutOf(path) {
  if (path === undefined) fail(`There is no checkout of the driver to test with.\n\n${HOW_TO}`);
  const folder = resolve(path);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).name !== 'mongodb') {
    fail(`${folder} is no checkout of the driver.\n\n${HOW_TO}`);
  }
  if (!existsSync(join(folder, 'test/spec'))) fail(`${folder} is the driver without its tests.\n\n${HOW_TO}`);
  if (!existsSync(join(folder, 'node_modules/mocha'))) {
    fail(`${folder} has no mocha: its dependencies are not installed.\n\n${HOW_TO}`);
  }
  if (!existsSync(BIN)) fail(`${BIN} is not there: build mongolet first (npx tsc -b packages/mongolet).`);
  return folder;
}

async function startMongolet(dataDir) {
  const args = [BIN, '--data', dataDir, '--port', '0', '--sync=false', '--test-commands'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  server.once('exit', (code, signal) => {
    if (code !== 0) console.error(`mongolet ended with ${signal ?? code}`);
  });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  return { server, host: new URL(JSON.parse(line).listening).host };
}

/** Runs mocha over some folders; resolves to its report. */
async function runMocha(folder, host, paths, reportPath) {
  const args = [
    join(folder, 'node_modules/mocha/bin/mocha.js'),
    ...['--config', 'test/mocha_mongodb.js', '--exit'],
    ...['--reporter', 'json', '--reporter-option', `output=${reportPath}`],
    ...paths.map((path) => `test/integration/${path}`),
  ];
  const env = {
    ...process.env,
    AUTH: 'noauth',
    TS_NODE_TRANSPILE_ONLY: '1',
    MONGODB_URI: `mongodb://${host}/?replicaSet=rs0`,
  };
  const mocha = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore' });
  const timer = setTimeout(() => mocha.kill('SIGKILL'), SUITE_TIMEOUT_MS);
  await once(mocha, 'exit');
  clearTimeout(timer);
  if (!existsSync(reportPath)) fail('mocha made no report: it did not come to its end.');
  return JSON.parse(readFileSync(reportPath, 'utf8'));
}

async function runSuite(folder, [name, paths]) {
  const scratch = mkdtempSync(join(tmpdir(), 'mongolet-suite-'));
  const { server, host } = await startMongolet(join(scratch, 'data'));
  try {
    const report = await runMocha(folder, host, paths, join(scratch, 'report.json'));
    const { passes, failures, pending } = report.stats;
    console.log(
      `${name}: ${passes} passed, ${failures} failed, ${pending} skipped by the driver's own rules`,
    );
    return report;
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Prints the comparison; returns whether every failure was expected. */
function compare(reports) {
  const groups = JSON.parse(readFileSync(SKIPS, 'utf8'));
  const reasons = new Map(groups.flatMap(({ reason, tests }) => tests.map((test) => [test, reason])));
  const failed = new Map(reports.flatMap(({ failures }) => failures.map((test) => [test.fullTitle, test])));
  const passed = new Set(reports.flatMap(({ passes }) => passes.map((test) => test.fullTitle)));
  for (const { reason, tests } of groups) {
    console.log(`  expected: ${tests.filter((name) => failed.has(name)).length} failed: ${reason}`);
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
const only = process.argv[3];
const reports = [];
for (const suite of SUITES) {
  if (only === undefined || suite[1].includes(only)) reports.push(await runSuite(folder, suite));
}
process.exitCode = compare(reports) ? 0 : 1;
