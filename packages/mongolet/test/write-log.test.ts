/** The log of writes and its checkpoints: what a crash finds on disk at any moment, and what is read meanwhile. */
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { KeyRange } from '../src/store/snapshot.ts';
import { Storage } from '../src/store/storage.ts';
import { temporaryFolder } from './helpers.ts';

const EVERYTHING: KeyRange = { low: Buffer.of(0), high: Buffer.of(255) };
const key = (name: string): Buffer => Buffer.from(name);

function open(t: ExecutionContext, folder: string): Storage {
  const storage = new Storage(folder, { sync: true });
  t.teardown(() => storage.close());
  return storage;
}

/** The folder as a crash at this moment leaves it. */
function crash(t: ExecutionContext, folder: string): string {
  const left = join(temporaryFolder(t), 'store');
  cpSync(folder, left, { recursive: true });
  return left;
}

function put(storage: Storage, name: string, value: string): void {
  const previous = storage.get(storage.documents, key(name));
  storage.put(storage.documents, key(name), Buffer.from(value), previous);
}

function remove(storage: Storage, name: string): void {
  const previous = storage.get(storage.documents, key(name));
  if (previous) storage.remove(storage.documents, key(name), previous);
}

/** A batch without writes that goes straight to LMDB: before it everything else does. */
const checkpoint = (storage: Storage): void => storage.runBatch(() => {}, { isBulk: true });

const read = (storage: Storage, range = EVERYTHING, reverse = false): [string, string][] =>
  [...storage.scan(storage.documents, range, { reverse })].map((entry) => [`${entry.key}`, `${entry.value}`]);

/** What the tables have without the log. */
function readTables(t: ExecutionContext, folder: string): [string, string][] {
  const left = crash(t, folder);
  rmSync(join(left, 'log'));
  return read(open(t, left));
}

test('every batch is found again after a crash, in the log and behind a checkpoint', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  storage.runBatch(() => put(storage, 'a', '1'));
  checkpoint(storage);
  storage.runBatch(() => {
    put(storage, 'b', '2');
    put(storage, 'b', '3');
    put(storage, 'empty', '');
  });
  storage.runBatch(() => remove(storage, 'a'));
  const left = crash(t, folder);
  t.deepEqual(read(open(t, left)), [
    ['b', '3'],
    ['empty', ''],
  ]);
  t.deepEqual(readTables(t, folder), [['a', '1']], 'this test needs batches that are in the log alone');
});

test('a record that is torn anywhere is none, and those before it are', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  storage.runBatch(() => put(storage, 'kept', '1'));
  const before = readFileSync(join(folder, 'log'));
  storage.runBatch(() => put(storage, 'torn', 'x'.repeat(40)));
  const after = readFileSync(join(folder, 'log'));
  const start = before.findIndex((byte, at) => byte !== after[at]);
  const end = after.findLastIndex((byte, at) => byte !== before[at]) + 1;
  t.true(end - start > 40, 'this test needs to know where the second record stands');
  for (let cut = start; cut < end; cut += 1) {
    // What the machine had not written yet is what stood there before.
    if (before.subarray(cut, end).equals(after.subarray(cut, end))) continue;
    const left = crash(t, folder);
    writeFileSync(join(left, 'log'), Buffer.concat([after.subarray(0, cut), before.subarray(cut)]));
    const found = new Storage(left, { sync: false });
    t.deepEqual(read(found), [['kept', '1']], `cut at ${cut}`);
    await found.close();
  }
  t.is(read(open(t, crash(t, folder))).length, 2);
});

test('what was logged before a checkpoint is not read as if it came after it', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  storage.runBatch(() => put(storage, 'a', '1'));
  storage.runBatch(() => put(storage, 'b', '1'));
  checkpoint(storage);
  // Both have the length of the records that stand there: the old second one follows the new first one.
  storage.runBatch(() => put(storage, 'b', '2'));
  t.deepEqual(read(open(t, crash(t, folder))), [
    ['a', '1'],
    ['b', '2'],
  ]);
});

test('the log is put away when it has grown, and a batch that is too large for it at once', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  const withoutLog = () => new Map(readTables(t, folder));
  storage.runBatch(() => put(storage, 'large', 'x'.repeat(1024 * 1024)));
  t.false(withoutLog().has('large'), 'this test needs a checkpoint that comes after the batch');
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  t.true(withoutLog().has('large'));
  storage.runBatch(() => put(storage, 'huge', 'x'.repeat(17 * 1024 * 1024)));
  t.true(withoutLog().has('huge'));
  storage.runBatch(() => put(storage, 'after', '1'));
  t.deepEqual([...new Map(read(open(t, crash(t, folder)))).keys()], ['after', 'huge', 'large']);
});

test('in a pause a smaller log is put away too, and what comes after it is kept', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  const inTables = (name: string) => new Map(readTables(t, folder)).has(name);
  storage.runBatch(() => put(storage, 'small', 'x'));
  storage.runBatch(() => put(storage, 'more', 'x'.repeat(200 * 1024)));
  t.false(inTables('more'), 'this test needs a checkpoint that comes after the batch');
  for (const endMs = Date.now() + 20_000; !inTables('more'); )
    if (Date.now() > endMs) return t.fail('it was never put away');
    else await new Promise((resolve) => setTimeout(resolve, 10));
  storage.runBatch(() => put(storage, 'after', '1'));
  t.deepEqual([...new Map(read(open(t, crash(t, folder)))).keys()], ['after', 'more', 'small']);
});

