/** Applies a tree of operators to a document; only what changes is copied. */
import { errorOf } from '../errors.ts';
import {
  copyDoc,
  type Doc,
  defineField,
  getField,
  removeField,
  setField,
  type Value,
} from '../value/document.ts';
import { indexOf } from '../value/path.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc } from '../value/type.ts';
import type { ArrayFilters } from './array-filters.ts';
import type { Operation, UpdateContext } from './operation.ts';
import { type ElementsNode, type FieldsNode, mergeNodes, sortedChildren, type UpdateNode } from './tree.ts';

/** An index further than this behind an array's end is taken for a mistake. */
const MAX_PADDING = 1_500_000;

/** Applies a tree to values; one is made per compiled update. */
export class TreeApplier {
  readonly #filters: ArrayFilters;

  constructor(filters: ArrayFilters) {
    this.#filters = filters;
  }

  /** Returns the updated value: the same object if nothing changed, undefined if it goes away or never came to be. */
  apply(node: UpdateNode, value: Value | undefined, context: UpdateContext): Value | undefined {
    switch (node.kind) {
      case 'leaf': {
        const { operation } = node;
        if (operation.isActive !== undefined && !operation.isActive(context)) return value;
        return value === undefined && !operation.createsPath ? undefined : operation.apply(value, context);
      }
      case 'fields':
        return this.#applyFields(node, value, context);
      case 'elements':
        return this.#applyElements(node, value, context);
    }
  }

  #applyFields(node: FieldsNode, value: Value | undefined, context: UpdateContext): Value | undefined {
    const children = this.#childrenOf(node, context);
    if (value === undefined) return this.#create(children, context);
    if (isDoc(value)) return this.#applyToDoc(children, value, context);
    if (Array.isArray(value)) return this.#applyToArray(children, value as Value[], context);
    for (const [name, child] of children) this.#checkViable(name, child, value, context);
    return value;
  }

  /** Resolves the positional `$` to the index that the query matched. */
  #childrenOf(node: FieldsNode, context: UpdateContext): readonly (readonly [string, UpdateNode])[] {
    const children = sortedChildren(node);
    if (node.positional === undefined) return children;
    if (context.position === undefined) {
      throw errorOf('BadValue', 'The positional operator did not find the match needed from the query.');
    }
    const name = String(context.position);
    const same = node.children.get(name);
    if (same === undefined) return [...children, [name, node.positional]];
    const merged = mergeNodes(same, node.positional, [...context.path, name]);
    return children.map((entry) => (entry[0] === name ? [name, merged] : entry));
  }

  #create(children: readonly (readonly [string, UpdateNode])[], context: UpdateContext): Doc | undefined {
    let made: Doc | undefined;
    for (const [name, child] of children) {
      const next = this.#applyNamed(name, child, undefined, context);
      if (next === undefined) continue;
      made ??= {};
      setField(made, name, next);
    }
    return made;
  }

  #applyNamed(
    name: string,
    child: UpdateNode,
    value: Value | undefined,
    context: UpdateContext,
  ): Value | undefined {
    context.path.push(name);
    const next = this.apply(child, value, context);
    context.path.pop();
    return next;
  }

  #applyToDoc(children: readonly (readonly [string, UpdateNode])[], doc: Doc, context: UpdateContext): Doc {
    let copy: Doc | undefined;
    for (const [name, child] of children) {
      const existing = getField(doc, name);
      const next = this.#applyNamed(name, child, existing, context);
      if (next === existing) continue;
      copy ??= copyDoc(doc);
      if (next === undefined) removeField(copy, name);
      else if (existing === undefined) setField(copy, name, next);
      else defineField(copy, name, next);
    }
    return copy ?? doc;
  }

  #applyToArray(
    children: readonly (readonly [string, UpdateNode])[],
    array: readonly Value[],
    context: UpdateContext,
  ): readonly Value[] {
    let copy: Value[] | undefined;
    for (const [name, child] of children) {
      const index = indexOf(name);
      if (index < 0) {
        this.#checkViable(name, child, array, context);
        continue;
      }
      const existing = (copy ?? array)[index];
      const next = this.#applyNamed(name, child, existing, context);
      if (next === existing) continue;
      copy ??= [...array];
      if (index - copy.length > MAX_PADDING) {
        throw errorOf('CannotBackfillArray', `can't backfill more than ${MAX_PADDING} elements`);
      }
      while (copy.length < index) copy.push(null);
      // Removing an element would move the others: it becomes null instead.
      copy[index] = next === undefined ? null : next;
    }
    return copy ?? array;
  }

  /** Throws PathNotViable (28) for operators that cannot do without a path that runs into `value`. */
  #checkViable(name: string, node: UpdateNode, value: Value, context: UpdateContext): void {
    const parent = context.path.at(-1) ?? '';
    for (const operation of leavesOf(node)) {
      if (operation.toleratesAnyPath || operation.isActive?.(context) === false) continue;
      const element = `{${parent}: ${textOfValue(value)}}`;
      throw errorOf(
        'PathNotViable',
        operation.createsPath
          ? `Cannot create field '${name}' in element ${element}`
          : `Cannot use the part (${name}) of (${[...context.path, name].join('.')}) to traverse the element (${element})`,
      );
    }
  }

  #applyElements(node: ElementsNode, value: Value | undefined, context: UpdateContext): Value {
    if (value === undefined) {
      const path = context.path.join('.');
      throw errorOf(
        'BadValue',
        `The path '${path}' must exist in the document in order to apply array updates.`,
      );
    }
    if (!Array.isArray(value)) {
      const element = `${context.path.at(-1) ?? ''}: ${textOfValue(value)}`;
      throw errorOf('BadValue', `Cannot apply array updates to non-array element ${element}`);
    }
    let copy: Value[] | undefined;
    for (const [index, element] of (value as Value[]).entries()) {
      const child = this.#nodeForElement(node, element, index, context);
      if (child === undefined) continue;
      const next = this.#applyNamed(String(index), child, element, context);
      if (next === element) continue;
      copy ??= [...(value as Value[])];
      copy[index] = next === undefined ? null : next;
    }
    return copy ?? value;
  }

  #nodeForElement(
    node: ElementsNode,
    element: Value,
    index: number,
    context: UpdateContext,
  ): UpdateNode | undefined {
    let chosen: UpdateNode | undefined;
    for (const [identifier, child] of node.children) {
      if (identifier !== '' && this.#filters.get(identifier)?.(element) !== true) continue;
      chosen = chosen === undefined ? child : mergeNodes(chosen, child, [...context.path, String(index)]);
    }
    return chosen;
  }
}

function* leavesOf(node: UpdateNode): Generator<Operation> {
  if (node.kind === 'leaf') {
    yield node.operation;
    return;
  }
  for (const child of node.children.values()) yield* leavesOf(child);
  if (node.kind === 'fields' && node.positional !== undefined) yield* leavesOf(node.positional);
}
