/** Sorting in memory, for sorts that no index provides. */
import { MongoletError } from '../errors.ts';
import type { Doc } from '../value/codec.ts';
import type { LazyRecord, RecordStream } from './record-stream.ts';

const MAX_SORT_BYTES = 100 * 1024 * 1024;
/** With a limit, so many more records than wanted gather before the worst are thrown away. */
const SLACK = 1000;

/** The records of `stream` in order, at most `limit`; nothing is read before the first is asked for. */
export function sortedRecords(
  stream: RecordStream,
  order: (a: Doc, b: Doc) => number,
  limit: number,
): { next(): LazyRecord | undefined } {
  let sorted: LazyRecord[] | undefined;
  let position = 0;
  return {
    next() {
      sorted ??= collect(stream, order, limit);
      const record = sorted[position];
      position += 1;
      return record;
    },
  };
}

function collect(stream: RecordStream, order: (a: Doc, b: Doc) => number, limit: number): LazyRecord[] {
  const compare = (a: LazyRecord, b: LazyRecord): number => order(a.doc, b.doc);
  let found: LazyRecord[] = [];
  let byteCount = 0;
  for (let record = stream.next(); record; record = stream.next()) {
    found.push(record);
    byteCount += record.bytes.length;
    if (found.length < limit + SLACK && byteCount <= MAX_SORT_BYTES) continue;
    if (found.length > limit) {
      found = found.sort(compare).slice(0, limit);
      byteCount = found.reduce((sum, one) => sum + one.bytes.length, 0);
    }
    if (byteCount > MAX_SORT_BYTES) {
      throw new MongoletError(
        292,
        `Sort exceeded memory limit of ${MAX_SORT_BYTES} bytes; create an index that provides the order`,
        { codeName: 'QueryExceededMemoryLimitNoDiskUseAllowed' },
      );
    }
  }
  return found.sort(compare).slice(0, limit);
}
