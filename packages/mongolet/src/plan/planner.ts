/** Chooses the index for a query: equality first, then sort and range; without one the collection is scanned. */
import { BSONRegExp } from 'bson';
import { errorOf, MongoletError } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import { geoKey } from '../store/geo-keys.ts';
import type { Index, IndexField, IndexSpec } from '../store/index-info.ts';
import { shortenOrdered } from '../store/keys.ts';
import type { Value } from '../value/codec.ts';
import { equalValues } from '../value/compare.ts';
import { keysOf } from '../value/document.ts';
import { encodeKey, keyRange, lowerBoundOfType, successorOf, upperBoundOfType } from '../value/key.ts';
import { isDoc } from '../value/type.ts';
import { impliesPartial } from './partial.ts';
import type { IndexScan, Interval, Lookup, Plan, Query } from './plan.ts';
import { type FieldPredicate, predicatesOf } from './predicates.ts';
import { folded, rangeOf, sharesArray, usablePoints, usableWith } from './usable.ts';

/** More intervals than this cost more than they save. */
const MAX_INTERVALS = 1000;
/** Above this many streams a merge is slower than sorting what was found. */
const MAX_MERGED = 100;
/** More than any other reason for an index. */
const HINT_SCORE = 1000;

interface Candidate {
  readonly plan: Plan;
  readonly score: number;
}

/** Returns the plan for `query`; refuses a hint that names no index. */
export function choosePlan(collection: Collection, query: Query): Plan {
  const { filter, sort } = query;
  const sortKeys = sort ? keysOf(sort) : [];
  const natural = naturalDirection(query);
  const scan = wholeCollection(collection, natural === -1, sortKeys.length === 0 || natural !== undefined);
  const hinted = hintedIndex(collection, query.hint);
  if (natural !== undefined) return scan;
  const predicates = predicatesOf(filter);
  const exact = lookupById(collection, query, predicates);
  if (exact) return exact;
  let best: Candidate = { plan: scan, score: 0 };
  for (const index of collection.indexes) {
    if (index.spec.hidden) continue;
    const candidate = candidateOf(index, query, predicates);
    if (!candidate) continue;
    const score = candidate.score + (index === hinted ? HINT_SCORE : 0);
    if (score > best.score) best = { plan: candidate.plan, score };
  }
  if (hinted && best.score < HINT_SCORE) return wholeIndex(hinted, query, predicates);
  return best.plan;
}

/** Everything in natural order, which in a clustered collection is that of `_id`. */
function wholeCollection(collection: Collection, reverse: boolean, providesSort: boolean): Plan {
  if (!collection.isClustered) return { kind: 'collection', reverse, providesSort };
  const { idIndex } = collection;
  const intervals = intervalsOf(idIndex.fields, [], undefined);
  return {
    kind: 'index',
    index: idIndex,
    intervals,
    fixedFields: 0,
    reverse,
    providesSort,
    mustMerge: false,
  };
}

/** All entries of an index that was hinted at; a sparse one then leaves out documents, as in MongoDB. */
function wholeIndex(index: Index, query: Query, predicates: ReadonlyMap<string, FieldPredicate>): IndexScan {
  if (index.isGeo || (index.spec.partialFilterExpression && !holdsAllMatches(index, query, predicates))) {
    throw new MongoletError(
      291,
      'error processing query: planner returned error: the hinted index cannot be used',
      {
        codeName: 'NoQueryExecutionPlans',
      },
    );
  }
  return {
    kind: 'index',
    index,
    intervals: intervalsOf(index.fields, [], undefined),
    fixedFields: 0,
    reverse: false,
    providesSort: query.sort === undefined || keysOf(query.sort).length === 0,
    mustMerge: false,
  };
}

