/** `explain`: the plan of a query, and how much a run of it looks at. */
import { explainedPipeline } from '../aggregate/aggregate.ts';
import { errorOf } from '../errors.ts';
import { isCovered } from '../plan/covered.ts';
import type { Plan } from '../plan/plan.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { collationFor } from './collation-option.ts';
import { type CommandContext, type CommandDefinition, wrongType } from './command.ts';
import { type FindQuery, findQueryOf, openFind } from './find.ts';

const VERBOSITIES = ['queryPlanner', 'executionStats', 'allPlansExecution'];

/** Explains `find`, `aggregate`, `count`, `distinct`, `findAndModify`, and the first statement of `update` and `delete`. */
export const explain: CommandDefinition = {
  kind: 'read',
  fields: ['verbosity'],
  run(context): ReplyDoc {
    const verbosity = context.command.verbosity ?? 'allPlansExecution';
    if (!VERBOSITIES.includes(String(verbosity))) {
      throw errorOf(
        'BadValue',
        `Enumeration value '${String(verbosity)}' for field 'explain.verbosity' is not valid`,
      );
    }
    const inner = context.command.explain;
    if (!isDoc(inner)) throw wrongType('explain', inner, 'object');
    const name = keysOf(inner)[0] ?? '';
    const namespace = `${context.database}.${String(inner[name])}`;
    const { query, rest } =
      name === 'aggregate' ? explainedPipeline(inner) : { query: queryOf(context, name, inner), rest: [] };
    const { source, plan, stream } = openFind(context.engine, namespace, query);
    let returned = 0;
    const runs = verbosity !== 'queryPlanner';
    const isCounted = name === 'count' && isCountedByIndex(context, namespace, query, plan);
    while (runs && !isCounted && returned < query.limit && source.next()) returned += 1;
    source.suspend();
    const { keys, documents } = stream?.examined ?? { keys: 0, documents: 0 };
    const executionStats = {
      executionSuccess: true,
      nReturned: returned,
      totalKeysExamined: keys,
      totalDocsExamined: documents,
    };
    const cursor = {
      queryPlanner: {
        namespace,
        winningPlan: isCounted ? { ...stageOf(plan, query), stage: 'COUNT_SCAN' } : stageOf(plan, query),
        rejectedPlans: [],
      },
      ...(runs ? { executionStats, totalDocsExamined: documents } : {}),
    };
    return rest.length === 0 ? { ...cursor, ok: 1 } : { stages: [{ $cursor: cursor }, ...rest], ok: 1 };
  },
};

function isCountedByIndex(
  { engine }: CommandContext,
  namespace: string,
  { filter, collation }: FindQuery,
  plan: Plan | undefined,
): boolean {
  return (
    plan !== undefined && isCovered(plan, filter, collationFor(collation, engine.catalog.find(namespace)))
  );
}

function queryOf(context: CommandContext, name: string, inner: Doc): FindQuery {
  switch (name) {
    case 'find':
      return findQueryOf(context, inner);
    case 'count':
    case 'distinct':
    case 'findAndModify':
      return findQueryOf(context, {
        filter: inner.query ?? {},
        sort: inner.sort,
        hint: inner.hint,
        collation: inner.collation,
      });
    case 'update':
    case 'delete': {
      const statements = inner[`${name}s`];
      const first: unknown = Array.isArray(statements) ? statements[0] : undefined;
      if (!isDoc(first)) throw wrongType(`${name}s`, statements, 'array');
      return findQueryOf(context, {
        filter: first.q ?? {},
        hint: first.hint,
        collation: first.collation,
      });
    }
    default:
      throw errorOf('CommandNotSupported', `mongolet cannot explain '${name}'`);
  }
}

function stageOf(plan: Plan | undefined, query: FindQuery): ReplyDoc {
  if (!plan) return { stage: 'EOF' };
  const access = accessOf(plan);
  return query.sort && !plan.providesSort
    ? { stage: 'SORT', sortPattern: query.sort, inputStage: access }
    : access;
}

function accessOf(plan: Plan): ReplyDoc {
  if (plan.kind === 'collection')
    return { stage: 'COLLSCAN', direction: plan.reverse ? 'backward' : 'forward' };
  const { name, key } = plan.index.spec;
  return {
    stage: 'IXSCAN',
    indexName: name,
    keyPattern: key,
    isMultiKey: plan.index.isMultikey,
    isUnique: plan.index.isUnique,
    direction: plan.kind === 'index' && plan.reverse ? 'backward' : 'forward',
  };
}
