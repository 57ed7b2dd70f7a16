/** `create`, `drop`, `dropDatabase`, `renameCollection`, `listCollections` and `listDatabases` */
import { Binary } from 'bson';
import { errorOf } from '../errors.ts';
import { compileFilter } from '../match/index.ts';
import { Cursor } from '../session/cursors.ts';
import type { Collection } from '../store/collection.ts';
import { wholeRange } from '../store/keys.ts';
import { type Doc, encode } from '../value/codec.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import {
  type CommandContext,
  type CommandDefinition,
  type Engine,
  isSet,
  namespaceOf,
  optionalCount,
  optionalDoc,
} from './command.ts';
import { CREATE_FIELDS, createOptionsOf } from './create-options.ts';
import { openCursor } from './cursor-reply.ts';

/** Makes an empty collection. */
export const create: CommandDefinition = {
  kind: 'write',
  isForTransactions: true,
  fields: CREATE_FIELDS,
  run(context): ReplyDoc {
    context.engine.catalog.create(namespaceOf(context), createOptionsOf(context));
    return { ok: 1 };
  },
};

/** Removes a collection; one that does not exist is as good as dropped. */
export const drop: CommandDefinition = {
  kind: 'write',
  fields: [],
  run(context): ReplyDoc {
    const { engine } = context;
    const namespace = namespaceOf(context);
    const collection = engine.catalog.find(namespace);
    if (!collection) return { ok: 1 };
    dropOne(engine, collection);
    return { nIndexesWas: collection.indexes.length, ns: namespace, ok: 1 };
  },
};

function dropOne(engine: Engine, collection: Collection): void {
  engine.catalog.drop(collection);
  engine.log.note({ kind: 'drop', namespace: collection.namespace });
  engine.cursors.closeAllOf(collection.namespace);
}

/** Removes all collections of a database. */
export const dropDatabase: CommandDefinition = {
  kind: 'write',
  fields: [],
  run({ engine, database }): ReplyDoc {
    const collections = engine.catalog.list(database);
    for (const collection of collections) {
      dropOne(engine, collection);
    }
    if (collections.length > 0) engine.log.note({ kind: 'dropDatabase', namespace: database });
    return { ...(collections.length > 0 ? { dropped: database } : {}), ok: 1 };
  },
};

/** Gives a collection another name. */
export const renameCollection: CommandDefinition = {
  kind: 'write',
  fields: ['to', 'dropTarget'],
  run({ engine, command }): ReplyDoc {
    const from = String(command.renameCollection);
    const to = String(command.to);
    const collection = engine.catalog.find(from);
    if (!collection) throw errorOf('NamespaceNotFound', `Source collection ${from} does not exist`);
    if (from === to) throw errorOf('IllegalOperation', "Can't rename a collection to itself");
    const target = engine.catalog.find(to);
    if (target && !isSet(command, 'dropTarget')) throw errorOf('NamespaceExists', 'target namespace exists');
    if (target) engine.catalog.drop(target);
    engine.catalog.rename(collection, to);
    engine.log.note({ kind: 'rename', namespace: from, to, dropTarget: target?.uuid });
    engine.cursors.closeAllOf(from);
    engine.cursors.closeAllOf(to);
    return { ok: 1 };
  },
};

/** Opens a cursor on the collections of a database. */
export const listCollections: CommandDefinition = {
  kind: 'read',
  fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
  run(context): ReplyDoc {
    const { command, engine, database } = context;
    const isNameOnly = isSet(command, 'nameOnly');
    const all = engine.catalog.list(database).map((one): Doc => {
      const { name, uuid, idIndex, options } = one;
      if (isNameOnly) return { name, type: 'collection' };
      const info = { readOnly: false, uuid: new Binary(Buffer.from(uuid.replaceAll('-', ''), 'hex'), 4) };
      return {
        name,
        type: 'collection',
        options,
        info,
        ...(options.clusteredIndex ? {} : { idIndex: idIndex.spec }),
      };
    });
    return cursorOver(context, `${database}.$cmd.listCollections`, filtered(context, all));
  },
};

/** Lists the databases that have collections. */
export const listDatabases: CommandDefinition = {
  kind: 'read',
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run(context): ReplyDoc {
    const { command, engine } = context;
    const byName = new Map<string, number>();
    for (const collection of engine.catalog.list()) {
      const count = engine.storage.count(engine.storage.documents, wholeRange(collection.id));
      byName.set(collection.database, (byName.get(collection.database) ?? 0) + count);
    }
    const isNameOnly = isSet(command, 'nameOnly');
    // LMDB keeps all databases in one file: a database's own share is estimated by its documents.
    const all = [...byName].map(
      ([name, count]): Doc =>
        isNameOnly ? { name } : { name, sizeOnDisk: 4096 + count * 512, empty: false },
    );
    const databases = filtered(context, all);
    const totalSize = databases.reduce((sum, one) => sum + Number(one.sizeOnDisk ?? 0), 0);
    return { databases, ...(isNameOnly ? {} : { totalSize }), ok: 1 };
  },
};

function filtered(context: CommandContext, docs: Doc[]): Doc[] {
  const filter = optionalDoc(context.command, 'filter');
  if (!filter) return docs;
  const matcher = compileFilter(filter);
  return docs.filter((doc) => matcher.matches(doc));
}

function cursorOver(context: CommandContext, namespace: string, docs: Doc[]): ReplyDoc {
  const queue = docs.map((doc) => encode(doc));
  const batchSize = optionalCount(optionalDoc(context.command, 'cursor') ?? {}, 'batchSize');
  const cursor = new Cursor(namespace, { next: () => queue.shift(), suspend() {} }, docs.length);
  return openCursor(context.engine, cursor, { batchSize, isSingleBatch: false });
}
