/**
 * The log that change streams read: every change of what is watched, in the storage transaction of the change itself, of
 * bounded size. While nobody watches nothing is written; what has been watched is remembered for a day.
 */
import { Binary, Long } from 'bson';
import { describeUpdate } from '../update/describe-update.ts';
import { type Doc, encode } from '../value/codec.ts';
import type { Change, ChangeOrigin } from './change.ts';
import { type ClusterTime, lastTime, nextTime, raiseTime } from './cluster-time.ts';
import type { Entry, KeyRange, Storage } from './storage.ts';

const WATCH_PREFIX = 'watch/';
const CLOCK_KEY = Buffer.from('clock');
const POSITION_BYTES = 12;
/** How many bytes stood in the log before an entry: by this its size is known without counting. */
const OFFSET_BYTES = 8;
const KEEP_MS = 24 * 60 * 60 * 1000;
const CLEAR_ENTRIES = 2000;
const LAST_OF_TIME = 0xffff_ffff;
/** A quarter of what MongoDB's oplog takes at least. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The whole log, from the first position to beyond the last. */
const WHOLE: KeyRange = { low: Buffer.alloc(0), high: Buffer.alloc(POSITION_BYTES + 1, 0xff) };

interface Watch {
  /** All changes after this position are in the log, as far as it has not been cut. */
  readonly since: Buffer;
  lastUsedMs: number;
}

/** A place in the log: a time, and the number of a change within a transaction. Positions compare as bytes. */
export function positionOf({ t, i }: ClusterTime, operation: number): Buffer {
  const position = Buffer.allocUnsafe(POSITION_BYTES);
  position.writeUInt32BE(t, 0);
  position.writeUInt32BE(i, 4);
  position.writeUInt32BE(operation, 8);
  return position;
}

/** The time of a position. */
export function timeOf(position: Buffer): ClusterTime {
  return { t: position.readUInt32BE(0), i: position.readUInt32BE(4) };
}

/** Notes changes, and finds them again. */
export class ChangeLog {
  readonly #storage: Storage;
  readonly #maxBytes: number;
  /** By namespace, by database, and by the empty name for everything. */
  readonly #watches = new Map<string, Watch>();
  /** Bytes ever written since the log was last empty, and how many of them have been cut off. */
  #written = 0;
  #cut = 0;
  /** Changes up to here may be missing. */
  #lostUpTo: Buffer = Buffer.alloc(0);

  constructor(storage: Storage, maxBytes = MAX_BYTES) {
    this.#storage = storage;
    this.#maxBytes = maxBytes;
    const range = { low: Buffer.from(WATCH_PREFIX), high: Buffer.from(`${WATCH_PREFIX}\uffff`) };
    for (const { key, value } of storage.scan(storage.meta, range)) {
      const scope = key.toString().slice(WATCH_PREFIX.length);
      this.#watches.set(scope, { since: value, lastUsedMs: Date.now() });
    }
    const first = this.#edge(false);
    const last = this.#edge(true);
    if (first && last) {
      this.#cut = first.value.readDoubleBE(0);
      this.#written = last.value.readDoubleBE(0) + last.value.length;
      if (this.#cut > 0) this.#lostUpTo = positionOf(timeOf(first.key), 0);
    }
    this.#beginClock(last);
  }

  /** No time may be given twice, over restarts within a second either: each start begins a second of its own. */
  #beginClock(last: Entry | undefined): void {
    const { meta } = this.#storage;
    const stored = this.#storage.get(meta, CLOCK_KEY);
    const seconds =
      1 +
      Math.max(Math.floor(Date.now() / 1000), stored?.readUInt32BE(0) ?? 0, last ? timeOf(last.key).t : 0);
    raiseTime(seconds);
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(seconds, 0);
    this.#storage.runBatch(() => this.#storage.put(meta, CLOCK_KEY, bytes, stored));
  }

  #edge(reverse: boolean): Entry | undefined {
    for (const entry of this.#storage.scan(this.#storage.changes, WHOLE, { reverse })) return entry;
    return undefined;
  }

