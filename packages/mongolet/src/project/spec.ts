/** Reads a projection: which paths are kept or left out, and which are computed. */
import { errorOf, MongoletError } from '../errors.ts';
import { type CompileExpr, isOperatorDoc } from '../match/parse.ts';
import { isTrue } from '../match/shape.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { toExactInteger, truncateToBigint } from '../value/number.ts';
import { textOfValue } from '../value/text.ts';
import { isDoc, isNumber, typeNameOf } from '../value/type.ts';

/** A tree of paths; a leaf is a path that the projection names. */
export interface PathTree {
  children: Map<string, PathTree>;
  isLeaf: boolean;
}

/** A projection, read. */
export interface ProjectionSpec {
  mode: 'inclusion' | 'exclusion';
  paths: PathTree;
  slices: { parts: string[]; skip: number | undefined; limit: number }[];
  elemMatches: { field: string; condition: Doc }[];
  expressions: { parts: string[]; evaluate: (doc: Doc) => Value | undefined }[];
  /** The path before `.$`. */
  positional: string[] | undefined;
}

interface Entry {
  path: string;
  kind: 'include' | 'exclude' | 'slice' | 'elemMatch' | 'positional' | 'expression';
  value: Value;
}

/** Returns what a projection asks for; throws where its parts contradict each other. */
export function readProjection(projection: Doc, compileExpr: CompileExpr | undefined): ProjectionSpec {
  const entries: Entry[] = [];
  collect(projection, '', entries);
  const mode = modeOf(entries);
  const spec: ProjectionSpec = {
    mode,
    paths: { children: new Map(), isLeaf: false },
    slices: [],
    elemMatches: [],
    expressions: [],
    positional: undefined,
  };
  for (const entry of entries) addEntry(spec, entry, compileExpr);
  if (mode === 'inclusion' && !entries.some(({ path }) => path === '_id' || path.startsWith('_id.'))) {
    spec.paths.children.set('_id', { children: new Map(), isLeaf: true });
  }
  return spec;
}

function collect(projection: Doc, prefix: string, entries: Entry[]): void {
  for (const key of keysOf(projection)) {
    const value = getField(projection, key);
    if (value === undefined) continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    checkPath(path);
    if (path.endsWith('.$')) entries.push({ path: path.slice(0, -2), kind: 'positional', value });
    else if (typeof value === 'boolean' || isNumber(value)) {
      entries.push({ path, kind: isTrue(value) ? 'include' : 'exclude', value });
    } else if (isOperatorDoc(value)) entries.push({ path, ...readOperator(value) });
    else if (isDoc(value)) {
      if (keysOf(value).length === 0) {
        throw new MongoletError(
          51270,
          `An empty sub-projection is not a valid value. Found empty object at path ${path}`,
        );
      }
      collect(value, path, entries);
    } else entries.push({ path, kind: 'expression', value });
  }
}

function checkPath(path: string): void {
  if (path === '') throw new MongoletError(40352, 'FieldPath cannot be constructed with empty string');
  const parts = path.split('.');
  for (const [i, part] of parts.entries()) {
    if (part === '') throw new MongoletError(15998, 'FieldPath field names may not be empty strings.');
    if (!part.startsWith('$') || /^\$(ref|id|db)$/.test(part)) continue;
    if (part === '$' && i > 0 && i === parts.length - 1) continue;
    if (part === '$') {
      throw new MongoletError(
        31394,
        "As of 4.4, it's illegal to specify positional operator in the middle of a path.",
      );
    }
    throw new MongoletError(
      16410,
      `FieldPath field names may not start with '$'. Consider using $getField or $setField. (${path})`,
    );
  }
}

function readOperator(value: Doc): { kind: Entry['kind']; value: Value } {
  const operator = keysOf(value)[0] as string;
  const operand = getField(value, operator);
  if (operator === '$slice' && isFindSlice(operand)) return { kind: 'slice', value: operand };
  if (operator === '$elemMatch') return { kind: 'elemMatch', value: operand };
  if (operator === '$meta') throw errorOf('CommandNotSupported', '$meta is not supported by mongolet');
  return { kind: 'expression', value };
}

