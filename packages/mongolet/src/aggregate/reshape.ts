/** Stages that change single documents: `$project`, `$addFields`, `$unset`, `$replaceRoot`, `$unwind`. */
import { Long } from 'bson';
import { errorOf, MongoletError } from '../errors.ts';
import { checkTimeLimit } from '../plan/time-limit.ts';
import { compileProjection } from '../project/index.ts';
import { copyDoc, type Doc, getField, keysOf, removeField, setField, type Value } from '../value/document.ts';
import { getPath } from '../value/path.ts';
import { isDoc } from '../value/type.ts';
import { compileExpression, type Expression, expressionCompiler, type Variables } from './expression.ts';
import { checkSpecFields, type StageCompiler, specDoc } from './stage.ts';

/** `$project` */
export const project: StageCompiler = (spec, { variables }) => {
  const doc = specDoc('$project', spec);
  if (keysOf(doc).length === 0)
    throw new MongoletError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  const apply = compileProjection(doc, undefined, expressionCompiler(variables));
  return mapping((input) => apply(input));
};

/** `$unset` */
export const unset: StageCompiler = (spec) => {
  const paths = (Array.isArray(spec) ? spec : [spec]) as Value[];
  if (paths.length === 0 || !paths.every((path) => typeof path === 'string')) {
    throw new MongoletError(31002, '$unset specification must be a string or an array of strings');
  }
  const exclusion: Doc = {};
  for (const path of paths) exclusion[String(path)] = false;
  const apply = compileProjection(exclusion);
  return mapping((input) => apply(input));
};

/** `$addFields` and `$set` */
export const addFields: StageCompiler = (spec, { variables }) => {
  const added = newFields(specDoc('$addFields', spec), variables, []);
  return mapping((input) =>
    added.reduce<Doc>((doc, { path, expression }) => withPath(doc, path, 0, expression(input)) as Doc, input),
  );
};

/** `$replaceRoot` */
export const replaceRoot: StageCompiler = (spec, { variables }) => {
  const doc = specDoc('$replaceRoot', spec);
  checkSpecFields('$replaceRoot', doc, ['newRoot']);
  const root = compileExpression(doc.newRoot, variables);
  return mapping((input) => {
    const value = root(input);
    if (isDoc(value)) return value;
    throw new MongoletError(40228, "'newRoot' expression must evaluate to an object");
  });
};

/** `$replaceWith` */
export const replaceWith: StageCompiler = (spec, context) => replaceRoot({ newRoot: spec }, context);

/** `$unwind` */
export const unwind: StageCompiler = (spec) => {
  const doc: Doc = typeof spec === 'string' ? { path: spec } : specDoc('$unwind', spec);
  checkSpecFields('$unwind', doc, ['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays']);
  const { path, includeArrayIndex: indexField } = doc;
  if (typeof path !== 'string' || !path.startsWith('$')) {
    throw new MongoletError(
      28818,
      `path option to $unwind stage should be prefixed with a '$': ${String(path)}`,
    );
  }
  const parts = path.slice(1).split('.');
  const keepsEmpty = doc.preserveNullAndEmptyArrays === true;
  const withIndex = (one: Doc, index: Value): Doc =>
    typeof indexField === 'string' ? (withPath(one, indexField.split('.'), 0, index) as Doc) : one;
  return function* (input) {
    for (const one of input) {
      const value = getPath(one, parts.join('.'));
      if (Array.isArray(value) && value.length > 0) {
        for (const [i, element] of value.entries()) {
          checkTimeLimit();
          yield withIndex(withPath(one, parts, 0, element as Value) as Doc, Long.fromNumber(i));
        }
      } else if (Array.isArray(value)) {
        if (keepsEmpty) yield withIndex(withPath(one, parts, 0, undefined) as Doc, null);
      } else if (keepsEmpty || (value !== undefined && value !== null)) {
        yield withIndex(one, null);
      }
    }
  };
};

function mapping(change: (doc: Doc) => Doc) {
  return function* (input: Iterable<Doc>): Generator<Doc> {
    for (const doc of input) yield change(doc);
  };
}

interface NewField {
  readonly path: string[];
  readonly expression: Expression;
}

function newFields(spec: Doc, variables: Variables, prefix: string[]): NewField[] {
  return keysOf(spec).flatMap((key): NewField[] => {
    if (key === '' || key.startsWith('$'))
      throw errorOf('BadValue', `'${key}' is not a valid field name here`);
    const path = [...prefix, ...key.split('.')];
    const value = spec[key];
    // A document of plain names stands for several paths, one of operators for a value.
    const isNested = isDoc(value) && keysOf(value).length > 0 && !keysOf(value)[0]?.startsWith('$');
    if (isNested) return newFields(value, variables, path);
    return [{ path, expression: compileExpression(value, variables) }];
  });
}

/** Returns `target` with `value` at a path (undefined: without it); arrays on the way are changed in each element. */
export function withPath(
  target: Value | undefined,
  parts: readonly string[],
  at: number,
  value: Value | undefined,
): Value {
  if (at === parts.length) return value;
  if (Array.isArray(target)) return target.map((element: Value) => withPath(element, parts, at, value));
  const doc = isDoc(target) ? copyDoc(target) : {};
  const part = parts[at] as string;
  const inner = withPath(getField(doc, part), parts, at + 1, value);
  if (inner === undefined) removeField(doc, part);
  else setField(doc, part, inner);
  return doc;
}
