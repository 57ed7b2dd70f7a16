/** Array filters: which elements `$[identifier]` means. */
import { errorOf } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import type { Collation } from '../value/collation.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';

/** By identifier: the test of an element. */
export type ArrayFilters = ReadonlyMap<string, (element: Value) => boolean>;

/** Compiles array filters; each must speak of one identifier, and no two of the same. */
export function compileArrayFilters(filters: readonly Doc[], collation?: Collation): ArrayFilters {
  const compiled = new Map<string, (element: Value) => boolean>();
  for (const filter of filters) {
    const names = new Set(topNames(filter));
    const [name, other] = names;
    if (name === undefined) {
      throw errorOf(
        'FailedToParse',
        'Cannot use an expression without a top-level field name in arrayFilters',
      );
    }
    if (other !== undefined) {
      throw errorOf(
        'FailedToParse',
        `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${name}' and '${other}'`,
      );
    }
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) {
      throw errorOf(
        'BadValue',
        'Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string ' +
          `beginning with a lowercase letter, found '${name}'`,
      );
    }
    if (compiled.has(name)) {
      throw errorOf(
        'FailedToParse',
        `Found multiple array filters with the same top-level field name ${name}`,
      );
    }
    const matcher = compileFilter(filter, undefined, collation);
    compiled.set(name, (element) => matcher.matches({ [name]: element }));
  }
  return compiled;
}

function topNames(filter: Doc): string[] {
  return keysOf(filter).flatMap((key) => {
    const value = getField(filter, key);
    if ((key === '$and' || key === '$or' || key === '$nor') && Array.isArray(value)) {
      return (value as Value[]).flatMap((branch) => (isDoc(branch) ? topNames(branch) : []));
    }
    return key.startsWith('$') ? [] : [key.split('.', 1)[0] as string];
  });
}

/** Throws unless the identifiers used in paths and those that have a filter are the same. */
export function checkIdentifiers(filters: ArrayFilters, used: ReadonlyMap<string, string>): void {
  for (const [identifier, path] of used) {
    if (!filters.has(identifier)) {
      throw errorOf('BadValue', `No array filter found for identifier '${identifier}' in path '${path}'`);
    }
  }
  for (const identifier of filters.keys()) {
    if (!used.has(identifier)) {
      throw errorOf(
        'FailedToParse',
        `The array filter for identifier '${identifier}' was not used in the update`,
      );
    }
  }
}
