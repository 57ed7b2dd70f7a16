/** The document that an upsert starts from: the equalities of its filter. */
import { errorOf } from '../errors.ts';
import { equalitiesForUpsert } from '../match/equality.ts';
import type { Doc, Value } from '../value/document.ts';
import { compareStrings } from '../value/string.ts';
import { TreeApplier } from './apply.ts';
import { createSet } from './field-operators.ts';
import { addOperation, createFields } from './tree.ts';

/**
 * Returns the document made of the equalities that a filter asks for, `_id` first. Two equalities on one path, or on a
 * path and one within it, leave open what to store: NotSingleValueField (54).
 */
export function seedUpsert(filter: Doc): Doc {
  const equalities = [...equalitiesForUpsert(filter)].sort(compareEntries);
  let doc: Doc = {};
  const seen: string[] = [];
  for (const [path, value] of equalities) {
    const parent = seen.find((other) => path.startsWith(`${other}.`));
    if (parent !== undefined) {
      throw errorOf(
        'NotSingleValueField',
        `cannot infer query fields to set, both paths '${path}' and '${parent}' are matched`,
      );
    }
    seen.push(path);
    doc = setPath(doc, path, value);
  }
  return doc;
}

/** MongoDB keeps equalities sorted by path; `_id` is moved to the front of every document. */
function compareEntries([a]: [string, Value], [b]: [string, Value]): number {
  const isIdA = a === '_id' || a.startsWith('_id.');
  const isIdB = b === '_id' || b.startsWith('_id.');
  if (isIdA !== isIdB) return isIdA ? -1 : 1;
  return compareStrings(a, b);
}

function setPath(doc: Doc, path: string, value: Value): Doc {
  const tree = createFields();
  addOperation(tree, path.split('.'), createSet(value));
  const context = { position: undefined, isInsert: true, now: new Date(0), original: doc, path: [] };
  return new TreeApplier(new Map()).apply(tree, doc, context) as Doc;
}
