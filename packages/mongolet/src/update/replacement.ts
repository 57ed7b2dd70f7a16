/** Replacement: the whole document but its `_id`. */
import { errorOf } from '../errors.ts';
import { equalValues, identicalValues } from '../value/compare.ts';
import { type Doc, docOf, getField, keysOf } from '../value/document.ts';
import { textOfValue } from '../value/text.ts';

/** Throws unless a document may replace another: names at its top must not begin with `$`. */
export function checkReplacement(replacement: Doc): void {
  for (const key of keysOf(replacement)) {
    if (key.startsWith('$') && key !== '$ref' && key !== '$id' && key !== '$db') {
      throw dollarName(key);
    }
  }
}

/** The error for a name at the top of a document that begins with `$`; only what is inserted may have one. */
export function dollarName(name: string): Error {
  return errorOf(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's ` +
      'replacement document. Consider using an aggregation pipeline with $replaceWith.',
  );
}

/** Returns `replacement` with the `_id` of `doc` in front; another `_id` is refused (66). */
export function replaceDoc(doc: Doc, replacement: Doc): { doc: Doc; modified: boolean } {
  const id = getField(doc, '_id');
  const newId = getField(replacement, '_id');
  if (id !== undefined && newId !== undefined && !equalValues(id, newId)) {
    throw errorOf(
      'ImmutableField',
      `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${textOfValue(newId)}`,
    );
  }
  const kept = newId === undefined ? id : newId;
  const rest = keysOf(replacement)
    .filter((key) => key !== '_id')
    .map((key) => [key, getField(replacement, key)] as const);
  const next = docOf(kept === undefined ? rest : [['_id', kept] as const, ...rest]);
  return { doc: next, modified: !identicalValues(doc, next) };
}
