/** `count` and `distinct` */

import type { Variables } from '../aggregate/expression.ts';
import { isCovered } from '../plan/covered.ts';
import type { Plan, Query } from '../plan/plan.ts';
import { choosePlan } from '../plan/planner.ts';
import { RecordStream } from '../plan/record-stream.ts';
import type { Collection } from '../store/collection.ts';
import { indexRange, wholeRange } from '../store/keys.ts';
import type { Doc, Value } from '../value/codec.ts';
import type { CollationChoice } from '../value/collation.ts';
import { keysOf } from '../value/document.ts';
import { indexValues } from '../value/path.ts';
import { BSON_UNDEFINED } from '../value/type.ts';
import { ValueMap } from '../value/value-map.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { collationChoiceOf, collationFor } from './collation-option.ts';
import {
  type CommandDefinition,
  type Engine,
  namespaceOf,
  optionalCount,
  optionalDoc,
  wrongType,
} from './command.ts';
import { compileQuery } from './compile.ts';

/** Counts the documents that match. */
export const count: CommandDefinition = {
  kind: 'read',
  fields: ['query', 'limit', 'skip', 'hint', 'fields', 'collation'],
  run(context): ReplyDoc {
    const { command, engine } = context;
    const query = {
      filter: optionalDoc(command, 'query') ?? {},
      hint: command.hint,
      collation: collationChoiceOf(command),
    };
    const skip = optionalCount(command, 'skip') ?? 0;
    const limit = optionalCount(command, 'limit') || Number.POSITIVE_INFINITY;
    return { n: countMatches(engine, namespaceOf(context), query, skip, limit), ok: 1 };
  },
};

/** The number of matches after `skip` of them, at most `limit`. */
export function countMatches(
  engine: Engine,
  namespace: string,
  query: { filter: Doc; hint?: Value; variables?: Variables; collation?: CollationChoice },
  skip: number,
  limit: number,
): number {
  const collection = engine.catalog.find(namespace);
  const collation = collationFor(query.collation, collection);
  const matcher = compileQuery(query.filter, query.variables, collation);
  if (!collection) return 0;
  const plan = choosePlan(collection, { ...query, collation });
  const total = countWithoutReading(engine, collection, plan, { filter: query.filter, collation });
  if (total !== undefined) return Math.min(limit, Math.max(0, total - skip));
  const stream = new RecordStream(engine.storage, collection, plan, matcher);
  let n = 0;
  for (const _record of stream) {
    n += 1;
    if (n === skip + limit) break;
  }
  return Math.max(0, n - skip);
}

/** The number of all matches where the keys of the documents, or of an index, tell it; else undefined. */
function countWithoutReading(
  { storage }: Engine,
  collection: Collection,
  plan: Plan,
  { filter, collation }: Query,
): number | undefined {
  if (keysOf(filter).length === 0) return storage.count(storage.documents, wholeRange(collection.id));
  if (!isCovered(plan, filter, collation)) return undefined;
  const { index, intervals } = plan;
  const counts = intervals.map(({ low, high }) =>
    storage.count(storage.indexes, indexRange(index.id, low, high)),
  );
  return counts.reduce((sum, n) => sum + n, 0);
}

/** Collects the different values of a field, those of arrays one by one. */
export const distinct: CommandDefinition = {
  kind: 'read',
  isForTransactions: true,
  fields: ['key', 'query', 'hint', 'collation'],
  run(context): ReplyDoc {
    const { command, engine } = context;
    const key = command.key;
    if (typeof key !== 'string') throw wrongType('distinct.key', key, 'string');
    const collection = engine.catalog.find(namespaceOf(context));
    const collation = collationFor(collationChoiceOf(command), collection);
    const query = { filter: optionalDoc(command, 'query') ?? {}, hint: command.hint, collation };
    const matcher = compileQuery(query.filter, {}, collation);
    if (!collection) return { values: [], ok: 1 };
    const stream = new RecordStream(engine.storage, collection, choosePlan(collection, query), matcher);
    const values = new ValueMap<Value>(collation);
    for (const { doc } of stream) {
      for (const value of indexValues(doc, key).values) {
        if (value !== undefined && value !== BSON_UNDEFINED) values.ensure(value, () => value);
      }
    }
    return { values: [...values.values()], ok: 1 };
  },
};
