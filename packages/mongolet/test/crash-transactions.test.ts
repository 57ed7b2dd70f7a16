/** Twenty SIGKILLs under increments, inserts and transfers in transactions: nothing lost, nothing twice, the sum intact. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { spawnServer, temporaryFolder } from './helpers.ts';
import { type RawClient, rawClient } from './raw-client.ts';

const { Binary, Long } = mongo;
const ROUNDS = 20;
const RUN_MS = 250;
/** So long before a kill, replies are not listened to any more: what they told is asked again after it. */
const DEAF_MS = 40;
const ACCOUNTS = 6;
const START = 1000;

/** What the workers share. */
interface Load {
  readonly t: ExecutionContext;
  readonly uri: string;
  isDone: boolean;
  isDeaf: boolean;
  /** Requests whose outcome was not known, and that were therefore repeated. */
  repeated: number;
  /** Commits among them that the crash had not undone. */
  foundCommitted: number;
}

/** One session that survives crashes of the server: it numbers its writes and reconnects. */
class Worker {
  readonly #load: Load;
  readonly #lsid: mongo.Document;
  #connection: RawClient | undefined;
  #lastNumber = 0;

  constructor(load: Load, id: number) {
    this.#load = load;
    this.#lsid = { id: new Binary(Buffer.alloc(16, id), 4) };
  }

