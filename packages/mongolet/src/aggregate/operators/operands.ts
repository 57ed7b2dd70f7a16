/** What expression operators have in common: how their operands are read and checked. */
import { errorOf, MongoletError } from '../../errors.ts';
import { type Doc, keysOf, type Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { isDoc, TYPE, typeNameOf, typeOf } from '../../value/type.ts';
import type { Expression, Variables } from '../expression.ts';

/** Compiles an operand; `names` are variables that it may use beside those around it. */
export type CompileOperand = (expression: Value, names?: readonly string[]) => Expression;

/** Makes an expression of an operator's operands; whatever is wrong with them is thrown now. */
export type OperatorCompiler = (spec: Value, compile: CompileOperand, name: string) => Expression;

/** Operators by name. */
export type OperatorTable = { readonly [name: string]: OperatorCompiler };

/** An operator of `least` to `most` operands, which are all evaluated before it is. */
export function operator(
  least: number,
  most: number,
  apply: (values: (Value | undefined)[], name: string) => Value | undefined,
): OperatorCompiler {
  return (spec, compile, name) => {
    const operands = operandsOf(spec, name, least, most).map((one) => compile(one));
    return (doc, locals) => apply(evaluateAll(operands, doc, locals), name);
  };
}

/** An operator of one operand, which may stand in an array. */
export function unary(
  apply: (value: Value | undefined, name: string) => Value | undefined,
): OperatorCompiler {
  return operator(1, 1, ([value], name) => apply(value, name));
}

/** The operands of an operator as they are written; a single one needs no array around it. */
export function operandsOf(spec: Value, name: string, least: number, most: number): Value[] {
  const operands: Value[] = Array.isArray(spec) ? spec : [spec];
  if (operands.length >= least && operands.length <= most) return operands;
  if (least === most) {
    throw new MongoletError(
      16020,
      `Expression ${name} takes exactly ${least} arguments. ${operands.length} were passed in.`,
    );
  }
  const limits =
    most === Number.POSITIVE_INFINITY ? `at least ${least}` : `at least ${least}, and at most ${most}`;
  throw new MongoletError(
    28667,
    `Expression ${name} takes ${limits} arguments, but ${operands.length} were passed in.`,
  );
}

/** The fields of an operator that takes a document; unknown and lacking ones are refused. */
export function namedOperands(
  spec: Value,
  name: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Doc {
  if (!isDoc(spec)) throw errorOf('FailedToParse', `${name} only supports an object as its argument`);
  for (const key of keysOf(spec)) {
    if (!required.includes(key) && !optional.includes(key))
      throw errorOf('FailedToParse', `Unrecognized argument to ${name}: ${key}`);
  }
  for (const key of required) {
    if (spec[key] === undefined) throw errorOf('FailedToParse', `Missing '${key}' parameter to ${name}`);
  }
  return spec;
}

/** Evaluates operands in their order. */
function evaluateAll(
  operands: readonly Expression[],
  doc: Doc,
  locals: Variables | undefined,
): (Value | undefined)[] {
  return operands.map((operand) => operand(doc, locals));
}

/** Says whether a value is null, missing or undefined: most operators answer null to it. */
export function isNullish(value: Value | undefined): value is null | undefined {
  return value === undefined || value === null || typeOf(value) === TYPE.undefined;
}

/** An operand that must be an array. */
export function arrayOperand(value: Value | undefined, code: number, name: string): Value[] {
  if (Array.isArray(value)) return value as Value[];
  throw new MongoletError(code, `${name} requires an array as argument, found: ${typeNameOf(value)}`);
}

/** An operand that must be a whole number of 32 bits. */
export function intOperand(value: Value | undefined, code: number, name: string): number {
  const whole = toExactInteger(value);
  if (whole !== undefined && BigInt.asIntN(32, whole) === whole) return Number(whole);
  throw new MongoletError(
    code,
    `${name} requires an argument that can be represented as a 32-bit integer, found: ${typeNameOf(value)}`,
  );
}
