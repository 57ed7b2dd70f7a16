/** The fields of a document that an update is about. */
import type { FieldsNode } from './tree.ts';

/** Top-level fields, by what the update must know of them. */
export interface Touches {
  readonly all: ReadonlySet<string>;
  /** What is in them. */
  readonly whole: ReadonlySet<string>;
  /** Of arrays, how many elements there are. */
  readonly counted: ReadonlySet<string>;
}

/** Returns what the operators of a tree are about, each of which looks at its own field alone. */
export function touchesOf(tree: FieldsNode): Touches {
  const whole = new Set<string>();
  const counted = new Set<string>();
  for (const [name, child] of tree.children) {
    const reads = child.kind === 'leaf' ? child.operation.reads : undefined;
    if (reads === 'count') counted.add(name);
    else if (reads !== 'nothing') whole.add(name);
  }
  return { all: new Set(tree.children.keys()), whole, counted };
}