/** By far the most frequent filter: one `_id`, alone or with conditions on that one document. */
function lookupById(
  collection: Collection,
  { filter, collation }: Query,
  predicates: ReadonlyMap<string, FieldPredicate>,
): Lookup | undefined {
  const { idIndex } = collection;
  const points = usableWith(idIndex, collation, predicates.get('_id'))?.points;
  if (points?.length !== 1) return undefined;
  const { bytes, isShortened } = shortenOrdered(idIndex.encode(points));
  const isAlone = keysOf(filter).length === 1 && filter._id === points[0];
  return {
    kind: 'lookup',
    index: idIndex,
    keys: [bytes],
    providesSort: true,
    isExact: isAlone && points[0] !== null && !isShortened && !idIndex.collation,
  };
}

function naturalDirection(query: Query): 1 | -1 | undefined {
  const wanted = query.sort?.$natural ?? (isDoc(query.hint) ? query.hint.$natural : undefined);
  if (wanted === undefined) return undefined;
  return Number(wanted) < 0 ? -1 : 1;
}

function hintedIndex(collection: Collection, hint: Value): Index | undefined {
  if (hint === undefined || (isDoc(hint) && (keysOf(hint).length === 0 || hint.$natural !== undefined))) {
    return undefined;
  }
  const found = collection.indexes.find(
    ({ spec }) =>
      !spec.hidden &&
      (typeof hint === 'string' ? nameIn(collection, spec) === hint : equalValues(spec.key, hint)),
  );
  if (found) return found;
  throw errorOf(
    'BadValue',
    'error processing query: planner returned error: bad hint: hint provided does not correspond to an existing index',
  );
}

function nameIn({ options }: Collection, { name }: IndexSpec): Value {
  return name === '_id_' && isDoc(options.clusteredIndex) ? options.clusteredIndex.name : name;
}

function candidateOf(
  index: Index,
  query: Query,
  predicates: ReadonlyMap<string, FieldPredicate>,
): Candidate | undefined {
  if (!holdsAllMatches(index, query, predicates)) return undefined;
  if (index.isGeo) return geoCandidate(index, query, predicates);
  const { fields } = index;
  const predicateOf = (field: IndexField) => usableWith(index, query.collation, predicates.get(field.path));
  const points: Value[][] = [];
  let intervalCount = 1;
  for (const [i, field] of fields.entries()) {
    const values = sharesArray(index, i) ? undefined : usablePoints(index, predicateOf(field));
    if (!values || intervalCount * values.length > MAX_INTERVALS) break;
    intervalCount *= values.length;
    points.push(values);
  }
  const next = fields[points.length];
  const range = next && !sharesArray(index, points.length) ? rangeOf(index, predicateOf(next)) : undefined;
  const order = range?.prefix === undefined ? sortOrder(index, query, points) : undefined;
  const providesSort = order !== undefined && (intervalCount === 1 || intervalCount <= MAX_MERGED);
  const hasSort = query.sort !== undefined && keysOf(query.sort).length > 0;
  const usesSort = hasSort && providesSort;
  if (points.length === 0 && !range && !usesSort) return undefined;
  if (points.length === fields.length && index.isUnique && !hasSort) return lookup(index, points, predicates);
  const plan: IndexScan = {
    kind: 'index',
    index,
    intervals: intervalsOf(fields, folded(index, points), range),
    fixedFields: points.length,
    reverse: usesSort && order === -1,
    providesSort: !hasSort || providesSort,
    mustMerge: usesSort && intervalCount > 1,
  };
  return { plan, score: points.length * 4 + (range ? 2 : 0) + (usesSort ? 3 : 0) };
}

/** The points of an index between two on the first axis. */
function geoCandidate(
  index: Index,
  { sort }: Query,
  predicates: ReadonlyMap<string, FieldPredicate>,
): Candidate | undefined {
  const span = predicates.get(index.fields[0]?.path ?? '')?.span;
  if (!span) return undefined;
  const interval = { low: geoKey(span.low), high: successorOf(geoKey(span.high)), sharedBytes: 0 };
  const providesSort = sort === undefined || keysOf(sort).length === 0;
  const plan: IndexScan = {
    kind: 'index',
    index,
    intervals: [interval],
    fixedFields: 0,
    reverse: false,
    providesSort,
    mustMerge: false,
  };
  return { plan, score: 2 };
}

