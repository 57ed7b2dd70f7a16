import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { mongo } from 'mongoose';
import { findPrograms, type Programs } from '../../src/embedded/programs.ts';
import { makeTestDir } from '../support/services.ts';
import { refusal, start } from './support.ts';

const here = findPrograms(process.env.PATH ?? '');
const withMongod: Programs = { ...here, mongod: fileURLToPath(new URL('fake-mongod.mjs', import.meta.url)) };
const { mongod: _none, ...withoutMongod } = here;

const memberOf = (dataDir: string): { host: string; version: number } => {
  const config = JSON.parse(readFileSync(join(dataDir, 'mongod', 'config.json'), 'utf8'));
  return { host: config.members[0].host, version: config.version };
};

test('a mongod is started as a set of one member, found as such by drivers', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const { mongodbUri } = await start(t, { dataDir, programs: withMongod });
  t.regex(mongodbUri, /^mongodb:\/\/127\.0\.0\.1:\d+\/ordo\?replicaSet=ordo$/);
  t.is(mongodbUri.split('/')[2], memberOf(dataDir).host);
  const client = new mongo.MongoClient(mongodbUri, { serverSelectionTimeoutMS: 5_000 });
  t.teardown(() => client.close());
  t.is((await client.db().command({ ping: 1 })).ok, 1);
  t.false(existsSync(join(dataDir, 'mongolet')));
});

test('at the next start, on another port, the set of the first takes the new address', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const first = await start(t, { dataDir, programs: withMongod });
  await first.stop();
  t.is(memberOf(dataDir).version, 1);
  const config = JSON.parse(readFileSync(join(dataDir, 'mongod', 'config.json'), 'utf8'));
  config.members[0].host = '127.0.0.1:1';
  writeFileSync(join(dataDir, 'mongod', 'config.json'), JSON.stringify(config));
  const second = await start(t, { dataDir, programs: withMongod });
  t.is(memberOf(dataDir).version, 2);
  t.is(second.mongodbUri.split('/')[2], memberOf(dataDir).host);
});

test('orders that mongolet keeps stay with mongolet when a mongod appears', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const first = await start(t, { dataDir, programs: withoutMongod });
  await first.stop();
  const second = await start(t, { dataDir, programs: withMongod });
  t.true(second.mongodbUri.includes('mongolet.sock'));
});

test('orders that mongod keeps are not left behind when it is gone: the start is refused', async (t) => {
  const dataDir = await makeTestDir(t);
  mkdirSync(join(dataDir, 'mongod'));
  writeFileSync(join(dataDir, 'mongod', 'WiredTiger'), '');
  const lines = await refusal(t, { dataDir, programs: withoutMongod });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /was written by mongod.*MONGODB_URI.*ORDO_DATA_DIR/);
});

test('a mongod that ends at once is told with what it says', async (t) => {
  const dir = await makeTestDir(t);
  const mongod = join(dir, 'mongod');
  writeFileSync(mongod, '#!/bin/sh\necho "no space left" >&2\nexit 14\n', { mode: 0o755 });
  const lines = await refusal(t, { dataDir: join(dir, 'data'), programs: { ...here, mongod } });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /^mongod ended while it was starting \(exit code 14: no space left\)/);
});
