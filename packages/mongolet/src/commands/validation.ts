/** Validators of collections: what `create` and `collMod` may say of them, and what documents must keep. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Matcher } from '../match/index.ts';
import { annotationsOf } from '../match/json-schema/document-rules.ts';
import { parseSchema } from '../match/json-schema/schema.ts';
import type { Collection } from '../store/collection.ts';
import type { Doc, Value } from '../value/codec.ts';
import type { Collation } from '../value/collation.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { type CommandContext, isSet, optionalDoc } from './command.ts';
import { compileQuery } from './compile.ts';

const LEVELS = ['strict', 'moderate', 'off'];
const ACTIONS = ['error', 'warn'];
const REFUSED_DATABASES = new Set(['admin', 'config', 'local']);

/** The fields of `create` and `collMod` that are about validation. */
export const VALIDATION_FIELDS = ['validator', 'validationLevel', 'validationAction'];

/** The options about validation as they will be kept, on top of those there are; throws for whatever is wrong. */
export function validationOptionsOf(
  context: CommandContext,
  before: Doc,
  collation: Collation | undefined,
): Doc {
  const { command, database } = context;
  const validator = optionalDoc(command, 'validator') ?? before.validator;
  const level = choiceOf(command, 'validationLevel', LEVELS) ?? before.validationLevel;
  const action = choiceOf(command, 'validationAction', ACTIONS) ?? before.validationAction;
  if (isDoc(validator)) {
    if (REFUSED_DATABASES.has(database)) {
      throw errorOf(
        'InvalidOptions',
        `Document validators are not allowed on collections in the ${database} database`,
      );
    }
    compileQuery(validator, {}, collation);
    return { validator, validationLevel: level ?? LEVELS[0], validationAction: action ?? ACTIONS[0] };
  }
  return {
    ...(level === undefined ? {} : { validationLevel: level }),
    ...(action === undefined ? {} : { validationAction: action }),
  };
}

function choiceOf(command: Doc, field: string, choices: readonly string[]): string | undefined {
  const value = command[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && choices.includes(value)) return value;
  throw errorOf(
    'BadValue',
    `Enumeration value '${String(value)}' for field '${field}' is not a valid value.`,
  );
}

interface Clause {
  readonly matcher: Matcher;
  readonly explain: (doc: Doc) => Doc;
}

/** By the options of a collection: a change of them makes a new object. */
const compiled = new WeakMap<Doc, Clause[]>();

/** Throws (121) where a document about to be written does not keep its collection's validator. */
export function checkDocument(context: CommandContext, collection: Collection, doc: Doc, before?: Doc): void {
  const { validator, validationLevel, validationAction } = collection.options;
  if (!isDoc(validator) || validationLevel === 'off') return;
  const clauses = compiled.get(collection.options) ?? clausesOf(validator, collection.collation);
  compiled.set(collection.options, clauses);
  const failed = clauses.flatMap((one, index) => (one.matcher.matches(doc) ? [] : [{ ...one, index }]));
  const [first] = failed;
  if (!first || isSet(context.command, 'bypassDocumentValidation')) return;
  // What was wrong already may stay so.
  if (validationLevel === 'moderate' && before && !clauses.every(({ matcher }) => matcher.matches(before)))
    return;
  if (validationAction === 'warn') {
    process.stderr.write(`mongolet: ${collection.namespace}: a document would fail validation\n`);
    return;
  }
  const details =
    clauses.length === 1
      ? first.explain(doc)
      : {
          operatorName: '$and',
          clausesNotSatisfied: failed.map(({ index, explain }) => ({ index, details: explain(doc) })),
        };
  throw new MongoletError(121, 'Document failed validation', {
    codeName: 'DocumentValidationFailure',
    extra: { errInfo: { failingDocumentId: doc._id, details } },
  });
}

function clausesOf(validator: Doc, collation: Collation | undefined): Clause[] {
  return keysOf(validator).map((key) => {
    const clause = { [key]: validator[key] };
    const matcher = compileQuery(clause, {}, collation);
    if (key !== '$jsonSchema') return { matcher, explain: () => plainDetails(key, clause) };
    const schema = parseSchema(validator[key]);
    return {
      matcher,
      explain: (doc: Doc): Doc => ({
        operatorName: key,
        ...annotationsOf(validator[key]),
        schemaRulesNotSatisfied: schema.explain(doc),
      }),
    };
  });
}

function plainDetails(key: string, clause: Doc): Doc {
  const condition: Value = clause[key];
  const first = isDoc(condition) ? keysOf(condition)[0] : undefined;
  const operatorName = key.startsWith('$') ? key : first?.startsWith('$') ? first : '$eq';
  return { operatorName, specifiedAs: clause, reason: 'the document did not match' };
}
