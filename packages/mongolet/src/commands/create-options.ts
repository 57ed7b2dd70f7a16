/** The options of `create`: those that are supported, checked, as they will be kept and reported. */

import { Long } from 'bson';
import { errorOf, MongoletError } from '../errors.ts';
import type { Doc } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { collationChoiceOf } from './collation-option.ts';
import { type CommandContext, isSet, numberOf, optionalDoc, wrongType } from './command.ts';
import { sameKey } from './index-spec.ts';
import { VALIDATION_FIELDS, validationOptionsOf } from './validation.ts';

const REFUSED = [
  'timeseries',
  'viewOn',
  'pipeline',
  'storageEngine',
  'indexOptionDefaults',
  'expireAfterSeconds',
  'encryptedFields',
  'changeStreamPreAndPostImages',
];
const CLUSTERED_FIELDS = new Set(['key', 'unique', 'name', 'v']);
const MAX_SIZE_BYTES = 2 ** 50;
const MAX_COUNT = 2 ** 31;
/** MongoDB gives capped collections whole pages of this size. */
const PAGE_BYTES = 256;

/** All options that are looked at, to be taken or to be refused. */
export const CREATE_FIELDS = [
  ...REFUSED,
  ...VALIDATION_FIELDS,
  'capped',
  'size',
  'max',
  'collation',
  'clusteredIndex',
];

/** Reads the options of a new collection. */
export function createOptionsOf(context: CommandContext): Doc {
  const { command } = context;
  for (const option of REFUSED) {
    if (command[option] !== undefined && command[option] !== false)
      throw errorOf('NotImplemented', `mongolet does not support the collection option '${option}'`);
  }
  const collation = collationChoiceOf(command) ?? undefined;
  const options = {
    ...cappedOptions(command),
    ...clusteredOptions(command),
    ...(collation ? { collation: collation.spec } : {}),
    ...validationOptionsOf(context, {}, collation),
  };
  if (options.clusteredIndex && options.capped)
    throw errorOf('InvalidOptions', 'A capped collection cannot be clustered');
  if (options.clusteredIndex && collation)
    throw errorOf('NotImplemented', 'mongolet does not support clustered collections with a collation');
  return options;
}

function cappedOptions(command: Doc): { capped?: true; size?: Long; max?: Long } {
  const size = limitOf(command, 'size', MAX_SIZE_BYTES);
  const max = limitOf(command, 'max', MAX_COUNT);
  if (!isSet(command, 'capped')) {
    if (size === undefined && max === undefined) return {};
    throw errorOf(
      'InvalidOptions',
      "the 'capped' field needs to be true when either the 'size' or 'max' fields are present",
    );
  }
  if (size === undefined)
    throw errorOf('InvalidOptions', "the 'size' field is required when 'capped' is true");
  return {
    capped: true,
    size: Long.fromNumber(Math.ceil(size / PAGE_BYTES) * PAGE_BYTES),
    ...(max === undefined ? {} : { max: Long.fromNumber(max) }),
  };
}

function limitOf(command: Doc, field: string, most: number): number | undefined {
  const value = command[field];
  if (value === undefined || value === null) return undefined;
  const limit = numberOf(value);
  if (limit === undefined) throw wrongType(`create.${field}`, value, 'number');
  if (limit >= 1 && limit <= most) return Math.trunc(limit);
  throw new MongoletError(
    51024,
    `BSON field '${field}' value must be from 1 to ${most}, actual value '${limit}'`,
  );
}

function clusteredOptions(command: Doc): { clusteredIndex?: Doc } {
  const given = optionalDoc(command, 'clusteredIndex');
  if (!given) return {};
  const unknown = keysOf(given).find((field) => !CLUSTERED_FIELDS.has(field));
  if (unknown !== undefined)
    throw new MongoletError(40415, `BSON field 'clusteredIndex.${unknown}' is an unknown field.`);
  const key = optionalDoc(given, 'key');
  if (!key || !sameKey(key, { _id: 1 }))
    throw errorOf('InvalidOptions', 'The clusteredIndex must have the key {_id: 1}');
  if (given.unique !== true) throw errorOf('BadValue', "The clusteredIndex must be made with 'unique: true'");
  const name = given.name ?? '_id_';
  if (typeof name !== 'string') throw wrongType('clusteredIndex.name', name, 'string');
  return { clusteredIndex: { v: 2, key, name, unique: true } };
}
