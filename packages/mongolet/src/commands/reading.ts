/** What of its documents an update looks at. */
import { conjunctsOf } from '../plan/predicates.ts';
import { topOf } from '../plan/usable.ts';
import type { Collection } from '../store/collection.ts';
import type { Updater } from '../update/index.ts';
import type { Reading } from '../value/unread.ts';
import type { Engine } from './command.ts';
import type { WriteQuery } from './write-one.ts';

/** What must be decoded of the documents that an update is to find and change; undefined: everything. */
export function readingOf(
  { storage, log }: Engine,
  collection: Collection,
  query: WriteQuery,
  { touches }: Updater,
): Reading | undefined {
  const isSeen = storage.view !== undefined || log.isWatched(collection.namespace);
  if (!touches || isSeen || query.sort || collection.options.validator !== undefined) return undefined;
  const whole = new Set(['_id', ...touches.whole]);
  for (const { path } of conjunctsOf(query.filter)) {
    if (path.startsWith('$')) return undefined;
    whole.add(topOf(path));
  }
  for (const { topFields, isIdIndex } of collection.indexes) {
    if (isIdIndex) continue;
    if (topFields.length === 0) return undefined;
    if (topFields.some((field) => touches.all.has(field))) for (const field of topFields) whole.add(field);
  }
  return { whole, counted: touches.counted };
}
