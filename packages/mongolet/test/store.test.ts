/** The storage by itself: what fails leaves no trace, on disk or in memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Catalog } from '../src/store/catalog.ts';
import { CommitQueue } from '../src/store/commit-queue.ts';
import { lockFolder } from '../src/store/folder-lock.ts';
import { Storage } from '../src/store/storage.ts';
import { temporaryFolder } from './helpers.ts';

function open(t: ExecutionContext, folder = temporaryFolder(t)) {
  const storage = new Storage(join(folder, 'store'), { sync: true });
  t.teardown(() => storage.close());
  return { storage, catalog: new Catalog(storage), queue: new CommitQueue(storage) };
}

const key = (text: string): Buffer => Buffer.from(text);

test('a command that throws is undone alone, its neighbours in the batch stay', async (t) => {
  const { storage, catalog, queue } = open(t);
  const results = await Promise.allSettled([
    queue.execute(() => catalog.create('a.first', {})),
    queue.execute(() => {
      catalog.create('a.second', {});
      storage.put(storage.documents, key('k'), key('v'), undefined);
      throw new Error('half way');
    }),
    queue.execute(() => storage.get(storage.documents, key('k'))),
    queue.execute(() => catalog.create('a.third', {})),
  ]);
  t.deepEqual(
    results.map((one) => one.status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  t.like(results[2], { value: undefined });
  t.deepEqual(
    catalog.list().map((one) => one.namespace),
    ['a.first', 'a.third'],
  );
  t.deepEqual(
    new Catalog(storage).list().map((one) => one.namespace),
    ['a.first', 'a.third'],
  );
});

test('a batch that cannot be committed fails for everybody, and is undone in memory too', async (t) => {
  const { storage, catalog, queue } = open(t);
  await queue.execute(() => catalog.create('a.before', {}));
  const results = await Promise.allSettled([
    queue.execute(() => catalog.create('a.innocent', {})),
    queue.execute(() => {
      // An undo that itself fails leaves the transaction in no known state: all of it has to go.
      storage.onUndo(() => {
        throw new Error('storage is broken');
      });
      throw new Error('half way');
    }),
  ]);
  t.deepEqual(
    results.map((one) => one.status),
    ['rejected', 'rejected'],
  );
  t.like(results[0], { reason: { code: 14031 } });
  t.deepEqual(
    catalog.list().map((one) => one.namespace),
    ['a.before'],
  );
  t.deepEqual(
    new Catalog(storage).list().map((one) => one.namespace),
    ['a.before'],
  );
  await queue.execute(() => catalog.create('a.after', {}));
  t.deepEqual(
    new Catalog(storage).list().map((one) => one.namespace),
    ['a.after', 'a.before'],
  );
});

test('nested savepoints undo only their own part', async (t) => {
  const { storage, queue } = open(t);
  await queue.execute(() => {
    storage.put(storage.documents, key('a'), key('1'), undefined);
    t.throws(() =>
      storage.savepoint(() => {
        storage.put(storage.documents, key('a'), key('2'), key('1'));
        storage.remove(storage.documents, key('a'), key('2'));
        throw new Error('no');
      }),
    );
  });
  t.is(storage.get(storage.documents, key('a'))?.toString(), '1');
});

test('a write outside of a batch is an error', (t) => {
  const { storage } = open(t);
  t.throws(() => storage.put(storage.documents, key('a'), key('1'), undefined), {
    message: /outside of a batch/,
  });
});

test('what a drop leaves behind is cleared away', async (t) => {
  const { storage, catalog, queue } = open(t);
  await queue.execute(() => {
    const collection = catalog.create('a.big', {});
    for (let i = 0; i < 5000; i += 1) {
      const documentKey = Buffer.alloc(10);
      documentKey.writeUInt32BE(collection.id, 0);
      documentKey.writeUInt32BE(i, 6);
      storage.put(storage.documents, documentKey, key('v'), undefined);
    }
    catalog.drop(collection);
  });
  t.false(catalog.garbage.isEmpty());
  let rounds = 0;
  for (; !catalog.garbage.isEmpty(); rounds += 1) await queue.execute(() => catalog.garbage.clearSome());
  t.true(rounds > 2);
  t.is(storage.count(storage.documents, { low: Buffer.of(0), high: Buffer.of(255) }), 0);
});

test('a lock that a crash left behind is taken over, a living one is not', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'mongolet.lock');
  // No process has this id: Linux ends them at 2^22.
  writeFileSync(path, JSON.stringify({ pid: 2 ** 30, startTicks: '1' }));
  (await lockFolder(folder, 0))();
  // This process lives, but began at another time than the lock's holder: its id was recycled.
  writeFileSync(path, JSON.stringify({ pid: process.ppid, startTicks: '1' }));
  (await lockFolder(folder, 0))();
  writeFileSync(path, 'half a lo');
  const unlock = await lockFolder(folder, 0);
  await t.throwsAsync(lockFolder(folder, 100), { message: /in use by process/ });
  unlock();
  (await lockFolder(folder, 0))();
});
