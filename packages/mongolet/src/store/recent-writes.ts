/** What was written since the last checkpoint: the log, and by key where in it each value stands. */
import type { Place } from './log-record.ts';
import { Overlay } from './overlay.ts';
import type { HeldRecent, Recent, Table } from './snapshot.ts';
import type { WriteLog } from './write-log.ts';

type Overlays = Map<Table, Overlay<NonNullable<Place>>>;

/** The writes of one storage, in one log. */
export class RecentWrites implements Recent {
  readonly #tables: readonly Table[];
  readonly #log: WriteLog;
  #overlays: Overlays = new Map();

  /** Takes in what the log says already, as after a crash. */
  constructor(tables: readonly Table[], log: WriteLog) {
    this.#tables = tables;
    this.#log = log;
    this.reload();
  }

  /** Forgets what the running batch has written, and what the log has dropped. */
  reload(): void {
    this.#overlays = new Map(this.#tables.map((table) => [table, new Overlay()]));
    for (const { table: number, key, place } of this.#log.writes()) {
      const table = this.#tables[number];
      if (!table)
        throw new Error(`the log of the data folder names table ${number}: it is of another version`);
      this.of(table).set(key, place, table.getBinary(key) !== undefined);
    }
  }

  of(table: Table): Overlay<NonNullable<Place>> {
    return overlayOf(this.#overlays, table);
  }

  read(place: NonNullable<Place>): Buffer {
    return this.#log.read(place);
  }

  hold(tables = this.#tables): HeldRecent {
    const overlays: Overlays = new Map(tables.map((table) => [table, this.of(table).freeze()]));
    const { read, release } = this.#log.hold();
    const held = {
      of: (table: Table) => overlayOf(overlays, table),
      read,
      release,
      hold: () => ({ ...held, release() {} }),
    };
    return held;
  }

  /** Writes or, without a value, removes; `isThere` is whether there is an entry now. */
  write(table: Table, key: Buffer, value: Buffer | undefined, isThere: boolean): void {
    const place = this.#log.add(this.#tables.indexOf(table), key, value);
    this.of(table).set(key, place, isThere);
  }

  /** Whether there is nothing. */
  get isEmpty(): boolean {
    for (const { size } of this.#overlays.values()) if (size > 0) return false;
    return true;
  }

  /** Writes all of it into the tables, inside a transaction of theirs. */
  putAway(): void {
    for (const [table, overlay] of this.#overlays) {
      for (const { key, value, wasThere } of overlay.changes()) {
        if (value) table.putSync(key, this.#log.read(value));
        else if (wasThere) table.removeSync(key);
      }
    }
  }
}

function overlayOf(overlays: Overlays, table: Table): Overlay<NonNullable<Place>> {
  const overlay = overlays.get(table);
  if (!overlay) throw new Error('a table of another storage');
  return overlay;
}
