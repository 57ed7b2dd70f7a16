/**
 * The tables of a data folder: in LMDB as of its last checkpoint, in memory what was written since, and that in a log
 * on disk. One flush makes a batch durable, where LMDB would need two; LMDB follows with many batches at once.
 */
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { RecentWrites } from './recent-writes.ts';
import { Snapshot, type Table } from './snapshot.ts';
import { WriteLog } from './write-log.ts';

/** Virtual address space, not disk; smaller sizes are for machines that limit it. */
const MAP_SIZES_BYTES = [2 ** 40, 2 ** 36, 2 ** 33, 2 ** 31];
/** Each open transaction reads from a snapshot of its own. */
const MAX_READERS = 2048;
/** A checkpoint follows when so much was logged: some ten milliseconds of work, at a start too. */
const CHECKPOINT_BYTES = 1024 * 1024;
/** So much is put away when nobody has written for a while: a few milliseconds, which then nobody waits for. */
const PAUSE_BYTES = 128 * 1024;
const PAUSE_MS = 5;
/** A batch larger than this, or one that comes when so much could not be put away, is a checkpoint itself. */
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;
const NAMES = ['documents', 'indexes', 'meta', 'changes'] as const;
const CHECKPOINT_KEY = Buffer.from('number');
const NUMBER_BYTES = 6;

/** What there is of each table; written to one batch at a time. */
export class Tables {
  readonly byName: Readonly<Record<(typeof NAMES)[number], Table>>;
  /** The newest state, inside a batch with what that has written. */
  readonly now: Snapshot;
  /** Which checkpoint LMDB is at; a table of its own, for it is no part of the data. */
  readonly #checkpoints: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #log: WriteLog;
  readonly #recent: RecentWrites;
  #checkpointNumber: number;
  #isBulk = false;
  #isClosed = false;
  #isCheckpointDue = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(folder: string, options: { sync: boolean }) {
    this.#root = openRoot(folder, options.sync);
    const [documents, indexes, meta, changes] = NAMES.map((name) => this.#open(name)) as [
      Table,
      Table,
      Table,
      Table,
    ];
    this.byName = { documents, indexes, meta, changes };
    this.#checkpoints = this.#open('checkpoints');
    this.#checkpointNumber = this.#checkpoints.getBinary(CHECKPOINT_KEY)?.readUIntBE(0, NUMBER_BYTES) ?? 0;
    this.#log = new WriteLog(join(folder, 'log'), this.#checkpointNumber, options);
    this.#recent = new RecentWrites([documents, indexes, meta, changes], this.#log);
    this.now = Snapshot.ofNow(this.#recent);
    this.#checkpoint();
  }

  #open(name: string): Table {
    return this.#root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' });
  }

  /** What is there now, for as long as it is held. */
  hold(): Snapshot {
    return Snapshot.hold(this.#root, this.#recent);
  }

  /** Writes or, without a value, removes, as a part of the running batch; `isThere` is whether there is an entry now. */
  write(table: Table, key: Buffer, value: Buffer | undefined, isThere: boolean): void {
    if (!this.#isBulk) this.#recent.write(table, key, value, isThere);
    else if (value) table.putSync(key, value);
    else table.removeSync(key);
  }

  /** Returns when the batch is on disk. @throws what the file system says: `takeBack` it then */
  persist(): void {
    if (this.#log.bytes > LOG_LIMIT_BYTES) this.#checkpoint();
    else this.#log.append();
    if (this.#log.bytes >= CHECKPOINT_BYTES) this.#makeCheckpointDue();
    else if (this.#log.bytes >= PAUSE_BYTES) this.#awaitPause();
  }

  /** Forgets what the batch has written. */
  takeBack(): void {
    this.#log.drop();
    this.#recent.reload();
  }

  /** Runs a batch straight in LMDB, for what is too much to be kept in memory first. @throws what `action` throws */
  runBulk(action: () => void): void {
    // With nothing in the log, a transaction of LMDB can follow it.
    this.#checkpoint();
    this.#root.transactionSync(() => {
      this.#isBulk = true;
      try {
        action();
      } finally {
        this.#isBulk = false;
      }
    });
  }

  /** Soon, but after those who wait for this batch have their answer. */
  #makeCheckpointDue(): void {
    if (this.#isCheckpointDue) return;
    this.#isCheckpointDue = true;
    setImmediate(() => {
      this.#isCheckpointDue = false;
      if (!this.#isClosed) this.#tryCheckpoint();
    });
  }

  #awaitPause(): void {
    if (this.#pause) this.#pause.refresh();
    else this.#pause = setTimeout(() => this.#tryCheckpoint(), PAUSE_MS);
  }

  /** Where it fails, all of it is in the log, and the next batch tries again, or the next start. */
  #tryCheckpoint(): void {
    try {
      this.#checkpoint();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`mongolet: checkpoint: ${reason}\n`);
    }
  }

  /** Writes what is recent into LMDB, in one transaction; the log begins anew. @throws what LMDB says */
  #checkpoint(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#recent.isEmpty) return;
    const number = Buffer.alloc(NUMBER_BYTES);
    number.writeUIntBE(this.#checkpointNumber + 1, 0, NUMBER_BYTES);
    this.#root.transactionSync(() => {
      this.#recent.putAway();
      this.#checkpoints.putSync(CHECKPOINT_KEY, number);
    });
    this.#checkpointNumber += 1;
    this.#log.restart(this.#checkpointNumber);
    this.#recent.reload();
  }

  /** Closes the files; nothing may be running. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tryCheckpoint();
    this.#log.close();
    await this.#root.close();
  }
}

function openRoot(path: string, sync: boolean): RootDatabase<Buffer, Buffer> {
  let failure: unknown;
  for (const mapSize of MAP_SIZES_BYTES) {
    try {
      // overlappingSync would take a checkpoint for made before it is flushed; noSync only where nothing must last.
      return open<Buffer, Buffer>({
        path,
        mapSize,
        maxDbs: 5,
        maxReaders: MAX_READERS,
        noSync: !sync,
        overlappingSync: false,
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
