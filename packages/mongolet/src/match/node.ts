/** The compiled form of a filter: tests of values, placed on paths, joined by and, or and not. */
import { type Doc, getField, type Value } from '../value/document.ts';
import { splitPath, visitPath } from '../value/path.ts';

/** Where a match notes which array element it was, for the positional `$`. */
export interface MatchNotes {
  position: number | undefined;
}

/** Tests one value; undefined is a missing field. */
export type ValueTest = (value: Value | undefined, notes?: MatchNotes) => boolean;

/** Tests a document. */
export type DocTest = (doc: Doc, notes?: MatchNotes) => boolean;

/** What a field must satisfy, before it is placed on a path or on the elements of an array. */
export type FieldNode =
  /** `whole`: an array at the end of the path is tested as such, not by its elements. */
  | { kind: 'leaf'; test: ValueTest; whole: boolean }
  | { kind: 'not'; node: FieldNode }
  | { kind: 'and'; nodes: readonly FieldNode[] };

/** Returns the test of documents that applies `node` to the field at `path`. */
export function placeOnPath(path: string, node: FieldNode): DocTest {
  switch (node.kind) {
    case 'leaf':
      return placeLeaf(path, node.test, node.whole);
    case 'not': {
      const inner = placeOnPath(path, node.node);
      return (doc) => !inner(doc);
    }
    case 'and':
      return allOf(node.nodes.map((part) => placeOnPath(path, part)));
  }
}

function placeLeaf(path: string, test: ValueTest, whole: boolean): DocTest {
  const parts = splitPath(path);
  const onPath: DocTest = (doc, notes) =>
    visitPath(doc, parts, whole, (value, position) => {
      if (!test(value, notes)) return false;
      if (notes !== undefined && position !== undefined) notes.position = position;
      return true;
    });
  if (parts.length > 1) return onPath;
  return (doc, notes) => {
    const value = getField(doc, path);
    return !whole && Array.isArray(value) ? onPath(doc, notes) : test(value, notes);
  };
}

/** Returns the test of single values that `node` is, as within `$elemMatch`. */
export function placeOnValue(node: FieldNode): ValueTest {
  switch (node.kind) {
    case 'leaf':
      return node.test;
    case 'not': {
      const inner = placeOnValue(node.node);
      return (value) => !inner(value);
    }
    case 'and': {
      const tests = node.nodes.map(placeOnValue);
      return (value, notes) => tests.every((test) => test(value, notes));
    }
  }
}

/** Returns the conjunction of tests; the notes of the last one stand. */
export function allOf(tests: readonly DocTest[]): DocTest {
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (tests.length === 2) return (doc, notes) => first(doc, notes) && second(doc, notes);
  return (doc, notes) => {
    for (const test of tests) if (!test(doc, notes)) return false;
    return true;
  };
}

/** Returns the disjunction of tests; like MongoDB's, it notes no position unless it is of one test only. */
export function anyOf(tests: readonly DocTest[]): DocTest {
  const [first] = tests;
  if (tests.length === 1 && first !== undefined) return first;
  return (doc) => tests.some((test) => test(doc));
}
