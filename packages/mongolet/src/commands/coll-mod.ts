/** `collMod`: the validator of a collection, the life time of a TTL index, whether the planner may see an index. */
import { errorOf } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import { Index } from '../store/index-info.ts';
import type { Doc } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandDefinition, type Engine, namespaceOf, numberOf, optionalDoc } from './command.ts';
import { checkIndexSpec, sameKey } from './index-spec.ts';
import { VALIDATION_FIELDS, validationOptionsOf } from './validation.ts';

/** Changes the validation of a collection, or `expireAfterSeconds` or `hidden` of an index. */
export const collMod: CommandDefinition = {
  kind: 'write',
  fields: ['index', 'changeStreamPreAndPostImages', ...VALIDATION_FIELDS],
  run(context): ReplyDoc {
    const { engine, command } = context;
    const namespace = namespaceOf(context);
    const collection = engine.catalog.find(namespace);
    if (!collection) throw errorOf('NamespaceNotFound', `ns does not exist: ${namespace}`);
    if (command.changeStreamPreAndPostImages !== undefined)
      throw errorOf('NotImplemented', "mongolet does not support 'changeStreamPreAndPostImages'");
    if (VALIDATION_FIELDS.some((field) => command[field] !== undefined)) {
      const { options, collation } = collection;
      const changes = validationOptionsOf(context, options, collation);
      engine.catalog.changeOptions(collection, { ...options, ...changes });
    }
    const wanted = optionalDoc(command, 'index');
    return { ...(wanted ? changeIndex(engine, collection, wanted) : {}), ok: 1 };
  },
};

function changeIndex(engine: Engine, collection: Collection, wanted: Doc): ReplyDoc {
  const { name, keyPattern, expireAfterSeconds, hidden } = wanted;
  const position = collection.indexes.findIndex((index) =>
    isDoc(keyPattern) ? sameKey(index.spec.key, keyPattern) : index.spec.name === name,
  );
  const before = collection.indexes[position];
  if (!before)
    throw errorOf('IndexNotFound', `cannot find index ${String(name)} for ns ${collection.namespace}`);
  if (expireAfterSeconds === undefined && hidden === undefined) {
    throw errorOf('InvalidOptions', 'no expireAfterSeconds or hidden field');
  }
  if (hidden !== undefined && before.isIdIndex) throw errorOf('BadValue', "can't hide _id index");
  const changes = {
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(hidden === undefined ? {} : { hidden }),
  };
  const after = new Index(before.id, checkIndexSpec({ ...before.spec, ...changes }));
  after.isMultikey = before.isMultikey;
  after.hasShortened = before.hasShortened;
  collection.indexes = collection.indexes.with(position, after);
  engine.storage.onUndo(() => {
    collection.indexes = collection.indexes.with(position, before);
  });
  engine.catalog.save(collection);
  return replyOf(before, after, changes);
}

function replyOf(before: Index, after: Index, changes: Doc): ReplyDoc {
  const reply: ReplyDoc = {};
  if (changes.expireAfterSeconds !== undefined) {
    const old = before.spec.expireAfterSeconds;
    if (old !== undefined) reply.expireAfterSeconds_old = old;
    reply.expireAfterSeconds_new = numberOf(changes.expireAfterSeconds);
  }
  if (changes.hidden !== undefined) {
    reply.hidden_old = before.spec.hidden === true;
    reply.hidden_new = after.spec.hidden === true;
  }
  return reply;
}
