/** Query filters, compiled once and applied to many documents. */
import type { Collation } from '../value/collation.ts';
import type { Doc } from '../value/document.ts';
import type { MatchNotes } from './node.ts';
import { type CompileExpr, parseFilter } from './parse.ts';

export { equalityFields } from './equality.ts';
export type { CompileExpr } from './parse.ts';

/** A compiled filter. */
export interface Matcher {
  /** Says whether the document matches. */
  matches(doc: Doc): boolean;
  /** Returns the index of the array element that matched, for the positional `$`; undefined when there is none. */
  positions(doc: Doc): number | undefined;
}

/**
 * Compiles a filter. Unknown operators throw here (2), those mongolet does not have as well (115), so that nothing runs
 * on a filter that is only half understood. `$expr` is compiled by `compileExpr`, and refused (238) without it.
 * Strings compare by `collation`, regular expressions never do.
 */
export function compileFilter(filter: Doc, compileExpr?: CompileExpr, collation?: Collation): Matcher {
  const test = parseFilter(filter, { compileExpr, collation, isTop: true });
  return {
    matches: (doc) => test(doc),
    positions: (doc) => {
      const notes: MatchNotes = { position: undefined };
      return test(doc, notes) ? notes.position : undefined;
    },
  };
}
