/** Decides whether a query's filter implies an index's partial filter, so that the index holds all it may find. */
import { compileFilter } from '../match/index.ts';
import type { Doc, Value } from '../value/codec.ts';
import { compareValues, equalValues } from '../value/compare.ts';
import { keysOf } from '../value/document.ts';
import { type Bound, type Conjunct, conjunctsOf, type FieldPredicate, isOperators } from './predicates.ts';

/** True only when every document that matches the query also matches the partial filter. */
export function impliesPartial(
  filter: Doc,
  predicates: ReadonlyMap<string, FieldPredicate>,
  partialFilter: Doc,
): boolean {
  const given = conjunctsOf(filter);
  return conjunctsOf(partialFilter).every((wanted) => {
    if (given.some((one) => one.path === wanted.path && equalValues(one.condition, wanted.condition)))
      return true;
    const predicate = predicates.get(wanted.path);
    if (!predicate) return false;
    if (predicate.points) return predicate.points.every((point) => pointMatches(wanted, point));
    return isOperators(wanted.condition) && boundsImply(predicate, wanted.condition);
  });
}

function pointMatches(wanted: Conjunct, point: Value): boolean {
  const path = wanted.path.split('.');
  const doc = path.reduceRight<Value>((inner, name) => ({ [name]: inner }), point) as Doc;
  // A missing field equals null as well, and may yet fail `$exists`: null proves nothing.
  return point !== null && compileFilter({ [wanted.path]: wanted.condition }).matches(doc);
}

function boundsImply(predicate: FieldPredicate, wanted: Doc): boolean {
  return keysOf(wanted).every((operator) => {
    const value = wanted[operator];
    switch (operator) {
      case '$exists':
        return isTrue(value) && predicate.isPresent;
      case '$gt':
      case '$gte':
        return boundImplies(predicate.low, value, operator === '$gte', 1);
      case '$lt':
      case '$lte':
        return boundImplies(predicate.high, value, operator === '$lte', -1);
      default:
        return false;
    }
  });
}

function boundImplies(
  bound: Bound | undefined,
  value: Value,
  inclusive: boolean,
  direction: 1 | -1,
): boolean {
  if (!bound) return false;
  const order = compareValues(bound.value, value) * direction;
  return order > 0 || (order === 0 && (inclusive || !bound.inclusive));
}

function isTrue(value: Value): boolean {
  return value === true || Number(value) === 1;
}
