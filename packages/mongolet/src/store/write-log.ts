/**
 * The log of what was written since the last checkpoint: one record a batch, on disk before anybody is told of it, and
 * in memory for those who read. One flush a batch, where LMDB needs two.
 *
 * The file is written from its beginning again after each checkpoint. A record belongs to the checkpoint whose number
 * it carries, and the log ends where one is torn: what came after it was never confirmed.
 */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  endOfRecord,
  HEADER_BYTES,
  type LoggedWrite,
  type Place,
  putWrite,
  sealRecord,
  writeBytes,
  writesOf,
} from './log-record.ts';

/** The file has its size from the beginning: a flush that has to note a new one takes half as long again. */
const PREPARED_BYTES = 2 * 1024 * 1024;

/** The log in memory, which stays as it is for as long as somebody holds it. */
interface Tail {
  bytes: Buffer;
  holders: number;
}

/** Reads what a place says, a copy that stays valid. */
export type ReadPlace = (place: NonNullable<Place>) => Buffer;

const copyFrom = (bytes: Buffer, { start, end }: NonNullable<Place>): Buffer =>
  Buffer.from(bytes.subarray(start, end));

/** The file of one storage, and its image in memory. */
export class WriteLog {
  readonly #file: number;
  readonly #sync: boolean;
  #checkpoint: number;
  #records = 0;
  #tail: Tail = { bytes: Buffer.allocUnsafeSlow(PREPARED_BYTES), holders: 0 };
  /** Where the records end that are on disk. */
  #end = 0;
  /** Where the writes of the running batch end. */
  #at = HEADER_BYTES;

  /**
   * Opens it, or makes it, and reads what was logged after that checkpoint. Without `sync` what it confirms survives
   * the process, but not the machine.
   */
  constructor(path: string, checkpoint: number, options: { sync: boolean }) {
    this.#sync = options.sync;
    this.#checkpoint = checkpoint;
    closeSync(openSync(path, 'a'));
    this.#file = openSync(path, 'r+');
    if (options.sync && fstatSync(this.#file).size < PREPARED_BYTES) this.#prepare(dirname(path));
    this.#load();
  }

  #prepare(folder: string): void {
    const { size } = fstatSync(this.#file);
    writeAll(this.#file, Buffer.alloc(PREPARED_BYTES - size), size);
    fsyncSync(this.#file);
    const directory = openSync(folder, 'r');
    fsyncSync(directory);
    closeSync(directory);
  }

  #load(): void {
    const { size } = fstatSync(this.#file);
    const bytes = Buffer.alloc(Math.max(size, PREPARED_BYTES));
    readSync(this.#file, bytes, 0, size, 0);
    this.#tail = { bytes, holders: 0 };
    for (;;) {
      const end = endOfRecord(bytes, this.#end, { checkpoint: this.#checkpoint, number: this.#records });
      if (end === undefined) break;
      this.#end = end;
      this.#records += 1;
    }
    this.#at = this.#end + HEADER_BYTES;
  }

  /** How much was logged since the last checkpoint, with the running batch. */
  get bytes(): number {
    return this.#at;
  }

  /** The writes that are on disk, oldest first. */
  *writes(): Generator<LoggedWrite> {
    const { bytes } = this.#tail;
    for (let start = 0; start < this.#end; ) {
      const end = start + HEADER_BYTES + bytes.readUInt32BE(start);
      yield* writesOf(bytes, start, end);
      start = end;
    }
  }

  /** Takes a write into the running batch; where its value can be read. */
  add(table: number, key: Buffer, value: Buffer | undefined): Place {
    const length = writeBytes(key, value);
    if (this.#at + length > this.#tail.bytes.length) this.#grow(length);
    const place = putWrite(this.#tail.bytes, this.#at, table, key, value);
    this.#at += length;
    return place;
  }

  #grow(length: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.#at + length, this.#tail.bytes.length * 2));
    this.#tail.bytes.copy(bytes, 0, 0, this.#at);
    this.#tail = { bytes, holders: 0 };
  }

  /**
   * Ends the batch, and returns when it is on disk.
   * @throws what the file system says; nothing of the batch is in the log then
   */
  append(): void {
    if (this.#at === this.#end + HEADER_BYTES) return;
    const { bytes } = this.#tail;
    const identity = { checkpoint: this.#checkpoint, number: this.#records };
    sealRecord(bytes, this.#end, this.#at, identity);
    try {
      writeAll(this.#file, bytes.subarray(this.#end, this.#at), this.#end);
      if (this.#sync) fdatasyncSync(this.#file);
    } catch (error) {
      this.#strike();
      throw error;
    }
    this.#records += 1;
    this.#end = this.#at;
    this.#at += HEADER_BYTES;
  }

  /** Drops what the running batch has written. */
  drop(): void {
    this.#at = this.#end + HEADER_BYTES;
  }

  /** Makes sure that a record which failed is not found at the next start. */
  #strike(): void {
    try {
      writeAll(this.#file, Buffer.alloc(HEADER_BYTES), this.#end);
    } catch {
      // Then the next record is written over it, or the outcome stays as unknown as the error said.
    }
  }

  /** Reads what this log says now. */
  readonly read: ReadPlace = (place) => copyFrom(this.#tail.bytes, place);

  /** Reads what this log says now, also when it has gone on; until it is released. */
  hold(): { read: ReadPlace; release: () => void } {
    const tail = this.#tail;
    const { bytes } = tail;
    tail.holders += 1;
    return {
      read: (place) => copyFrom(bytes, place),
      release: () => {
        tail.holders -= 1;
      },
    };
  }

  /** Begins anew after a checkpoint: what was logged before is of no use any more. */
  restart(checkpoint: number): void {
    this.#checkpoint = checkpoint;
    this.#records = 0;
    this.#end = 0;
    this.#at = HEADER_BYTES;
    if (this.#tail.holders > 0 || this.#tail.bytes.length > 2 * PREPARED_BYTES)
      this.#tail = { bytes: Buffer.allocUnsafeSlow(PREPARED_BYTES), holders: 0 };
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }
}

function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(file, bytes, written, bytes.length - written, position + written);
}
