/** Compiles aggregation expressions: paths, variables, literals, and operators on BSON values. */
import { MongoletError } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { type Doc, docOf, getField, keysOf, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { CompileOperand } from './operators/operands.ts';
import { OPERATORS } from './operators/table.ts';

/** Values of variables by name. */
export type Variables = Readonly<Record<string, Value>>;

/** An expression, checked: gives the value for a document, undefined where it is missing. */
export type Expression = (doc: Doc, locals?: Variables) => Value | undefined;

/**
 * Checks an expression and prepares it; an operator that is not allowed is refused here. `variables` are known now
 * (those of a command's `let` or around a `$lookup`), `names` are bound later, by operators such as `$map`.
 */
export function compileExpression(
  expression: Value,
  variables: Variables = {},
  names: readonly string[] = [],
): Expression {
  const compile: CompileOperand = (operand, inner) =>
    compileExpression(operand, variables, inner ? [...names, ...inner] : names);
  if (typeof expression === 'string') return compilePath(expression, variables, names);
  if (Array.isArray(expression)) {
    const parts = expression.map((part: Value) => compile(part));
    return (doc, locals) => parts.map((part) => part(doc, locals) ?? null);
  }
  if (!isDoc(expression)) return () => expression;
  const keys = keysOf(expression);
  if (keys.some((key) => key.startsWith('$'))) return compileOperator(expression, keys, compile);
  for (const key of keys) checkFieldName(key);
  const fields = keys.map((key) => [key, compile(expression[key])] as const);
  return (doc, locals) =>
    docOf(fields.map(([key, part]) => [key, part(doc, locals)] as const).filter(isPresent));
}

function checkFieldName(name: string): void {
  if (name.includes('.')) {
    throw new MongoletError(16412, `FieldPath field names may not contain '.': '${name}'`);
  }
}

function isPresent([, value]: readonly [string, Value | undefined]): boolean {
  return value !== undefined;
}

function compileOperator(expression: Doc, keys: readonly string[], compile: CompileOperand): Expression {
  const [name = ''] = keys;
  if (keys.length > 1) {
    throw new MongoletError(
      15983,
      `an expression specification must contain exactly one field, found ${keys.length}`,
    );
  }
  if (name === '$literal') return () => expression.$literal;
  const operator = OPERATORS.get(name);
  if (operator) return operator(expression[name], compile, name);
  throw new MongoletError(168, `Unrecognized expression '${name}'`, { codeName: 'InvalidPipelineOperator' });
}

/** A compiler of expressions as filters and projections want it; under a collation it refuses what would compare. */
export function expressionCompiler(
  variables: Variables = {},
  collation?: Collation,
): (expression: Value) => (doc: Doc) => Value | undefined {
  return (expression) => {
    if (collation) refuseComparisons(expression);
    return compileExpression(expression, variables);
  };
}

/** Those whose result hangs on the collation; the accumulators among them. */
const COMPARING = new Set(
  (
    '$eq $ne $gt $gte $lt $lte $cmp $in $indexOfArray $max $min $maxN $minN $sortArray $addToSet ' +
    '$setEquals $setIntersection $setUnion $setDifference $setIsSubset'
  ).split(' '),
);

/** Throws (238) where an expression, at any depth, compares: expressions know no collation. */
export function refuseComparisons(expression: Value): void {
  if (Array.isArray(expression)) for (const one of expression) refuseComparisons(one);
  if (!isDoc(expression)) return;
  for (const key of keysOf(expression)) {
    if (COMPARING.has(key))
      throw new MongoletError(238, `mongolet does not support ${key} in an expression with a collation`, {
        codeName: 'NotImplemented',
      });
    refuseComparisons(expression[key]);
  }
}

function compilePath(text: string, variables: Variables, names: readonly string[]): Expression {
  if (!text.startsWith('$')) return () => text;
  if (text === '$') throw new MongoletError(16872, "'$' by itself is not a valid FieldPath");
  if (!text.startsWith('$$')) {
    const parts = text.slice(1).split('.');
    checkParts(parts, text);
    return (doc) => follow(doc, parts, 0);
  }
  const [name = '', ...parts] = text.slice(2).split('.');
  checkParts(parts, text);
  if (names.includes(name)) return (_doc, locals) => follow(locals?.[name], parts, 0);
  switch (name) {
    case 'ROOT':
    case 'CURRENT':
      return (doc) => follow(doc, parts, 0);
    case 'REMOVE':
      return () => undefined;
    case 'NOW': {
      const now = new Date();
      return () => follow(now, parts, 0);
    }
    default:
      if (!Object.hasOwn(variables, name)) {
        throw new MongoletError(17276, `Use of undefined variable: ${name}`);
      }
      return () => follow(variables[name], parts, 0);
  }
}

function checkParts(parts: readonly string[], text: string): void {
  if (parts.includes('')) throw new MongoletError(15998, 'FieldPath field names may not be empty strings.');
  if (parts.some((part) => part.startsWith('$'))) {
    throw new MongoletError(
      16410,
      `FieldPath field names may not start with '$'. Consider using $getField: ${text}`,
    );
  }
}

/** A path in an expression goes through arrays, collecting; unlike in filters a number is no index. */
function follow(value: Value | undefined, parts: readonly string[], at: number): Value | undefined {
  if (at === parts.length) return value;
  if (Array.isArray(value)) {
    return value.map((element: Value) => follow(element, parts, at)).filter((found) => found !== undefined);
  }
  return isDoc(value) ? follow(getField(value, parts[at] as string), parts, at + 1) : undefined;
}
