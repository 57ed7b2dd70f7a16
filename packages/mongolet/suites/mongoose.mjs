/**
 * Runs mongoose's own test suite against mongolet: `node suites/mongoose.mjs CHECKOUT`, where CHECKOUT is a checkout of
 * Automattic/mongoose with its dependencies. Prints what passed and failed, and compares the failures with the
 * reviewed list in `mongoose-skips.json`: exit code 0 if no other test failed.
 */
import { join, relative } from 'node:path';
import { checkoutOf, compareWithList, runAgainstMongolet } from './suite.mjs';

const HOW_TO = `usage: node suites/mongoose.mjs CHECKOUT

CHECKOUT is a clone of https://github.com/Automattic/mongoose (9.9.3 was used for the reviewed list) in which
'npm i --ignore-scripts' has run. Of its devDependencies the tests need ajv, lodash.isequal, lodash.isequalwith,
mocha, moment, mongodb-memory-server, sinon and uuid only.`;
const SKIPS = new URL('./mongoose-skips.json', import.meta.url);
/** mongoose's own CI waits as long; some tests wait for a server that a set of one member has not. */
const TEST_TIMEOUT_MS = 10_000;
const SUITE_TIMEOUT_MS = 15 * 60_000;

const folder = checkoutOf(process.argv[2], { packageName: 'mongoose', testFolder: 'test', howTo: HOW_TO });
const report = await runAgainstMongolet(folder, {
  mochaArgs: [
    ...['--timeout', String(TEST_TIMEOUT_MS)],
    ...['--ignore', 'test/encryption/**/*.test.js', './test/**/*.test.js'],
  ],
  envOf: (host) => ({
    START_REPLICA_SET: '1',
    MONGOOSE_TEST_URI: `mongodb://${host}/mongoose_test`,
    MONGOOSE_REPLSET_URI: `mongodb://${host}/mongoose_test?replicaSet=rs0`,
  }),
  timeoutMs: SUITE_TIMEOUT_MS,
});
const { tests, passes, pending, failures } = report.stats;
console.log(`mongoose's suite: ${passes} of ${tests} passed, ${failures} failed, ${pending} left out by it`);
const nameOf = ({ file, fullTitle }) => `${relative(join(folder, 'test'), file)}: ${fullTitle}`;
process.exitCode = compareWithList(SKIPS, [report], nameOf) ? 0 : 1;
