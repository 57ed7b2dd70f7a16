/** `insert` */
import { BSONRegExp, ObjectId } from 'bson';
import { errorOf } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import { type Doc, encode } from '../value/codec.ts';
import { docOf, keysOf } from '../value/document.ts';
import { BSON_UNDEFINED } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandContext, type CommandDefinition, namespaceOf } from './command.ts';
import { runStatements, type Statement, statementsOf } from './statements.ts';
import { checkDocument } from './validation.ts';

/** Inserts documents. */
export const insert: CommandDefinition = {
  kind: 'write',
  isForTransactions: true,
  fields: ['documents', 'ordered', 'bypassDocumentValidation'],
  isRetryable: true,
  run(context): ReplyDoc {
    const statements = statementsOf(context, 'documents');
    const collection = context.engine.catalog.ensure(namespaceOf(context));
    let n = 0;
    const writeErrors = runStatements(context, statements, (statement) => {
      insertOne(context, collection, statement);
      n += 1;
    });
    return { n, ...(writeErrors.length > 0 ? { writeErrors } : {}), ok: 1 };
  },
};

/** Inserts one document, with an `_id` made up where it has none. */
export function insertOne(context: CommandContext, collection: Collection, statement: Statement): void {
  const doc = withIdFirst(statement.doc);
  const bytes = doc === statement.doc && statement.bytes ? statement.bytes : encode(doc);
  checkDocument(context, collection, doc);
  context.engine.records.insert(collection, doc, bytes);
}

/** Returns the document with its `_id` in the first place, made up where it has none. */
function withIdFirst(doc: Doc): Doc {
  const keys = keysOf(doc);
  const id = doc._id;
  checkId(id);
  if (keys[0] === '_id') return doc;
  const rest = keys.filter((key) => key !== '_id').map((key): [string, unknown] => [key, doc[key]]);
  return docOf([['_id', id === undefined ? new ObjectId() : id], ...rest]);
}

/** Refuses what cannot be an `_id`. */
export function checkId(id: unknown): void {
  const wrong = Array.isArray(id) ? 'array' : id instanceof BSONRegExp ? 'regex' : undefined;
  if (wrong) throw errorOf('InvalidIdField', `The '_id' value cannot be of type ${wrong}`);
  if (id === BSON_UNDEFINED) throw errorOf('InvalidIdField', "The '_id' value cannot be of type undefined");
  if (typeof id !== 'object' || id === null || '_bsontype' in id || id instanceof Date) return;
  const dollar = keysOf(id as Doc).find((key) => key.startsWith('$'));
  if (dollar === undefined) return;
  throw errorOf(
    'DollarPrefixedFieldName',
    `_id fields may not contain '$'-prefixed fields: ${dollar} is not valid for storage.`,
  );
}
