/** `$rename`: the source goes, the target gets its value; neither may lie in an array. */
import { errorOf } from '../errors.ts';
import { equalValues } from '../value/compare.ts';
import { type Doc, getField, type Value } from '../value/document.ts';
import { getParts, indexOf } from '../value/path.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc } from '../value/type.ts';
import { createUnset } from './field-operators.ts';
import type { Operation } from './operation.ts';
import { checkUpdatePath, isDynamic } from './path.ts';

/** The two operations of one rename, each with the path it belongs to. */
export interface Rename {
  source: { parts: string[]; operation: Operation };
  target: { parts: string[]; operation: Operation };
}

/** Returns the operations of `{$rename: {path: operand}}`. */
export function createRename(path: string, operand: Value): Rename {
  if (typeof operand !== 'string') {
    throw errorOf(
      'BadValue',
      `The 'to' field for $rename must be a string: ${path}: ${textOfValue(operand)}`,
    );
  }
  if (operand.includes('\0') || path.includes('\0')) {
    throw errorOf('BadValue', "The 'to' field for $rename cannot contain an embedded null byte");
  }
  const from = checkUpdatePath(path);
  const to = checkUpdatePath(operand);
  if (path === operand) {
    throw errorOf('BadValue', `The source and target field for $rename must differ: ${path}: "${operand}"`);
  }
  if (`${operand}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${operand}.`)) {
    throw errorOf(
      'BadValue',
      `The source and target field for $rename must not be on the same path: ${path}: "${operand}"`,
    );
  }
  if (from.some(isDynamic))
    throw errorOf('BadValue', `The source field for $rename may not be dynamic: ${path}`);
  if (to.some(isDynamic)) {
    throw errorOf('BadValue', `The destination field for $rename may not be dynamic: ${operand}`);
  }
  const target: Operation = {
    createsPath: true,
    toleratesAnyPath: false,
    isActive: ({ original }) => {
      if (!hasSource(original, from)) return false;
      refuseArrays(original, from, 'source');
      refuseArrays(original, to, 'destination');
      return true;
    },
    apply: (existing, { original }) => {
      const value = getParts(original, from);
      return existing !== undefined && equalValues(existing, value) ? existing : value;
    },
  };
  return { source: { parts: from, operation: createUnset() }, target: { parts: to, operation: target } };
}

/** Says whether there is something to rename; a source that cannot exist, through a number say, is an error (28). */
function hasSource(doc: Doc, parts: readonly string[]): boolean {
  let value: Value | undefined = doc;
  for (const [i, part] of parts.entries()) {
    if (value === undefined) return false;
    if (isDoc(value)) value = getField(value, part);
    else if (Array.isArray(value) && indexOf(part) >= 0) value = value[indexOf(part)];
    else {
      throw errorOf(
        'PathNotViable',
        `cannot use the part (${parts[i - 1]} of ${parts.join('.')}) to traverse the element (` +
          `{${parts[i - 1]}: ${textOfValue(value)}})`,
      );
    }
  }
  return value !== undefined;
}

function refuseArrays(doc: Doc, parts: readonly string[], role: 'source' | 'destination'): void {
  let value: Value | undefined = doc;
  for (const [i, part] of parts.entries()) {
    if (Array.isArray(value)) {
      const id = textOfValue(getField(doc, '_id'));
      throw errorOf(
        'BadValue',
        `The ${role} field cannot be an array element, '${parts.join('.')}' in doc with _id: ${id} has an array ` +
          `field called '${parts[i - 1]}'`,
      );
    }
    if (!isDoc(value)) return;
    value = getField(value, part);
  }
}
