/** `delete` */

import { errorOf } from '../errors.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { collationChoiceOf, collationFor } from './collation-option.ts';
import { type CommandDefinition, namespaceOf, numberOf } from './command.ts';
import { compileQuery } from './compile.ts';
import { runStatements, statementsOf } from './statements.ts';
import { checkStatement, requiredFilter } from './update.ts';
import { variablesOf } from './variables.ts';
import { findRecords } from './write-one.ts';

const STATEMENT_FIELDS = new Set(['q', 'limit', 'hint', 'collation']);

/** Removes documents. */
export const deleteCommand: CommandDefinition = {
  kind: 'write',
  isForTransactions: true,
  fields: ['deletes', 'ordered', 'let'],
  isRetryable: true,
  run(context): ReplyDoc {
    const variables = variablesOf(context.command);
    const { engine } = context;
    const collection = engine.catalog.find(namespaceOf(context));
    const statements = statementsOf(context, 'deletes');
    for (const { doc } of statements) checkStatement(doc, STATEMENT_FIELDS, 'delete.deletes');
    let n = 0;
    const writeErrors = runStatements(context, statements, ({ doc }) => {
      const filter = requiredFilter(doc, 'delete.deletes');
      const limit = numberOf(doc.limit);
      if (limit !== 0 && limit !== 1) {
        throw errorOf('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`);
      }
      const count = limit === 1 ? 1 : Number.POSITIVE_INFINITY;
      const collation = collationFor(collationChoiceOf(doc), collection);
      const query = { filter, hint: doc.hint, collation };
      const matcher = compileQuery(filter, variables, collation);
      const records = findRecords(engine, collection, query, matcher, count);
      if (!collection) return;
      for (const record of records) engine.records.remove(collection, record);
      n += records.length;
    });
    return { n, ...(writeErrors.length > 0 ? { writeErrors } : {}), ok: 1 };
  },
};
