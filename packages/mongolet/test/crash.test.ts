/** SIGKILL under load: nothing acknowledged is lost, nothing is applied twice. */
import { once } from 'node:events';
import { watch } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { runToEnd, spawnServer, temporaryFolder } from './helpers.ts';
import { type RawClient, rawClient } from './raw-client.ts';

const { Binary, Long, MongoClient } = mongo;
const ROUNDS = 5;
const WRITERS = 8;
/** So large that checkpoints come as often as kills: each after a few writes. */
const FILLER = 'x'.repeat(100_000);

interface Tally {
  readonly inserted: string[];
  /** Acknowledged, and given up with the outcome unknown. */
  readonly incremented: { known: number; unknown: number }[];
}

/** Writes until it is stopped; the driver itself repeats what a crash interrupted, under the same number. */
async function write(
  connected: mongo.MongoClient,
  writer: number,
  round: number,
  tally: Tally,
  isStopped: () => boolean,
) {
  const db = connected.db('test');
  const mine = tally.incremented[writer];
  if (!mine) throw new Error('no tally');
  for (let n = 0; !isStopped(); n += 1) {
    const id = `${round}-${writer}-${n}`;
    try {
      await db.collection<{ _id: string; filler: string }>('log').insertOne({ _id: id, filler: FILLER });
      tally.inserted.push(id);
    } catch {
      // Unknown, and allowed to be there or not.
    }
    try {
      await db
        .collection<{ _id: number; n: number }>('counters')
        .updateOne({ _id: writer }, { $inc: { n: 1 } }, { upsert: true });
      mine.known += 1;
    } catch {
      mine.unknown += 1;
    }
  }
}

test('acknowledged writes survive five SIGKILLs, and repeated ones are applied once', async (t) => {
  t.timeout(150_000);
  const folder = temporaryFolder(t);
  const args = ['--data', `${folder}/data`, '--socket', `${folder}/s.sock`];
  let running = await spawnServer(t, args);
  const connected = await new MongoClient(running.uri, {
    serverSelectionTimeoutMS: 15_000,
    maxPoolSize: WRITERS,
  }).connect();
  t.teardown(() => connected.close());
  const tally: Tally = {
    inserted: [],
    incremented: Array.from({ length: WRITERS }, () => ({ known: 0, unknown: 0 })),
  };
  let interrupted = 0;
  connected.on('connectionClosed', () => {
    interrupted += 1;
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    let isStopped = false;
    const before = tally.inserted.length;
    const writers = Array.from({ length: WRITERS }, (_, i) =>
      write(connected, i, round, tally, () => isStopped),
    );
    while (tally.inserted.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 10));
    const dying = running.process;
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    t.is(dying.signalCode, 'SIGKILL');
    running = await spawnServer(t, args);
    isStopped = true;
    await Promise.all(writers);
  }
  // Had no connection broken under a writer, this test would have shown nothing.
  t.true(interrupted >= ROUNDS, `${interrupted} connections were interrupted`);
  const db = connected.db('test');
  const kept = new Set((await db.collection<{ _id: string }>('log').find().toArray()).map((one) => one._id));
  t.deepEqual(
    tally.inserted.filter((id) => !kept.has(id)),
    [],
  );
  for (const [writer, { known, unknown }] of tally.incremented.entries()) {
    const n = (await db.collection<{ _id: number; n: number }>('counters').findOne({ _id: writer }))?.n ?? 0;
    t.true(
      n >= known && n <= known + unknown,
      `writer ${writer}: ${n} is not within ${known} and ${known} + ${unknown}`,
    );
  }
  const repeats = tally.incremented.reduce((sum, one) => sum + one.unknown, 0);
  t.log(`${tally.inserted.length} inserts, ${interrupted} broken connections, ${repeats} unknown outcomes`);
});

