/** The `collation` of a command or of a statement, and what it means for a collection that may have its own. */
import type { Collection } from '../store/collection.ts';
import type { Doc } from '../value/codec.ts';
import { type Collation, type CollationChoice, readCollation } from '../value/collation.ts';
import { keysOf } from '../value/document.ts';
import { optionalDoc } from './command.ts';

/** What a command says; an empty document says nothing, as in MongoDB. */
export function collationChoiceOf(command: Doc): CollationChoice {
  const given = optionalDoc(command, 'collation');
  return given && keysOf(given).length > 0 ? readCollation(given) : undefined;
}

/** How strings compare for a command on this collection. */
export function collationFor(
  choice: CollationChoice,
  collection: Collection | undefined,
): Collation | undefined {
  return (choice === undefined ? collection?.collation : choice) ?? undefined;
}
