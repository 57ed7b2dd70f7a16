/** How a query will be run, and the parts that candidates are made of. */
import type { Index } from '../store/index-info.ts';
import type { Doc, Value } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';

/** A range of an index's ordered keys; an undefined high end is the end of the index. */
export interface Interval {
  readonly low: Buffer;
  readonly high: Buffer | undefined;
  /** How many bytes all keys of the interval have in common: their order is decided after these. */
  readonly sharedBytes: number;
}

/** Reads every document, in order of insertion or against it. */
interface CollectionScan {
  readonly kind: 'collection';
  readonly reverse: boolean;
  readonly providesSort: boolean;
}

/** Looks up whole keys of a unique index. */
export interface Lookup {
  readonly kind: 'lookup';
  readonly index: Index;
  readonly keys: Buffer[];
  readonly providesSort: boolean;
  /** The filter demands nothing beyond these keys. */
  readonly isExact: boolean;
}

/** Reads intervals of an index. */
export interface IndexScan {
  readonly kind: 'index';
  readonly index: Index;
  readonly intervals: Interval[];
  /** How many of the index's first fields have one of the wanted values in all of them. */
  readonly fixedFields: number;
  readonly reverse: boolean;
  readonly providesSort: boolean;
  /** The intervals must be merged by what follows their shared bytes to come in the order of the sort. */
  readonly mustMerge: boolean;
}

export type Plan = CollectionScan | Lookup | IndexScan;

/** What the planner is asked. */
export interface Query {
  readonly filter: Doc;
  readonly sort?: Doc | undefined;
  /** An index's name or key pattern, or `{$natural: ±1}`. */
  readonly hint?: Value;
  /** How strings compare; undefined: simply. */
  readonly collation?: Collation | undefined;
}
