/**
 * Runs the specification tests of MongoDB's official driver against mongolet: `node suites/driver.mjs CHECKOUT`, where
 * CHECKOUT is a checkout of mongodb/node-mongodb-native with its dependencies. Prints what passed, failed and was
 * skipped, and compares the failures with the reviewed list in `driver-skips.json`: exit code 0 if no other failed.
 */
import { checkoutOf, compareWithList, runAgainstMongolet } from './suite.mjs';

const HOW_TO = `usage: node suites/driver.mjs CHECKOUT [FOLDER]

CHECKOUT is a clone of https://github.com/mongodb/node-mongodb-native (7.5.0 was used for the reviewed list) in which
'npm i --ignore-scripts' has run. Of its devDependencies the tests need @mongodb-js/zstd, chai, chai-subset, chalk,
js-yaml, mocha, mocha-sinon, mongodb-client-encryption, semver, sinon, sinon-chai, snappy, source-map-support, ts-node,
typescript and typescript-cached-transpile only. FOLDER is one of those below test/integration: only its suite runs.`;
const SKIPS = new URL('./driver-skips.json', import.meta.url);
const SUITES = [
  ['CRUD', ['crud']],
  ['transactions and sessions', ['transactions', 'transactions-convenient-api', 'sessions']],
  ['retryable writes', ['retryable-writes']],
  ['index management', ['index-management', 'index_management.test.ts', 'enumerate_indexes.test.ts']],
  ['change streams', ['change-streams']],
  ['collection management', ['collection-management']],
];
const SUITE_TIMEOUT_MS = 10 * 60_000;

async function runSuite(folder, [name, paths]) {
  const report = await runAgainstMongolet(folder, {
    serverArgs: ['--test-commands'],
    mochaArgs: [...['--config', 'test/mocha_mongodb.js'], ...paths.map((path) => `test/integration/${path}`)],
    envOf: (host) => ({
      AUTH: 'noauth',
      TS_NODE_TRANSPILE_ONLY: '1',
      MONGODB_URI: `mongodb://${host}/?replicaSet=rs0`,
    }),
    timeoutMs: SUITE_TIMEOUT_MS,
  });
  const { passes, failures, pending } = report.stats;
  console.log(`${name}: ${passes} passed, ${failures} failed, ${pending} skipped by the driver's own rules`);
  return report;
}

const folder = checkoutOf(process.argv[2], {
  packageName: 'mongodb',
  testFolder: 'test/spec',
  howTo: HOW_TO,
});
const only = process.argv[3];
const reports = [];
for (const suite of SUITES) {
  if (only === undefined || suite[1].includes(only)) reports.push(await runSuite(folder, suite));
}
process.exitCode = compareWithList(SKIPS, reports, ({ fullTitle }) => fullTitle) ? 0 : 1;