/** The aggregation's `$slice` has an array or an expression first, find's has numbers only. */
function isFindSlice(operand: Value | undefined): boolean {
  if (!Array.isArray(operand)) return isNumber(operand);
  return operand.length === 2 && isNumber(operand[0]);
}

function modeOf(entries: readonly Entry[]): 'inclusion' | 'exclusion' {
  let mode: 'inclusion' | 'exclusion' | undefined;
  for (const { path, kind } of entries) {
    if (path === '_id' || kind === 'slice') continue;
    const wanted = kind === 'exclude' ? 'exclusion' : 'inclusion';
    if (mode === undefined) mode = wanted;
    else if (mode !== wanted) throw modeConflict(mode, path, kind);
  }
  if (mode !== undefined) return mode;
  return entries.some(({ path, kind }) => path === '_id' && kind !== 'exclude') ? 'inclusion' : 'exclusion';
}

function modeConflict(mode: 'inclusion' | 'exclusion', path: string, kind: Entry['kind']): Error {
  if (mode === 'inclusion') {
    return new MongoletError(31254, `Cannot do exclusion on field ${path} in inclusion projection`);
  }
  if (kind === 'positional') {
    return new MongoletError(31395, 'positional projection cannot be used with exclusion');
  }
  return new MongoletError(31253, `Cannot do inclusion on field ${path} in exclusion projection`);
}

function addEntry(spec: ProjectionSpec, entry: Entry, compileExpr: CompileExpr | undefined): void {
  const { path, kind, value } = entry;
  const parts = path.split('.');
  const isKept = spec.mode === 'inclusion';
  switch (kind) {
    case 'include':
    case 'exclude':
      // `_id` alone may go against the rest.
      if (isKept === (kind === 'include')) addPath(spec.paths, parts);
      return;
    case 'slice':
      spec.slices.push({ parts, ...readSlice(value) });
      if (isKept) addPath(spec.paths, parts);
      return;
    case 'elemMatch':
      addElemMatch(spec, path, value);
      return;
    case 'positional':
      if (spec.positional !== undefined) {
        throw new MongoletError(31276, 'Cannot specify more than one positional projection per query.');
      }
      spec.positional = parts;
      addPath(spec.paths, parts);
      return;
    case 'expression':
      if (compileExpr === undefined) {
        throw errorOf('NotImplemented', `the expression at ${path} is not supported in a projection`);
      }
      spec.expressions.push({ parts, evaluate: compileExpr(value) });
  }
}

function addElemMatch(spec: ProjectionSpec, path: string, value: Value): void {
  if (!isDoc(value)) {
    throw new MongoletError(
      31274,
      `elemMatch: Invalid argument, object required, but got ${typeNameOf(value)}`,
    );
  }
  if (path.includes('.')) {
    throw new MongoletError(31275, `Cannot use $elemMatch projection on a nested field.`);
  }
  spec.elemMatches.push({ field: path, condition: value });
}

function addPath(tree: PathTree, parts: readonly string[]): void {
  let node = tree;
  for (const [i, part] of parts.entries()) {
    let child = node.children.get(part);
    const isLast = i === parts.length - 1;
    if (child?.isLeaf === true) {
      const rest = parts.slice(i + 1).join('.');
      throw new MongoletError(
        isLast ? 31250 : 31249,
        `Path collision at ${parts.join('.')}${isLast ? '' : ` remaining portion ${rest}`}`,
      );
    }
    if (child !== undefined && isLast) throw new MongoletError(31250, `Path collision at ${parts.join('.')}`);
    if (child === undefined) {
      child = { children: new Map(), isLeaf: isLast };
      node.children.set(part, child);
    }
    node = child;
  }
}

function readSlice(value: Value): { skip: number | undefined; limit: number } {
  if (!Array.isArray(value)) return { skip: undefined, limit: toInteger(value) };
  const skip = toInteger(value[0]);
  const limit = isNumber(value[1]) ? toInteger(value[1]) : 0;
  if (limit <= 0) {
    throw new MongoletError(
      28724,
      `First argument to $slice must be an array, or the limit positive: ${textOfValue(value)}`,
    );
  }
  return { skip, limit };
}

function toInteger(value: Value): number {
  const whole = toExactInteger(value) ?? truncateToBigint(value) ?? 0n;
  return Math.max(-0x80000000, Math.min(0x7fffffff, Number(whole)));
}
