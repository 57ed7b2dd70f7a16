/** What an update operator is to the rest: a function from a field's value to its next one. */
import type { Doc, Value } from '../value/document.ts';
import { getField } from '../value/document.ts';
import { textOfValue } from '../value/text.ts';

/** What an operator may look at while it is applied. */
export interface UpdateContext {
  /** The index that the query's match found, for the positional `$`. */
  readonly position: number | undefined;
  readonly isInsert: boolean;
  readonly now: Date;
  /** The document before the update. */
  readonly original: Doc;
  /** The path of the field at hand, component by component. */
  readonly path: string[];
}

/** An operator with its operand. */
export interface Operation {
  /**
   * Returns the field's next value: `existing` itself when there is nothing to change, undefined to remove it. Missing
   * fields are undefined.
   */
  apply(existing: Value | undefined, context: UpdateContext): Value | undefined;
  /** Says whether the operator makes the field (and the documents on its way) where it is missing. */
  readonly createsPath: boolean;
  /** Says whether a path that cannot exist, through a number for example, is simply nothing to do. */
  readonly toleratesAnyPath: boolean;
  /** What of the existing value it looks at: its elements are left alone where it is counted; all of it, when left out. */
  readonly reads?: 'nothing' | 'count';
  /** Says whether there is anything to do for this document; always, when left out. */
  isActive?(context: UpdateContext): boolean;
}

/** Names the document being updated, for messages. */
export function describeDocument(context: UpdateContext): string {
  const id = getField(context.original, '_id');
  return id === undefined ? '{no _id}' : `{_id: ${textOfValue(id)}}`;
}

/** Returns the dotted path of the field at hand. */
export function pathOf(context: UpdateContext): string {
  return context.path.join('.');
}
