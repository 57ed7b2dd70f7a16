/** Updates, compiled once: operators or a replacement. The document given is never changed; a new one is returned. */
import { errorOf } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { equalValues } from '../value/compare.ts';
import { type Doc, docOf, getField, keysOf, type Value } from '../value/document.ts';
import { textOfValue } from '../value/text.ts';
import { TYPE, typeNameOf, typeOf } from '../value/type.ts';
import { TreeApplier } from './apply.ts';
import { checkIdentifiers, compileArrayFilters } from './array-filters.ts';
import { readModifiers } from './modifiers.ts';
import type { UpdateContext } from './operation.ts';
import { checkReplacement, dollarName, replaceDoc } from './replacement.ts';
import { type Touches, touchesOf } from './touches.ts';

export { seedUpsert } from './upsert.ts';

/** What the application of an update to one document depends on. */
interface UpdateOptions {
  /** The index of the array element that the query matched, for the positional `$`. */
  position?: number | undefined;
  /** True when the document is about to be inserted by an upsert. */
  isInsert: boolean;
  /** The time that `$currentDate` stores. */
  now: Date;
}

/** Compiles the pipeline of an update. */
export type CompilePipeline = (pipeline: Doc[]) => (doc: Doc) => Doc;

/** A compiled update. */
export interface Updater {
  /** Returns the updated document, and whether it differs at all (by its bytes) from the one given. */
  apply(doc: Doc, options: UpdateOptions): { doc: Doc; modified: boolean };
  /** It puts a whole document in the place of another. */
  readonly isReplacement: boolean;
  /** The fields that it is about; undefined where it may look at any. */
  readonly touches: Touches | undefined;
}

/** Says whether an update document is made of operators rather than being a replacement. */
function isOperatorUpdate(update: Doc): boolean {
  return keysOf(update)[0]?.startsWith('$') === true;
}

/**
 * Compiles an update. Unknown operators, conflicting paths and wrong operands throw here, before a document is touched;
 * what depends on the document's values throws when applied. Pipelines are compiled by `compilePipeline`, and refused
 * (238) without it. Operators that compare do so by
 * `collation`.
 */
export function compileUpdate(
  update: Doc | Doc[],
  arrayFilters: Doc[] = [],
  compilePipeline?: CompilePipeline,
  collation?: Collation,
): Updater {
  if (Array.isArray(update)) return compilePipelineUpdate(update, arrayFilters, compilePipeline);
  if (!isOperatorUpdate(update)) return compileReplacement(update, arrayFilters);
  const filters = compileArrayFilters(arrayFilters, collation);
  const { tree, identifiers, hasRename } = readModifiers(update, collation);
  checkIdentifiers(filters, identifiers);
  const applier = new TreeApplier(filters);
  const touchesId = tree.children.has('_id');
  const dollarNames = [...tree.children.keys()].filter((name) => name.startsWith('$'));
  return {
    isReplacement: false,
    touches: hasRename ? undefined : touchesOf(tree),
    apply: (doc, options) => {
      const context: UpdateContext = {
        position: options.position,
        isInsert: options.isInsert,
        now: options.now,
        original: doc,
        path: [],
      };
      const next = applier.apply(tree, doc, context) as Doc;
      const dollar = options.isInsert ? undefined : dollarNames.find((name) => Object.hasOwn(next, name));
      if (dollar !== undefined) throw dollarName(dollar);
      if (touchesId && next !== doc) return { doc: checkId(doc, next), modified: true };
      return { doc: next, modified: next !== doc };
    },
  };
}

function compilePipelineUpdate(
  pipeline: Doc[],
  arrayFilters: readonly Doc[],
  compilePipeline: CompilePipeline | undefined,
): Updater {
  if (!compilePipeline) {
    throw errorOf('NotImplemented', 'updates by an aggregation pipeline are not supported here');
  }
  if (arrayFilters.length > 0) {
    throw errorOf('FailedToParse', 'arrayFilters may not be specified for pipeline-style updates');
  }
  const change = compilePipeline(pipeline);
  return {
    isReplacement: false,
    touches: undefined,
    // What a pipeline makes of a document replaces it; the `_id` stays.
    apply: (doc, { isInsert }) => {
      const result = replaceDoc(doc, change(doc));
      if (isInsert) checkIdType(getField(result.doc, '_id'));
      return result;
    },
  };
}

function compileReplacement(replacement: Doc, arrayFilters: readonly Doc[]): Updater {
  if (arrayFilters.length > 0) {
    throw errorOf('FailedToParse', 'Cannot specify arrayFilters and a replacement-style update');
  }
  checkReplacement(replacement);
  return {
    isReplacement: true,
    touches: undefined,
    apply: (doc, { isInsert }) => {
      const result = replaceDoc(doc, replacement);
      if (isInsert) checkIdType(getField(result.doc, '_id'));
      return result;
    },
  };
}

/** Returns `next` with its `_id` in front, after checking that an `_id` once there has stayed what it was. */
function checkId(doc: Doc, next: Doc): Doc {
  const before = getField(doc, '_id');
  const after = getField(next, '_id');
  if (before !== undefined && (after === undefined || !equalValues(before, after))) {
    throw errorOf(
      'ImmutableField',
      after === undefined
        ? "Performing an update on the path '_id' would modify the immutable field '_id'"
        : `Performing an update on the path '_id' would modify the immutable field '_id' (to ${textOfValue(after)})`,
    );
  }
  checkIdType(after);
  const keys = keysOf(next);
  if (after === undefined || keys[0] === '_id') return next;
  const rest = keys.filter((key) => key !== '_id').map((key) => [key, getField(next, key)] as const);
  return docOf([['_id', after] as const, ...rest]);
}

function checkIdType(id: Value | undefined): void {
  const type = typeOf(id);
  if (type === TYPE.array || type === TYPE.regex || type === TYPE.undefined) {
    throw errorOf('InvalidIdField', `The '_id' value cannot be of type ${typeNameOf(id)}`);
  }
}
