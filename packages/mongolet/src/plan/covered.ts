/** Decides whether the entries of an index answer a query alone, without the documents behind them. */

import type { Doc } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';
import { keysOf } from '../value/document.ts';
import type { IndexScan, Plan } from './plan.ts';
import { type Conjunct, conjunctsOf, isOperators, predicatesOf } from './predicates.ts';

/** Whether each entry that the plan reads is a document that matches, and no two are the same one. */
export function isCovered(plan: Plan, filter: Doc, collation: Collation | undefined): plan is IndexScan {
  if (plan.kind !== 'index' || collation) return false;
  const { index } = plan;
  if (index.isMultikey || index.hasShortened || index.collation) return false;
  const conjuncts = conjunctsOf(filter);
  const paths = new Set(conjuncts.map(({ path }) => path));
  const isFixed = index.fields.slice(0, plan.fixedFields).every(({ path }) => paths.has(path));
  return isFixed && conjuncts.length === plan.fixedFields && conjuncts.every(isWholeDemand);
}

/** A condition that is nothing but certain values. Null is not: an index does not tell it from a missing field. */
function isWholeDemand({ path, condition }: Conjunct): boolean {
  const isPoints = !isOperators(condition) || ['$eq', '$in'].includes(keysOf(condition).join());
  const points = predicatesOf({ [path]: condition }).get(path)?.points;
  return isPoints && points !== undefined && !points.includes(null);
}