  /** Takes the next number of the session. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** One request; undefined where its outcome is not known. */
  async once(command: mongo.Document, txnNumber: number): Promise<mongo.Document | undefined> {
    try {
      this.#connection ??= await rawClient(this.#load.t, this.#load.uri);
      const numbered = { lsid: this.#lsid, txnNumber: Long.fromNumber(txnNumber) };
      const reply = await this.#connection.command({ ...command, ...numbered, $db: command.$db ?? 'test' });
      if (!this.#load.isDeaf) return reply;
    } catch {
      await sleep(10);
    }
    this.#load.repeated += 1;
    this.#connection?.end();
    this.#connection = undefined;
    return undefined;
  }

  /** Repeats a request under its number until it is answered. */
  async untilAnswered(command: mongo.Document, txnNumber: number): Promise<mongo.Document> {
    for (;;) {
      const reply = await this.once(command, txnNumber);
      if (reply) return reply;
    }
  }
}

/** Increments a document of its own, and now and then one that transfers are about. */
async function increment(load: Load, id: number): Promise<number> {
  const worker = new Worker(load, id);
  let count = 0;
  for (; !load.isDone; count += 1) {
    const updates = [
      { q: { _id: id }, u: { $inc: { n: 1 } }, upsert: true },
      { q: { _id: 100 + (count % ACCOUNTS) }, u: { $inc: { touched: 1 } } },
    ];
    const reply = await worker.untilAnswered({ update: 'accounts', updates }, worker.nextNumber());
    load.t.like(reply, { ok: 1, n: 2 });
  }
  return count;
}

async function insert(load: Load, id: number): Promise<string[]> {
  const worker = new Worker(load, id);
  const inserted: string[] = [];
  while (!load.isDone) {
    const _id = `${id}-${inserted.length}`;
    const reply = await worker.untilAnswered({ insert: 'log', documents: [{ _id }] }, worker.nextNumber());
    load.t.like(reply, { ok: 1, n: 1 });
    load.t.is(reply.writeErrors, undefined);
    inserted.push(_id);
  }
  return inserted;
}

/** Says whether this attempt at a transfer was committed. */
async function tryTransfer(load: Load, worker: Worker, transfer: mongo.Document): Promise<boolean> {
  const number = worker.nextNumber();
  const move = (account: number, amount: number) => ({
    update: 'accounts',
    updates: [{ q: { _id: account }, u: { $inc: { n: amount } } }],
    autocommit: false,
  });
  const statements = [
    { ...move(transfer.from, -transfer.amount), startTransaction: true },
    move(transfer.to, transfer.amount),
    { insert: 'ledger', documents: [transfer], autocommit: false },
  ];
  for (const statement of statements) {
    const reply = await worker.once(statement, number);
    // Had the attempt before been applied although its commit was denied, the ledger would refuse this one.
    load.t.is(reply?.writeErrors, undefined);
    if (reply?.ok !== 1) return false;
  }
  const commit = { commitTransaction: 1, autocommit: false, $db: 'admin' };
  const first = await worker.once(commit, number);
  const reply = first ?? (await worker.untilAnswered(commit, number));
  if (reply.ok === 1) {
    if (!first) load.foundCommitted += 1;
    return true;
  }
  load.t.is(reply.code, 251);
  return false;
}

async function transferAll(load: Load, id: number): Promise<string[]> {
  const worker = new Worker(load, id);
  const done: string[] = [];
  while (!load.isDone) {
    const from = 100 + ((id + done.length) % ACCOUNTS);
    const to = 100 + ((from - 99 + (done.length % (ACCOUNTS - 1))) % ACCOUNTS);
    const transfer = { _id: `${id}-${done.length}`, from, to, amount: 1 + (done.length % 7) };
    while (!(await tryTransfer(load, worker, transfer)));
    done.push(transfer._id);
  }
  return done;
}

async function killRepeatedly(
  load: Load,
  first: { process: Awaited<ReturnType<typeof spawnServer>>['process'] },
  args: string[],
) {
  let running = first;
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(RUN_MS);
    load.isDeaf = true;
    await sleep(DEAF_MS);
    running.process.kill('SIGKILL');
    await once(running.process, 'exit');
    load.isDeaf = false;
    running = await spawnServer(load.t, args);
  }
  await sleep(RUN_MS);
  load.isDone = true;
}

test('increments, inserts and transfers over twenty SIGKILLs are each applied exactly once', async (t) => {
  t.timeout(170_000);
  const folder = temporaryFolder(t);
  const running = await spawnServer(t, ['--data', folder, '--port', '0']);
  const port = new URL(running.uri).port;
  const load: Load = { t, uri: running.uri, isDone: false, isDeaf: false, repeated: 0, foundCommitted: 0 };
  const setup = await rawClient(t, running.uri);
  const documents = Array.from({ length: ACCOUNTS }, (_, i) => ({ _id: 100 + i, n: START, touched: 0 }));
  await setup.command({ insert: 'accounts', documents, $db: 'test' });
  const increments = [1, 2].map((id) => increment(load, id));
  const inserts = [3, 4].map((id) => insert(load, id));
  const transfers = [5, 6, 7, 8].map((id) => transferAll(load, id));
  await killRepeatedly(load, running, ['--data', folder, '--port', port]);
  const counts = await Promise.all(increments);
  const inserted = (await Promise.all(inserts)).flat();
  const transferred = (await Promise.all(transfers)).flat();

  const connected = await new mongo.MongoClient(running.uri).connect();
  t.teardown(() => connected.close());
  const db = connected.db('test');
  const all = await db.collection<{ _id: number; n: number; touched: number }>('accounts').find().toArray();
  const accounts = all.filter((one) => one._id >= 100);
  t.deepEqual(
    [1, 2].map((id) => all.find((one) => one._id === id)?.n),
    counts,
  );
  const touched = accounts.reduce((sum, one) => sum + one.touched, 0);
  t.is(
    touched,
    counts.reduce((a, b) => a + b, 0),
  );
  const log = await db.collection<{ _id: string }>('log').find().toArray();
  t.deepEqual(log.map((one) => one._id).sort(), inserted.sort());
  const ledger = await db.collection<{ _id: string }>('ledger').find().toArray();
  t.deepEqual(ledger.map((one) => one._id).sort(), transferred.sort());
  t.is(
    accounts.reduce((sum, one) => sum + one.n, 0),
    ACCOUNTS * START,
  );
  for (const { _id, n } of accounts) {
    const moved = (ledger as unknown as { from: number; to: number; amount: number }[]).reduce(
      (sum, one) => sum + (one.to === _id ? one.amount : 0) - (one.from === _id ? one.amount : 0),
      START,
    );
    t.is(n, moved, `account ${_id}`);
  }
  t.true(load.repeated >= ROUNDS, `${load.repeated} requests were repeated`);
  t.log(
    `${touched} increments, ${inserted.length} inserts, ${transferred.length} transfers; ${load.repeated} requests repeated, ${load.foundCommitted} commits found done`,
  );
});
