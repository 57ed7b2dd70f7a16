/** `createIndexes`, `listIndexes` and `dropIndexes` */
import { errorOf, MongoletError } from '../errors.ts';
import { Cursor } from '../session/cursors.ts';
import type { Collection } from '../store/collection.ts';
import { type Index, type IndexSpec, idIndexSpec } from '../store/index-info.ts';
import { type Doc, encode, type Value } from '../value/codec.ts';
import { equalValues } from '../value/compare.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import {
  type CommandContext,
  type CommandDefinition,
  namespaceOf,
  optionalCount,
  optionalDoc,
  wrongType,
} from './command.ts';
import { openCursor } from './cursor-reply.ts';
import { checkIndexSpec, compareSpecs, sameKey } from './index-spec.ts';

const MAX_INDEXES = 64;

/** Makes indexes and fills them. */
export const createIndexes: CommandDefinition = {
  kind: 'write',
  isBulk: true,
  isForTransactions: true,
  fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'],
  run(context): ReplyDoc {
    const { command, engine } = context;
    const given = command.indexes;
    if (!Array.isArray(given)) throw wrongType('createIndexes.indexes', given, 'array');
    if (given.length === 0) throw errorOf('BadValue', 'Must specify at least one index to create');
    const namespace = namespaceOf(context);
    const existing = engine.catalog.find(namespace);
    const specs = given.map((one: Value) => {
      if (!isDoc(one)) throw wrongType('createIndexes.indexes', one, 'object');
      return checkIndexSpec(one, existing?.collation);
    });
    const collection = engine.catalog.ensure(namespace);
    const before = collection.indexes.length;
    for (const spec of specs) {
      if (sameKey(spec.key, idIndexSpec().key)) {
        checkIdCollation(collection, spec);
        continue;
      }
      if (collection.indexes.some((index) => compareSpecs(spec, index.spec) === 'same')) continue;
      if (engine.storage.view && !engine.storage.view.isOwnEmpty(collection)) {
        throw errorOf(
          'OperationNotSupportedInTransaction',
          `Cannot create new indexes on existing collection ${namespace} in a multi-document transaction.`,
        );
      }
      if (collection.cap && spec.expireAfterSeconds !== undefined)
        throw errorOf('CannotCreateIndex', 'Cannot create TTL index on a capped collection');
      if (collection.indexes.length >= MAX_INDEXES) {
        throw errorOf('CannotCreateIndex', `add index fails, too many indexes for ${namespace}`);
      }
      engine.records.fillIndex(collection, engine.catalog.addIndex(collection, spec));
    }
    return {
      numIndexesBefore: before,
      numIndexesAfter: collection.indexes.length,
      createdCollectionAutomatically: !existing,
      ...(collection.indexes.length === before ? { note: 'all indexes already exist' } : {}),
      ok: 1,
    };
  },
};

function checkIdCollation(collection: Collection, spec: IndexSpec): void {
  if (equalValues(spec.collation ?? null, collection.idIndex.spec.collation ?? null)) return;
  throw errorOf(
    'BadValue',
    'The _id index must have the same collation as the collection, which cannot be changed',
  );
}

/** Opens a cursor on the specifications of a collection's indexes. */
export const listIndexes: CommandDefinition = {
  kind: 'read',
  fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
  run(context): ReplyDoc {
    const collection = existingCollection(context);
    const specs = collection.indexes.map((index) => encode(reportedSpec(collection, index)));
    const cursorOptions = optionalDoc(context.command, 'cursor') ?? {};
    const cursor = new Cursor(
      collection.namespace,
      { next: () => specs.shift(), suspend() {} },
      collection.indexes.length,
    );
    const batchSize = optionalCount(cursorOptions, 'batchSize');
    return openCursor(context.engine, cursor, { batchSize, isSingleBatch: false });
  },
};

function reportedSpec({ options }: Collection, index: Index): Doc {
  const { clusteredIndex } = options;
  return index.isIdIndex && isDoc(clusteredIndex) ? { ...clusteredIndex, clustered: true } : index.spec;
}

/** Drops indexes by name, by names, by key, or all but that on `_id`. */
export const dropIndexes: CommandDefinition = {
  kind: 'write',
  fields: ['index'],
  run(context): ReplyDoc {
    const { engine, command } = context;
    const collection = existingCollection(context);
    const nIndexesWas = collection.indexes.length;
    for (const index of indexesToDrop(collection, command.index)) engine.catalog.dropIndex(collection, index);
    engine.cursors.closeAllOf(collection.namespace);
    return { nIndexesWas, ok: 1 };
  },
};

function indexesToDrop(collection: Collection, wanted: Value): Index[] {
  if (wanted === '*') return collection.indexes.filter((index) => !index.isIdIndex);
  if (Array.isArray(wanted)) return wanted.flatMap((one: Value) => indexesToDrop(collection, one));
  if (typeof wanted !== 'string' && !isDoc(wanted)) throw wrongType('dropIndexes.index', wanted, 'string');
  const found = collection.indexes.find((index) =>
    typeof wanted === 'string'
      ? reportedSpec(collection, index).name === wanted
      : sameKey(index.spec.key, wanted),
  );
  if (!found) {
    const message =
      typeof wanted === 'string' ? `index not found with name [${wanted}]` : "can't find index with this key";
    throw errorOf('IndexNotFound', message);
  }
  if (found.isIdIndex && collection.isClustered)
    throw new MongoletError(5979800, 'Cannot drop the clustered index');
  if (found.isIdIndex) throw errorOf('InvalidOptions', 'cannot drop _id index');
  return [found];
}

function existingCollection(context: CommandContext): Collection {
  const namespace = namespaceOf(context);
  const collection = context.engine.catalog.find(namespace);
  if (collection) return collection;
  throw errorOf('NamespaceNotFound', `ns does not exist: ${namespace}`);
}
