/** Evaluates aggregation expressions. Plain paths and literals never leave BSON; only operators go through mingo. */
import { evalExpr } from 'mingo/core';
import { MongoletError } from '../errors.ts';
import { type Doc, docOf, getField, keysOf, type Value } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { expressionContext, isAllowedOperator } from './operators.ts';
import { fromPlain, toPlain } from './plain-values.ts';

/** Values of `$$name`, set by `$lookup`'s `let`. */
export type Variables = Readonly<Record<string, Value>>;

/** An expression, checked: gives the value for a document, undefined where it is missing. */
export type Expression = (doc: Doc) => Value | undefined;

/** Checks an expression and prepares it; an operator that is not allowed is refused here. */
export function compileExpression(expression: Value, variables: Variables = {}): Expression {
  checkOperators(expression);
  if (typeof expression === 'string') return compilePath(expression, variables);
  if (Array.isArray(expression)) {
    const parts = expression.map((part: Value) => compileExpression(part, variables));
    return (doc) => parts.map((part) => part(doc) ?? null);
  }
  if (!isDoc(expression)) return () => expression;
  const keys = keysOf(expression);
  if (keys[0] === '$literal') return () => expression.$literal;
  if (keys[0]?.startsWith('$')) return compileOperator(expression, variables);
  const fields = keys.map((key) => [key, compileExpression(expression[key], variables)] as const);
  return (doc) =>
    docOf(fields.map(([key, part]) => [key, part(doc)] as const).filter(([, value]) => value !== undefined));
}

/** An evaluator as filters and projections want it. */
export function expressionEvaluator(variables: Variables = {}): (expression: Value, doc: Doc) => Value {
  const compiled = new Map<Value, Expression>();
  return (expression, doc) => {
    let known = compiled.get(expression);
    if (!known) {
      known = compileExpression(expression, variables);
      compiled.set(expression, known);
    }
    return known(doc);
  };
}

function compilePath(text: string, variables: Variables): Expression {
  if (!text.startsWith('$')) return () => text;
  if (!text.startsWith('$$')) {
    const parts = text.slice(1).split('.');
    if (parts.includes('')) throw new MongoletError(15998, 'FieldPath field names may not be empty strings.');
    return (doc) => follow(doc, parts, 0);
  }
  const [name = '', ...parts] = text.slice(2).split('.');
  switch (name) {
    case 'ROOT':
    case 'CURRENT':
      return (doc) => follow(doc, parts, 0);
    case 'REMOVE':
      return () => undefined;
    case 'NOW': {
      const now = new Date();
      return () => now;
    }
    default:
      if (!Object.hasOwn(variables, name))
        throw new MongoletError(17276, `Use of undefined variable: ${name}`);
      return () => follow(variables[name], parts, 0);
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

function compileOperator(expression: Doc, variables: Variables): Expression {
  const plainExpression = toPlain(expression);
  const plainVariables = toPlain(variables as Doc) as Record<string, unknown>;
  return (doc) => {
    try {
      const options = { context: expressionContext, scriptEnabled: false, variables: plainVariables };
      return fromPlain(evalExpr(toPlain(doc), plainExpression, options as Parameters<typeof evalExpr>[2]));
    } catch (error) {
      if (error instanceof MongoletError) throw error;
      throw new MongoletError(2, error instanceof Error ? error.message : String(error));
    }
  };
}

function checkOperators(expression: Value): void {
  if (Array.isArray(expression)) {
    for (const part of expression) checkOperators(part);
  } else if (isDoc(expression)) {
    const keys = keysOf(expression);
    for (const key of keys) {
      if (key === '$literal') continue;
      if (key.startsWith('$') && !isAllowedOperator(key)) {
        throw new MongoletError(168, `Unrecognized expression '${key}'`, {
          codeName: 'InvalidPipelineOperator',
        });
      }
      checkOperators(expression[key]);
    }
    if (keys.length > 1 && keys[0]?.startsWith('$')) {
      throw new MongoletError(
        15983,
        `an expression specification must contain exactly one field, found ${keys.length}`,
      );
    }
  }
}
