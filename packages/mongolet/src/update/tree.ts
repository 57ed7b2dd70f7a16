/** All operators of an update as one tree of paths, so that conflicts show when it is compiled. */
import { errorOf } from '../errors.ts';
import { isIntegerLike } from '../value/document.ts';
import { compareStrings } from '../value/string.ts';
import type { Operation } from './operation.ts';
import { filterIdentifier } from './path.ts';

export type UpdateNode = LeafNode | FieldsNode | ElementsNode;

/** An operator at the end of its path. */
interface LeafNode {
  readonly kind: 'leaf';
  readonly operation: Operation;
}

/** Updates of fields by name, of array elements by index, and of the matched element (`$`). */
export interface FieldsNode {
  readonly kind: 'fields';
  readonly children: Map<string, UpdateNode>;
  positional: UpdateNode | undefined;
  /** The children in the order in which they are applied; made on first use. */
  sorted: readonly (readonly [string, UpdateNode])[] | undefined;
}

/** Updates of all elements of an array ('') or of those that an array filter chooses. */
export interface ElementsNode {
  readonly kind: 'elements';
  readonly children: Map<string, UpdateNode>;
}

/** Returns an empty tree. */
export function createFields(): FieldsNode {
  return { kind: 'fields', children: new Map(), positional: undefined, sorted: undefined };
}

/** Adds an operator at a path; throws ConflictingUpdateOperators (40) where another one is in its way. */
export function addOperation(root: FieldsNode, parts: readonly string[], operation: Operation): void {
  let node: FieldsNode | ElementsNode = root;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    const next = parts[i + 1];
    const child = childOf(node, part);
    if (next === undefined) {
      if (child !== undefined) throw conflict(parts, i);
      setChild(node, part, { kind: 'leaf', operation });
      return;
    }
    const kind = filterIdentifier(next) === undefined ? 'fields' : 'elements';
    if (child !== undefined && child.kind !== kind) throw conflict(parts, i);
    if (child !== undefined) node = child as FieldsNode | ElementsNode;
    else {
      const made: FieldsNode | ElementsNode =
        kind === 'fields' ? createFields() : { kind, children: new Map() };
      setChild(node, part, made);
      node = made;
    }
  }
}

function conflict(parts: readonly string[], at: number): Error {
  return errorOf(
    'ConflictingUpdateOperators',
    `Updating the path '${parts.join('.')}' would create a conflict at '${parts.slice(0, at + 1).join('.')}'`,
  );
}

function childOf(node: FieldsNode | ElementsNode, part: string): UpdateNode | undefined {
  if (node.kind === 'elements') return node.children.get(filterIdentifier(part) as string);
  return part === '$' ? node.positional : node.children.get(part);
}

function setChild(node: FieldsNode | ElementsNode, part: string, child: UpdateNode): void {
  if (node.kind === 'elements') node.children.set(filterIdentifier(part) as string, child);
  else if (part === '$') node.positional = child;
  else {
    node.children.set(part, child);
    node.sorted = undefined;
  }
}

/** Returns the children in MongoDB's order of application: numbers by value, names by their bytes. */
export function sortedChildren(node: FieldsNode): readonly (readonly [string, UpdateNode])[] {
  node.sorted ??= [...node.children].sort(([a], [b]) => compareNames(a, b));
  return node.sorted;
}

function compareNames(a: string, b: string): number {
  return isIntegerLike(a) && isIntegerLike(b) ? Number(a) - Number(b) : compareStrings(a, b);
}

const MERGED = new WeakMap<UpdateNode, WeakMap<UpdateNode, UpdateNode>>();

/** Joins two nodes that turned out to mean the same array element; operators on the same path conflict (40). */
export function mergeNodes(a: UpdateNode, b: UpdateNode, path: readonly string[]): UpdateNode {
  const known = MERGED.get(a)?.get(b);
  if (known !== undefined) return known;
  if (a.kind === 'leaf' || b.kind === 'leaf' || a.kind !== b.kind) {
    throw errorOf('ConflictingUpdateOperators', `Update created a conflict at '${path.join('.')}'`);
  }
  const merged =
    a.kind === 'fields' ? mergeFields(a, b as FieldsNode, path) : mergeElements(a, b as ElementsNode, path);
  const byA = MERGED.get(a) ?? new WeakMap<UpdateNode, UpdateNode>();
  MERGED.set(a, byA.set(b, merged));
  return merged;
}

function mergeFields(a: FieldsNode, b: FieldsNode, path: readonly string[]): FieldsNode {
  const merged = createFields();
  mergeChildren(merged.children, a.children, b.children, path);
  merged.positional =
    a.positional !== undefined && b.positional !== undefined
      ? mergeNodes(a.positional, b.positional, [...path, '$'])
      : (a.positional ?? b.positional);
  return merged;
}

function mergeElements(a: ElementsNode, b: ElementsNode, path: readonly string[]): ElementsNode {
  const merged: ElementsNode = { kind: 'elements', children: new Map() };
  mergeChildren(merged.children, a.children, b.children, path);
  return merged;
}

function mergeChildren(
  into: Map<string, UpdateNode>,
  a: ReadonlyMap<string, UpdateNode>,
  b: ReadonlyMap<string, UpdateNode>,
  path: readonly string[],
): void {
  for (const [name, child] of a) into.set(name, child);
  for (const [name, child] of b) {
    const other = into.get(name);
    into.set(name, other === undefined ? child : mergeNodes(other, child, [...path, name]));
  }
}
