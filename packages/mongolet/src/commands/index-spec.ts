/** Checks what `createIndexes` is given. */
import { errorOf, MongoletError } from '../errors.ts';
import type { IndexSpec } from '../store/index-info.ts';
import type { Doc, Value } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';
import { equalValues } from '../value/compare.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { collationChoiceOf } from './collation-option.ts';
import { isSet, numberOf, wrongType } from './command.ts';
import { checkPartialFilter } from './partial-filter.ts';

const KNOWN_OPTIONS = new Set([
  'v',
  'key',
  'name',
  'ns',
  'background',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'hidden',
  'collation',
]);
const REFUSED_OPTIONS = new Set([
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'storageEngine',
  'wildcardProjection',
  'clustered',
  'prepareUnique',
  'dropDups',
]);
const MAX_EXPIRE_S = 2_147_483_647;

/**
 * Returns the specification as it will be kept; throws for whatever is wrong or not supported. An index that does not say
 * how its strings compare does it as its collection.
 */
export function checkIndexSpec(given: Doc, ofCollection?: Collation): IndexSpec {
  for (const option of keysOf(given)) {
    if (REFUSED_OPTIONS.has(option)) {
      throw errorOf('NotImplemented', `mongolet does not support the index option '${option}'`);
    }
    if (!KNOWN_OPTIONS.has(option)) {
      throw new MongoletError(197, `The field '${option}' is not valid for an index specification.`, {
        codeName: 'InvalidIndexSpecificationOption',
      });
    }
  }
  const key = checkKey(given.key);
  const name = given.name;
  if (typeof name !== 'string' || name === '' || name === '*') {
    throw errorOf('CannotCreateIndex', `'${String(name)}' is not a valid index name`);
  }
  const choice = collationChoiceOf(given);
  const collation = choice === undefined ? ofCollection : choice;
  const isGeo = keysOf(key).some((path) => key[path] === '2d');
  if (isGeo && (collation || isSet(given, 'unique') || given.expireAfterSeconds !== undefined))
    throw errorOf('CannotCreateIndex', 'a 2d index cannot be unique, expire, or have a collation');
  if (collation && keysOf(key).some((path) => key[path] === 'hashed'))
    throw errorOf('CannotCreateIndex', 'Hashed indexes do not currently support collation');
  const partial = checkPartial(given.partialFilterExpression);
  const isSparse = isSet(given, 'sparse');
  if (isSet(given, 'unique') && keysOf(key).some((path) => key[path] === 'hashed')) {
    throw new MongoletError(16764, 'Currently hashed indexes cannot guarantee uniqueness');
  }
  if (partial && isSparse) {
    throw errorOf('CannotCreateIndex', "cannot mix 'partialFilterExpression' and 'sparse' options");
  }
  const expireAfterSeconds = checkExpiry(given.expireAfterSeconds, key);
  return {
    v: 2,
    key,
    name,
    ...(isSet(given, 'unique') ? { unique: true } : {}),
    ...(isSparse ? { sparse: true } : {}),
    ...(partial ? { partialFilterExpression: partial } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
    ...(isSet(given, 'hidden') ? { hidden: true } : {}),
    ...(collation ? { collation: collation.spec } : {}),
  };
}

function checkKey(key: Value): Doc {
  if (!isDoc(key)) throw wrongType('createIndexes.indexes.key', key, 'object');
  const paths = keysOf(key);
  if (paths.length === 0) throw errorOf('CannotCreateIndex', 'Index keys cannot be an empty object');
  if (paths.length > 32)
    throw errorOf('CannotCreateIndex', `an index has at most 32 fields, not ${paths.length}`);
  if (paths.filter((path) => key[path] === 'hashed').length > 1) {
    throw new MongoletError(31303, 'A maximum of one index field is allowed to be hashed');
  }
  for (const path of paths) {
    const value = key[path];
    if (value === '2d' && path === paths[0]) continue;
    if (value === '2d')
      throw errorOf('CannotCreateIndex', `2d has to be first in index, unlike field '${path}'`);
    if (typeof value === 'string' && value !== 'hashed') {
      throw errorOf(
        'CommandNotSupported',
        `mongolet does not support indexes of type '${value}' (field '${path}')`,
      );
    }
    const direction = value === 'hashed' ? 1 : numberOf(value);
    if (direction === undefined || direction === 0 || Number.isNaN(direction)) {
      throw errorOf(
        'CannotCreateIndex',
        `Values in the index key pattern must be numbers other than 0, field '${path}' has another`,
      );
    }
    if (path.includes('$**'))
      throw errorOf('CommandNotSupported', 'mongolet does not support wildcard indexes');
    if (path === '' || path.split('.').some((part) => part === '' || part.startsWith('$'))) {
      throw errorOf('CannotCreateIndex', `Index key contains an illegal field name: '${path}'`);
    }
  }
  return key;
}

function checkPartial(filter: Value): Doc | undefined {
  if (filter === undefined) return undefined;
  if (!isDoc(filter)) throw wrongType('partialFilterExpression', filter, 'object');
  checkPartialFilter(filter);
  return filter;
}

function checkExpiry(value: Value, key: Doc): number | undefined {
  if (value === undefined) return undefined;
  const seconds = numberOf(value);
  if (seconds === undefined || !(seconds >= 0 && seconds <= MAX_EXPIRE_S)) {
    throw errorOf(
      'CannotCreateIndex',
      `TTL index 'expireAfterSeconds' must be between 0 and ${MAX_EXPIRE_S}, not ${String(value)}`,
    );
  }
  if (keysOf(key).length > 1) {
    throw errorOf(
      'CannotCreateIndex',
      'TTL indexes are single-field indexes, compound indexes do not support TTL',
    );
  }
  if (key._id !== undefined) {
    throw errorOf(
      'CannotCreateIndex',
      "The field 'expireAfterSeconds' is not valid for an _id index specification",
    );
  }
  return Math.trunc(seconds);
}

/** Compares a wanted index with one that is there: the same, in its way, or another. */
export function compareSpecs(wanted: IndexSpec, existing: IndexSpec): 'same' | 'different' {
  // To MongoDB the collation belongs to what is indexed, not to how.
  const isSameKey =
    sameKey(wanted.key, existing.key) && equalValues(wanted.collation ?? null, existing.collation ?? null);
  const isSameKind =
    wanted.unique === existing.unique &&
    wanted.sparse === existing.sparse &&
    equalValues(wanted.partialFilterExpression ?? null, existing.partialFilterExpression ?? null);
  const isSame =
    isSameKey && isSameKind && Number(wanted.expireAfterSeconds) === Number(existing.expireAfterSeconds);
  const bothTimeless = wanted.expireAfterSeconds === undefined && existing.expireAfterSeconds === undefined;
  if (wanted.name === existing.name) {
    if (isSame || (isSameKey && isSameKind && bothTimeless)) return 'same';
    throw errorOf(
      'IndexKeySpecsConflict',
      `An existing index has the same name as the requested index: '${wanted.name}', but other keys or options`,
    );
  }
  if (isSameKey && isSameKind) {
    throw errorOf('IndexOptionsConflict', `Index already exists with a different name: ${existing.name}`);
  }
  return 'different';
}

/** Whether two key patterns are the same, order included. */
export function sameKey(a: Doc, b: Doc): boolean {
  return equalValues(a, b);
}