  /** Takes a change in: into the log if somebody watches it, or into the transaction whose statement runs. */
  note(change: Change): void {
    const { view } = this.#storage;
    if (view) view.changes.push(change);
    else if (this.#isWatched(change)) this.#append(change, nextTime(Date.now()), 0, undefined);
  }

  /** Takes in, inside a batch, all changes of a transaction: they happen at one time. */
  noteAll(changes: readonly Change[], origin: ChangeOrigin): void {
    const watched = changes.filter((change) => this.#isWatched(change));
    if (watched.length === 0) return;
    const time = nextTime(Date.now());
    for (const [operation, change] of watched.entries()) this.#append(change, time, operation, origin);
  }

  #isWatched(change: Change): boolean {
    if (this.#watches.size === 0) return false;
    return this.isWatched(change.namespace) || (change.kind === 'rename' && this.isWatched(change.to));
  }

  /** Whether somebody is told of the changes of a namespace. */
  isWatched(namespace: string): boolean {
    if (this.#watches.size === 0) return false;
    const scopes = ['', namespace.split('.', 1)[0] ?? '', namespace];
    return scopes.some((scope) => this.#watches.has(scope));
  }

  #append(change: Change, time: ClusterTime, operation: number, origin: ChangeOrigin | undefined): void {
    const offset = Buffer.allocUnsafe(OFFSET_BYTES);
    offset.writeDoubleBE(this.#written, 0);
    const value = Buffer.concat([offset, encode(entryOf(change, origin))]);
    const { changes } = this.#storage;
    this.#storage.put(changes, positionOf(time, operation), value, undefined);
    const before = { written: this.#written, cut: this.#cut, lostUpTo: this.#lostUpTo };
    this.#storage.onUndo(() => {
      this.#written = before.written;
      this.#cut = before.cut;
      this.#lostUpTo = before.lostUpTo;
    });
    this.#written += value.length;
    while (this.#written - this.#cut > this.#maxBytes) this.#cutFirst();
  }

  #cutFirst(): void {
    const first = this.#edge(false);
    if (!first) throw new Error('the change log is empty and yet too long');
    this.#storage.remove(this.#storage.changes, first.key, first.value);
    this.#cut = first.value.readDoubleBE(0) + first.value.length;
    this.#lostUpTo = first.key;
  }

  /** Begins, inside a batch, to log a scope; from now on the position returned can be resumed from. */
  watch(scope: string): Buffer {
    const known = this.#watches.get(scope);
    if (known) {
      known.lastUsedMs = Date.now();
      return positionOf(lastTime(), LAST_OF_TIME);
    }
    const since = positionOf(nextTime(Date.now()), LAST_OF_TIME);
    this.#watches.set(scope, { since, lastUsedMs: Date.now() });
    this.#storage.onUndo(() => this.#watches.delete(scope));
    this.#storage.put(this.#storage.meta, Buffer.from(WATCH_PREFIX + scope), since, undefined);
    return since;
  }

  /** Whether every change of a scope after this position is still in the log. */
  reachesBack(scope: string, position: Buffer): boolean {
    const watch = this.#watches.get(scope);
    if (watch) watch.lastUsedMs = Date.now();
    return watch !== undefined && position.compare(watch.since) >= 0 && position.compare(this.#lostUpTo) >= 0;
  }

  /** The entries after a position, each with its own. */
  *after(position: Buffer): Generator<{ position: Buffer; bytes: Buffer }> {
    const low = Buffer.concat([position, Buffer.of(0)]);
    for (const { key, value } of this.#storage.scan(this.#storage.changes, { low, high: WHOLE.high }))
      yield { position: key, bytes: value.subarray(OFFSET_BYTES) };
  }

  /** The entry at a position. */
  at(position: Buffer): Buffer | undefined {
    return this.#storage.get(this.#storage.changes, position)?.subarray(OFFSET_BYTES);
  }

  /** A position after everything that has been logged so far. */
  end(): Buffer {
    return positionOf(lastTime(), LAST_OF_TIME);
  }

  /** The scopes that nobody has read for a day. */
  unused(nowMs: number): string[] {
    return [...this.#watches].filter(([, one]) => one.lastUsedMs < nowMs - KEEP_MS).map(([scope]) => scope);
  }

  /** Ends, inside a batch, the logging of a scope. */
  unwatch(scope: string): void {
    const watch = this.#watches.get(scope);
    if (!watch) return;
    this.#watches.delete(scope);
    this.#storage.onUndo(() => this.#watches.set(scope, watch));
    this.#storage.remove(this.#storage.meta, Buffer.from(WATCH_PREFIX + scope), watch.since);
  }

  /** Whether there is a log that nobody can read any more. */
  get isGarbage(): boolean {
    return this.#watches.size === 0 && this.#edge(false) !== undefined;
  }

  /** Removes, inside a batch, a part of it. */
  clearSome(): void {
    for (let removed = 0; removed < CLEAR_ENTRIES && this.#edge(false); removed += 1) this.#cutFirst();
  }
}

function entryOf(change: Change, origin: ChangeOrigin | undefined): Doc {
  return {
    kind: change.kind,
    namespace: change.namespace,
    wallTime: new Date(),
    ...('id' in change ? { id: change.id } : {}),
    ...detailsOf(change),
    ...(origin
      ? { sessionId: new Binary(origin.sessionId, 4), txnNumber: Long.fromBigInt(origin.txnNumber) }
      : {}),
  };
}

function detailsOf(change: Change): Doc {
  switch (change.kind) {
    case 'insert':
    case 'replace':
      return { doc: change.doc };
    case 'update':
      return { update: { ...describeUpdate(change.before, change.after) } };
    case 'rename':
      return { to: change.to, ...(change.dropTarget ? { dropTarget: change.dropTarget } : {}) };
    default:
      return {};
  }
}