test('a full disk: the batch is refused, nothing of it remains, and reads go on', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const before = new Storage(folder, { sync: false });
  before.runBatch(() => put(before, 'a', '1'));
  await before.close();
  rmSync(join(folder, 'log'));
  symlinkSync('/dev/full', join(folder, 'log'));
  const storage = new Storage(folder, { sync: false });
  t.teardown(() => storage.close());
  let remembered = 'before';
  const refused = t.throws(() =>
    storage.runBatch(() => {
      put(storage, 'a', '2');
      put(storage, 'b', '2');
      remembered = 'after';
      storage.onUndo(() => {
        remembered = 'before';
      });
    }),
  );
  t.like(refused, { code: 14031 });
  t.regex(refused?.message ?? '', /ENOSPC/);
  t.deepEqual(read(storage), [['a', '1']]);
  t.is(remembered, 'before');
  // What needs no log still can be written.
  storage.runBatch(() => put(storage, 'c', '3'), { isBulk: true });
  t.is(read(storage).length, 2);
});

test('a batch that was refused does not become durable with the next one', (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = open(t, folder);
  t.throws(() =>
    storage.runBatch(() => {
      put(storage, 'refused', '1');
      storage.savepoint(() => {
        storage.onUndo(() => {
          throw new Error('storage is broken');
        });
        throw new Error('half way');
      });
    }),
  );
  storage.runBatch(() => put(storage, 'next', '1'));
  t.deepEqual(read(open(t, crash(t, folder))), [['next', '1']]);
});

test('a folder without a log, as an older version leaves it, is opened as it is', async (t) => {
  const folder = join(temporaryFolder(t), 'store');
  const storage = new Storage(folder, { sync: true });
  storage.runBatch(() => put(storage, 'a', '1'));
  await storage.close();
  rmSync(join(folder, 'log'));
  t.deepEqual(read(open(t, folder)), [['a', '1']]);
  t.true(existsSync(join(folder, 'log')));
});

test('a scan and a transaction see what there was when they began, across a checkpoint', async (t) => {
  const storage = open(t, join(temporaryFolder(t), 'store'));
  storage.runBatch(() => put(storage, 'a', '1'));
  checkpoint(storage);
  storage.runBatch(() => {
    put(storage, 'b', '1');
    put(storage, 'c', '1');
  });
  const scan = storage.scan(storage.documents, EVERYTHING);
  const view = storage.openView(0);
  t.teardown(() => view.end());
  t.is(`${scan.next().value?.key}`, 'a');
  for (const round of ['2', '3']) {
    storage.runBatch(() => {
      for (const name of ['a', 'b', 'd']) put(storage, name, round);
      remove(storage, 'c');
    });
    checkpoint(storage);
    // Into the places of the log that were read from before.
    storage.runBatch(() => put(storage, 'e', round.repeat(200)));
  }
  t.deepEqual(
    [...scan].map(({ key: name, value }) => `${name}=${value}`),
    ['b=1', 'c=1'],
  );
  storage.runInView(view, () => {
    t.deepEqual(read(storage), [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    t.is(storage.count(storage.documents, EVERYTHING), 3);
    t.is(`${storage.get(storage.documents, key('b'))}`, '1');
  });
});

test('random writes read back as a model says, over undone commands, checkpoints, closings and crashes', async (t) => {
  let folder = join(temporaryFolder(t), 'store');
  let storage = new Storage(folder, { sync: true });
  t.teardown(() => storage.close());
  let model = new Map<string, string>();
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const name = () => `k${String(random(60)).padStart(2, '0')}`;
  const counts = { undone: 0, checkpoints: 0, closings: 0, crashes: 0 };
  const change = (into: Map<string, string>) => {
    const at = name();
    if (random(3) === 0) {
      remove(storage, at);
      into.delete(at);
    } else {
      const value = String(random(1e6)).repeat(1 + random(30));
      put(storage, at, value);
      into.set(at, value);
    }
  };
  const check = () => {
    const [low, high] = [name(), name()].sort() as [string, string];
    const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
    const inside = sorted.filter(([at]) => at >= low && at < high);
    const range = { low: key(low), high: key(high) };
    t.deepEqual(read(storage), sorted);
    t.deepEqual(read(storage, range), inside);
    t.deepEqual(read(storage, range, true), inside.toReversed());
    t.is(storage.count(storage.documents, range), inside.length);
    const at = name();
    t.is(storage.get(storage.documents, key(at))?.toString(), model.get(at));
  };
  for (let round = 0; round < 400; round += 1) {
    storage.runBatch(() => {
      const into = new Map(model);
      for (let i = 0; i <= random(4); i += 1) change(into);
      model = into;
      if (random(4) > 0) return;
      counts.undone += 1;
      t.throws(() =>
        storage.savepoint(() => {
          for (let i = 0; i <= random(4); i += 1) change(new Map());
          throw new Error('no');
        }),
      );
    });
    const fate = random(40);
    if (fate < 4) {
      counts.checkpoints += 1;
      checkpoint(storage);
    } else if (fate === 4) {
      counts.closings += 1;
      await storage.close();
      storage = new Storage(folder, { sync: true });
    } else if (fate === 5) {
      counts.crashes += 1;
      folder = crash(t, folder);
      await storage.close();
      storage = new Storage(folder, { sync: true });
    }
    check();
  }
  t.true(Object.values(counts).every((count) => count > 3));
});