function lookup(index: Index, points: Value[][], predicates: ReadonlyMap<string, FieldPredicate>): Candidate {
  const keys = intervalsOf(index.fields, folded(index, points), undefined).map(
    ({ low }) => shortenOrdered(low).bytes,
  );
  const plan: Lookup = { kind: 'lookup', index, keys: distinct(keys), providesSort: true, isExact: false };
  // A few whole keys beat everything, and `_id` beats other indexes that would do.
  return { plan, score: 100 - predicates.size + (index.isIdIndex ? 1 : 0) };
}

function distinct(keys: Buffer[]): Buffer[] {
  const sorted = keys.sort(Buffer.compare);
  return sorted.filter((key, i) => i === 0 || !key.equals(sorted[i - 1] as Buffer));
}

function holdsAllMatches(
  index: Index,
  { filter, collation }: Query,
  predicates: ReadonlyMap<string, FieldPredicate>,
): boolean {
  const { sparse, partialFilterExpression } = index.spec;
  if (sparse && !index.fields.some((field) => predicates.get(field.path)?.isPresent)) return false;
  if (!partialFilterExpression) return true;
  // What implies what is decided without a collation.
  return !collation && !index.collation && impliesPartial(filter, predicates, partialFilterExpression);
}

/** Whether reading the index forwards (1) or backwards (-1) gives the order of the sort. */
function sortOrder(index: Index, { sort, collation }: Query, points: readonly Value[][]): 1 | -1 | undefined {
  if (!sort) return 1;
  if (index.isMultikey || index.hasShortened || index.collation || collation) return undefined;
  const fixed = new Set(
    index.fields
      .slice(0, points.length)
      .filter((_, i) => points[i]?.length === 1)
      .map((f) => f.path),
  );
  let position = points.length;
  let order: 1 | -1 | undefined;
  for (const path of keysOf(sort)) {
    if (fixed.has(path)) continue;
    const wanted = Number(sort[path]);
    const field = index.fields[position];
    if (!field || field.path !== path || !Number.isInteger(wanted)) return undefined;
    const direction = wanted === field.direction ? 1 : -1;
    if (order !== undefined && order !== direction) return undefined;
    order = direction;
    position += 1;
  }
  return order ?? 1;
}

function intervalsOf(
  fields: readonly IndexField[],
  points: readonly Value[][],
  range: FieldPredicate | undefined,
): Interval[] {
  let prefixes: Value[][] = [[]];
  for (const values of points) prefixes = prefixes.flatMap((row) => values.map((value) => [...row, value]));
  const directions = fields.map((field) => field.direction);
  const next = fields[points.length];
  const intervals = prefixes.flatMap((values): Interval[] => {
    const prefix = encodeKey(values, directions);
    const sharedBytes = prefix.length;
    if (!range || !next) return [{ low: prefix, high: successorOf(prefix), sharedBytes }];
    if (range.prefix !== undefined) return regexIntervals(prefix, next.direction, range.prefix);
    const { start, end } = keyRange(prefix, next.direction, range.low, range.high);
    return [{ low: start, high: end, sharedBytes }];
  });
  intervals.sort((a, b) => Buffer.compare(a.low, b.low));
  return intervals.filter((one, i) => i === 0 || !one.low.equals(intervals[i - 1]?.low ?? ONE_BYTE));
}

/** The strings that begin with a text; and all regular expressions, since one equals itself as a stored value. */
function regexIntervals(prefix: Buffer, direction: 1 | -1, text: string): Interval[] {
  const encoded = encodeKey([text], [direction]);
  // Without its last byte, which ends the string.
  const strings = Buffer.concat([prefix, encoded.subarray(0, encoded.length - 1)]);
  const low = Buffer.concat([prefix, lowerBoundOfType(ANY_REGEX, direction)]);
  const high = Buffer.concat([prefix, upperBoundOfType(ANY_REGEX, direction)]);
  const sharedBytes = prefix.length;
  return [
    { low: strings, high: successorOf(strings), sharedBytes },
    { low, high, sharedBytes },
  ];
}

const ANY_REGEX = new BSONRegExp('');
const ONE_BYTE = Buffer.of(0);
