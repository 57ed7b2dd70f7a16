/**
 * Measures what the README tells under "Speed": `node bench/speed.mjs [--documents N] [--seconds S]`. It starts mongolet
 * from `dist`, durable, in a folder under the system's temporary one, talks to it over TCP with the official driver,
 * and removes everything at the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { mongo } from 'mongoose';

const BIN = new URL('../dist/bin.js', import.meta.url).pathname;
const CLIENTS = 20;
const BATCH = 10_000;
const USERS = 1000;
const FINDS = 2000;

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '5' },
  },
});
const documentCount = Number(values.documents);
const durationMs = Number(values.seconds) * 1000;
if (!(documentCount >= BATCH && durationMs > 0)) {
  throw new Error(`--documents is at least ${BATCH}, --seconds positive`);
}
if (!existsSync(BIN)) throw new Error(`${BIN} is not there: build mongolet first`);

async function start(dataDir) {
  const begin = performance.now();
  const server = spawn(process.execPath, [BIN, '--data', dataDir, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  const startMs = performance.now() - begin;
  return { server, startMs, uri: JSON.parse(line).listening };
}

async function stop(server) {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

/** Anonymous memory of a process in MB: what the server itself holds, without the file that LMDB maps. */
function memoryOf(server) {
  const path = `/proc/${server.pid}/status`;
  if (!existsSync(path)) return undefined;
  const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync(path, 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2);
}

function report(what, result) {
  console.log(`${what.padEnd(58)} ${result}`);
}

function reportMemory(what, server) {
  const memory = memoryOf(server);
  report(`memory (anonymous), ${what}`, memory === undefined ? 'unknown here' : `${memory} MB`);
}

async function measureUpdates(collection, clients) {
  await collection.drop();
  await collection.insertMany(Array.from({ length: USERS }, (_, i) => ({ _id: i, n: 0, state: 'new' })));
  const latencies = [];
  const end = performance.now() + durationMs;
  const begin = performance.now();
  const client = async (seed) => {
    for (let i = seed; performance.now() < end; i += 7919) {
      const sent = performance.now();
      await collection.findOneAndUpdate({ _id: i % USERS }, { $inc: { n: 1 }, $set: { state: `s${i % 5}` } });
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => client(i * 37)));
  const perSecond = Math.round(latencies.length / ((performance.now() - begin) / 1000));
  latencies.sort((a, b) => a - b);
  const times = `p50 ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms`;
  report(`findOneAndUpdate by _id, ${clients} clients, durable`, `${perSecond}/s, ${times}`);
}

async function measureInserts(collection) {
  await collection.createIndex({ user: 1, due: 1 });
  const begin = performance.now();
  for (let from = 0; from < documentCount; from += BATCH) {
    const length = Math.min(BATCH, documentCount - from);
    const docs = Array.from({ length }, (_, i) => ({
      _id: from + i,
      user: `u${(from + i) % USERS}`,
      due: ((from + i) * 7919) % documentCount,
      state: 'open',
    }));
    await collection.insertMany(docs);
  }
  const perSecond = Math.round(documentCount / ((performance.now() - begin) / 1000));
  report(`insertMany of ${documentCount}, one secondary index, durable`, `${perSecond} documents/s`);
}

async function measureFinds(collection) {
  const latencies = [];
  for (let i = 0; i < FINDS; i += 1) {
    const sent = performance.now();
    const filter = { user: `u${(i * 37) % USERS}`, due: { $gte: documentCount / 2 } };
    const found = await collection.find(filter).sort({ due: 1 }).limit(20).toArray();
    latencies.push(performance.now() - sent);
    const isRight = found.length > 0 && found.every(({ due }, at) => at === 0 || due >= found[at - 1].due);
    if (!isRight) throw new Error(`a wrong answer for ${JSON.stringify(filter)}`);
  }
  latencies.sort((a, b) => a - b);
  report(
    `find by index, range, sort, limit 20 of ${documentCount}`,
    `p50 ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms`,
  );
}

async function withServer(dataDir, run) {
  const { server, startMs, uri } = await start(dataDir);
  const client = new mongo.MongoClient(uri, { maxPoolSize: CLIENTS });
  try {
    await client.connect();
    await run({ server, startMs, db: client.db('speed') });
  } finally {
    await client.close();
    await stop(server);
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'mongolet-speed-'));
try {
  await withServer(scratch, async ({ server, startMs, db }) => {
    report('start, empty', `${startMs.toFixed(0)} ms`);
    for (const clients of [CLIENTS, 5, 1]) await measureUpdates(db.collection('updates'), clients);
    reportMemory('few documents', server);
    await measureInserts(db.collection('many'));
    await measureFinds(db.collection('many'));
    reportMemory(`${documentCount} documents`, server);
  });
  await withServer(scratch, async ({ server, startMs }) => {
    report(`start with ${documentCount} documents`, `${startMs.toFixed(0)} ms`);
    reportMemory('just started', server);
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
