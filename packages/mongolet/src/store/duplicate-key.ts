/** The error of a unique index, in MongoDB's words: applications read the index's name and the values out of it. */
import { CODES, MongoletError } from '../errors.ts';
import type { Doc, Value } from '../value/codec.ts';
import { compoundIndexKeys } from '../value/path.ts';
import type { Index } from './index-info.ts';
import { shortenOrdered } from './keys.ts';
import { showValue } from './show-value.ts';

/** Returns the error 11000 for the key `ordered` of `doc`. */
export function duplicateKeyError(namespace: string, index: Index, ordered: Buffer, doc: Doc): MongoletError {
  const paths = index.fields.map((field) => field.path);
  const { keys } = compoundIndexKeys(doc, paths);
  const values = keys.find((one) => shortenOrdered(index.encode(one)).bytes.equals(ordered)) ?? keys[0] ?? [];
  const keyValue: Doc = {};
  for (const [i, path] of paths.entries()) keyValue[path] = (values[i] ?? null) as Value;
  const shown = paths.map((path) => `${path}: ${showValue(keyValue[path])}`).join(', ');
  return new MongoletError(
    CODES.DuplicateKey,
    `E11000 duplicate key error collection: ${namespace} index: ${index.spec.name} dup key: { ${shown} }`,
    { codeName: 'DuplicateKey', extra: { keyPattern: index.spec.key, keyValue } },
  );
}