test('a write repeated until it is answered, over five SIGKILLs, is applied exactly once', async (t) => {
  t.timeout(150_000);
  const folder = temporaryFolder(t);
  let running = await spawnServer(t, ['--data', folder, '--port', '0']);
  const port = new URL(running.uri).port;
  let isDone = false;
  let isDeaf = false;
  let repeated = 0;
  const increment = async (account: number): Promise<number> => {
    let raw = await rawClient(t, running.uri);
    let sent = 0;
    for (; !isDone; sent += 1) {
      const command = {
        update: 'accounts',
        updates: [{ q: { _id: account }, u: { $inc: { n: 1 } }, upsert: true }],
        lsid: { id: new Binary(Buffer.alloc(16, account + 1), 4) },
        txnNumber: Long.fromNumber(sent + 1),
        $db: 'test',
      };
      for (let isAnswered = false; !isAnswered; ) {
        // A reply that never comes, or is lost on its way shortly before a crash, tells nothing: the write may be on
        // disk. So it is sent again under its number.
        const reply = await raw.command(command).catch(() => undefined);
        isAnswered = !isDeaf && reply?.ok === 1 && reply.n === 1;
        if (isAnswered) continue;
        repeated += 1;
        raw.end();
        raw = await reconnected(t, running.uri);
      }
    }
    return sent;
  };
  const accounts = Array.from({ length: WRITERS }, (_, account) => increment(account));
  for (let round = 0; round < ROUNDS; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    isDeaf = true;
    await new Promise((resolve) => setTimeout(resolve, 50));
    running.process.kill('SIGKILL');
    await once(running.process, 'exit');
    isDeaf = false;
    running = await spawnServer(t, ['--data', folder, '--port', port]);
  }
  isDone = true;
  const sums = await Promise.all(accounts);
  t.true(repeated >= ROUNDS, `${repeated} writes were repeated`);
  const raw = await rawClient(t, running.uri);
  const { cursor } = await raw.command({ find: 'accounts', sort: { _id: 1 }, $db: 'test' });
  t.deepEqual(
    (cursor.firstBatch as { n: number }[]).map((one) => one.n),
    sums,
  );
  t.log(`${sums.reduce((a, b) => a + b, 0)} increments, ${repeated} of them repeated`);
});

/** Connects as soon as the server is there again. */
async function reconnected(t: ExecutionContext, uri: string): Promise<RawClient> {
  for (;;) {
    try {
      return await rawClient(t, uri);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test('a second process on the same folder is refused, in one line and with exit code 1', async (t) => {
  t.timeout(60_000);
  const folder = temporaryFolder(t);
  const first = await spawnServer(t, ['--data', folder, '--port', '0']);
  const { code, stderr } = await runToEnd(['--data', folder, '--port', '0']);
  t.is(code, 1);
  t.is(stderr, `mongolet: data folder ${folder} is in use by process ${first.process.pid}\n`);
});

test('a second process waits for one that is about to end', async (t) => {
  t.timeout(60_000);
  const folder = temporaryFolder(t);
  const first = await spawnServer(t, ['--data', folder, '--port', '0']);
  const waits = untilSomebodyWaits(folder, first.process.pid);
  const second = spawnServer(t, ['--data', folder, '--port', '0']);
  await waits;
  t.is(first.process.exitCode, null);
  first.process.kill('SIGTERM');
  const { uri } = await second;
  t.regex(uri, /^mongodb:/);
  // It frees the folder as its last act, so the other may be ready before its exit is known here.
  if (first.process.exitCode === null) await once(first.process, 'exit');
  t.is(first.process.exitCode, 0);
});

/** Resolves when another process than the holder has tried for the lock of a folder in vain, and tries again. */
async function untilSomebodyWaits(folder: string, holder: number | undefined): Promise<void> {
  let steps = 0;
  for await (const { eventType, filename } of watch(folder)) {
    const pid = /^mongolet\.lock\.(\d+)$/.exec(filename ?? '')?.[1];
    if (pid === undefined || Number(pid) === holder || eventType !== 'rename') continue;
    // Its draft of the lock was made, was taken away because the lock is held, and is made once more.
    steps += 1;
    if (steps === 3) return;
  }
}

test('it listens nowhere but on loopback, and says so', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await runToEnd(['--data', folder, '--port', '0', '--host', '0.0.0.0']);
  t.is(code, 1);
  t.is(stderr, "mongolet: mongolet listens on the loopback interface only, not on '0.0.0.0'\n");
});
