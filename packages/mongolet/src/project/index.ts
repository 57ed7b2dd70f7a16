/** Projections, compiled once: a function from a document to what of it is returned. */
import { MongoletError } from '../errors.ts';
import { type CompileExpr, compileFilter } from '../match/index.ts';
import type { Collation } from '../value/collation.ts';
import { copyDoc, type Doc, defineField, getField, keysOf, setField, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { type PathTree, type ProjectionSpec, readProjection } from './spec.ts';

/**
 * Compiles a projection. For a positional one (`a.$`) the returned function takes the position that the query matched,
 * or finds it by `filter`. Computed fields need `compileExpr`, and are refused (238) without it.
 */
export function compileProjection(
  projection: Doc | undefined,
  filter?: Doc,
  compileExpr?: CompileExpr,
  collation?: Collation,
): (doc: Doc, position?: number) => Doc {
  if (projection === undefined || keysOf(projection).length === 0) return (doc) => doc;
  const spec = readProjection(projection, compileExpr);
  const matcher =
    spec.positional !== undefined && filter !== undefined
      ? compileFilter(filter, compileExpr, collation)
      : undefined;
  const steps = [...sliceSteps(spec), ...elemMatchSteps(spec, collation)];
  const { paths, positional } = spec;
  const keep = spec.mode === 'inclusion' ? include : exclude;
  return (doc, position) => {
    let result = keep(doc, paths);
    if (positional !== undefined) {
      result = takePosition(result, positional, 0, position ?? matcher?.positions(doc)) as Doc;
    }
    for (const step of steps) result = step(result, doc);
    for (const { parts, evaluate } of spec.expressions) {
      result = setComputed(result, parts, 0, evaluate(doc)) as Doc;
    }
    return result;
  };
}

function include(doc: Doc, tree: PathTree): Doc {
  const result: Doc = {};
  for (const key of keysOf(doc)) {
    const child = tree.children.get(key);
    if (child === undefined) continue;
    const value = getField(doc, key);
    const kept = child.isLeaf ? value : includeWithin(value, child);
    if (kept !== undefined) setField(result, key, kept);
  }
  return result;
}

/** Of a document what its tree names, of an array its documents so reduced, of anything else nothing. */
function includeWithin(value: Value | undefined, tree: PathTree): Value | undefined {
  if (isDoc(value)) return include(value, tree);
  if (!Array.isArray(value)) return undefined;
  return (value as Value[])
    .map((element) => includeWithin(element, tree))
    .filter((kept) => kept !== undefined);
}

function exclude(doc: Doc, tree: PathTree): Doc {
  const result: Doc = {};
  for (const key of keysOf(doc)) {
    const child = tree.children.get(key);
    if (child?.isLeaf === true) continue;
    const value = getField(doc, key);
    setField(result, key, child === undefined ? value : excludeWithin(value, child));
  }
  return result;
}

function excludeWithin(value: Value | undefined, tree: PathTree): Value | undefined {
  if (isDoc(value)) return exclude(value, tree);
  if (!Array.isArray(value)) return value;
  return (value as Value[]).map((element) => excludeWithin(element, tree));
}

/** Reduces the first array on the path to the element at `position`. */
function takePosition(
  value: Value | undefined,
  parts: readonly string[],
  at: number,
  position: number | undefined,
): Value | undefined {
  if (Array.isArray(value)) {
    if (position === undefined || position >= value.length) {
      throw new MongoletError(
        51246,
        "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
      );
    }
    return [value[position]];
  }
  const part = parts[at];
  if (!isDoc(value) || part === undefined) return value;
  const existing = getField(value, part);
  const next = takePosition(existing, parts, at + 1, position);
  if (next === existing) return value;
  const copy = copyDoc(value);
  defineField(copy, part, next);
  return copy;
}

type Step = (result: Doc, doc: Doc) => Doc;

function sliceSteps(spec: ProjectionSpec): Step[] {
  return spec.slices.map(({ parts, skip, limit }): Step => {
    const cut = (array: readonly Value[]): Value[] => {
      if (skip === undefined) return limit >= 0 ? array.slice(0, limit) : array.slice(limit);
      const start = skip >= 0 ? skip : Math.max(0, array.length + skip);
      return array.slice(start, start + limit);
    };
    return (result) => mapAt(result, parts, 0, cut) as Doc;
  });
}

/** Replaces the arrays at a path, within the documents of arrays on the way too. */
function mapAt(
  value: Value | undefined,
  parts: readonly string[],
  at: number,
  change: (array: readonly Value[]) => Value[],
): Value | undefined {
  const part = parts[at];
  if (part === undefined) return Array.isArray(value) ? change(value as Value[]) : value;
  if (Array.isArray(value)) return (value as Value[]).map((element) => mapAt(element, parts, at, change));
  if (!isDoc(value)) return value;
  const existing = getField(value, part);
  if (existing === undefined) return value;
  const copy = copyDoc(value);
  defineField(copy, part, mapAt(existing, parts, at + 1, change));
  return copy;
}

function elemMatchSteps(spec: ProjectionSpec, collation: Collation | undefined): Step[] {
  return spec.elemMatches.map(({ field, condition }): Step => {
    const matcher = compileFilter({ [field]: { $elemMatch: condition } }, undefined, collation);
    return (result, doc) => {
      const array = getField(doc, field);
      const index = Array.isArray(array) ? matcher.positions(doc) : undefined;
      if (index === undefined) return result;
      const copy = copyDoc(result);
      setField(copy, field, [(array as Value[])[index]]);
      return copy;
    };
  });
}

function setComputed(value: Value | undefined, parts: readonly string[], at: number, computed: Value): Value {
  const part = parts[at];
  if (part === undefined) return computed;
  if (Array.isArray(value))
    return (value as Value[]).map((element) => setComputed(element, parts, at, computed));
  const copy = isDoc(value) ? copyDoc(value) : {};
  const next = setComputed(getField(copy, part), parts, at + 1, computed);
  if (next !== undefined) setField(copy, part, next);
  return copy;
}
