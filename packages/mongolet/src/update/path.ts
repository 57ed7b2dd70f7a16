/** The paths that updates may name, and their dynamic components `$`, `$[]` and `$[identifier]`. */
import { errorOf } from '../errors.ts';

/** Returns the identifier of `$[identifier]` ('' for `$[]`), or undefined for any other component. */
export function filterIdentifier(part: string): string | undefined {
  return part.startsWith('$[') && part.endsWith(']') ? part.slice(2, -1) : undefined;
}

/** Says whether a component depends on the document: `$`, `$[]` or `$[identifier]`. */
export function isDynamic(part: string): boolean {
  return part === '$' || filterIdentifier(part) !== undefined;
}

/** Returns the components of a path after checking that an update may name it. */
export function checkUpdatePath(path: string): string[] {
  if (path === '') throw errorOf('EmptyFieldName', 'An empty update path is not valid.');
  const parts = path.split('.');
  let positionals = 0;
  for (const [i, part] of parts.entries()) {
    if (part === '') {
      throw errorOf(
        'EmptyFieldName',
        `The update path '${path}' contains an empty field name, which is not allowed.`,
      );
    }
    if (part === '$') positionals++;
    if (isDynamic(part)) {
      if (i === 0) throw firstPositionError(part, path);
    }
  }
  if (positionals > 1) {
    throw errorOf('BadValue', `Too many positional (i.e. '$') elements found in path '${path}'`);
  }
  return parts;
}

function firstPositionError(part: string, path: string): Error {
  const kind = part === '$' ? "positional (i.e. '$')" : "array filter identifier (i.e. '$[<id>]')";
  return errorOf('BadValue', `Cannot have ${kind} element in the first position in path '${path}'`);
}
