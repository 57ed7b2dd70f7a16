/** `collMod`: the life time of a TTL index, and nothing else. */
import { errorOf } from '../errors.ts';
import { Index } from '../store/index-info.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandDefinition, namespaceOf, numberOf, optionalDoc } from './command.ts';
import { checkIndexSpec, sameKey } from './index-spec.ts';

/** Changes `expireAfterSeconds` of an index. */
export const collMod: CommandDefinition = {
  kind: 'write',
  fields: ['index'],
  run(context): ReplyDoc {
    const { engine, command } = context;
    const namespace = namespaceOf(context);
    const collection = engine.catalog.find(namespace);
    if (!collection) throw errorOf('NamespaceNotFound', `ns does not exist: ${namespace}`);
    const wanted = optionalDoc(command, 'index');
    if (!wanted) throw errorOf('InvalidOptions', 'mongolet supports collMod for an index only');
    const { name, keyPattern, expireAfterSeconds } = wanted;
    const position = collection.indexes.findIndex((index) =>
      isDoc(keyPattern) ? sameKey(index.spec.key, keyPattern) : index.spec.name === name,
    );
    const before = collection.indexes[position];
    if (!before) throw errorOf('IndexNotFound', `cannot find index ${String(name)} for ns ${namespace}`);
    if (expireAfterSeconds === undefined) throw errorOf('InvalidOptions', 'no expireAfterSeconds field');
    const after = new Index(before.id, checkIndexSpec({ ...before.spec, expireAfterSeconds }));
    after.isMultikey = before.isMultikey;
    after.hasShortened = before.hasShortened;
    collection.indexes = collection.indexes.with(position, after);
    engine.storage.onUndo(() => {
      collection.indexes = collection.indexes.with(position, before);
    });
    engine.catalog.save(collection);
    return {
      ...(before.spec.expireAfterSeconds === undefined
        ? {}
        : { expireAfterSeconds_old: before.spec.expireAfterSeconds }),
      expireAfterSeconds_new: numberOf(expireAfterSeconds),
      ok: 1,
    };
  },
};
