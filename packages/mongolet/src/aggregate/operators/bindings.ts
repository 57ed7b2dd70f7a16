/** Operators that bind variables: `$let`, `$map`, `$filter`, `$reduce`. */
import { errorOf, MongoletError } from '../../errors.ts';
import { isTrue } from '../../match/shape.ts';
import { keysOf, type Value } from '../../value/document.ts';
import { toExactInteger } from '../../value/number.ts';
import { isDoc, typeNameOf } from '../../value/type.ts';
import type { Variables } from '../expression.ts';
import { isNullish, namedOperands, type OperatorCompiler, type OperatorTable } from './operands.ts';

function bind(locals: Variables | undefined, name: string, value: Value | undefined): Variables {
  return { ...locals, [name]: value };
}

/** Throws unless a name may be a variable's: it begins with a small letter. */
export function checkVariableName(name: string): void {
  if (/^[a-z\u0080-\uffff][\w\u0080-\uffff]*$/.test(name)) return;
  throw errorOf('FailedToParse', `'${name}' starts with an invalid character for a user variable name`);
}

const letOperator: OperatorCompiler = (spec, compile, name) => {
  const { vars, in: body } = namedOperands(spec, name, ['vars', 'in']);
  if (!isDoc(vars)) throw errorOf('FailedToParse', `invalid parameter: expected an object (vars) in ${name}`);
  const names = keysOf(vars);
  for (const one of names) checkVariableName(one);
  const values = names.map((one) => [one, compile(vars[one])] as const);
  const inner = compile(body, names);
  return (doc, locals) => {
    const bound = Object.fromEntries(values.map(([one, value]) => [one, value(doc, locals)]));
    return inner(doc, { ...locals, ...bound });
  };
};

function variableOf(as: Value | undefined): string {
  if (as === undefined) return 'this';
  if (typeof as !== 'string') throw errorOf('FailedToParse', `'as' must be a string, not ${typeNameOf(as)}`);
  checkVariableName(as);
  return as;
}

const map: OperatorCompiler = (spec, compile, name) => {
  const doc = namedOperands(spec, name, ['input', 'in'], ['as']);
  const variable = variableOf(doc.as);
  const input = compile(doc.input);
  const body = compile(doc.in, [variable]);
  return (one, locals) => {
    const array = input(one, locals);
    if (isNullish(array)) return null;
    if (!Array.isArray(array)) {
      throw new MongoletError(16883, `input to $map must be an array not ${typeNameOf(array)}`);
    }
    return array.map((element: Value) => body(one, bind(locals, variable, element)) ?? null);
  };
};

const filter: OperatorCompiler = (spec, compile, name) => {
  const doc = namedOperands(spec, name, ['input', 'cond'], ['as', 'limit']);
  const variable = variableOf(doc.as);
  const input = compile(doc.input);
  const test = compile(doc.cond, [variable]);
  const limit = doc.limit === undefined ? undefined : compile(doc.limit);
  return (one, locals) => {
    const array = input(one, locals);
    if (isNullish(array)) return null;
    if (!Array.isArray(array)) {
      throw new MongoletError(28651, `input to $filter must be an array not ${typeNameOf(array)}`);
    }
    const most = limitOf(limit?.(one, locals));
    const kept: Value[] = [];
    for (const element of array as Value[]) {
      if (kept.length === most) break;
      if (isTrue(test(one, bind(locals, variable, element)))) kept.push(element);
    }
    return kept;
  };
};

function limitOf(value: Value | undefined): number {
  if (isNullish(value)) return Number.POSITIVE_INFINITY;
  const whole = toExactInteger(value);
  if (whole === undefined || whole < 1n) {
    throw new MongoletError(327392, `$filter: limit must be a positive whole number, found ${String(value)}`);
  }
  return Number(whole);
}

const reduce: OperatorCompiler = (spec, compile, name) => {
  const doc = namedOperands(spec, name, ['input', 'initialValue', 'in']);
  const input = compile(doc.input);
  const initial = compile(doc.initialValue);
  const body = compile(doc.in, ['this', 'value']);
  return (one, locals) => {
    const array = input(one, locals);
    if (isNullish(array)) return null;
    if (!Array.isArray(array)) {
      throw new MongoletError(
        40080,
        `$reduce requires that 'input' be an array, found: ${typeNameOf(array)}`,
      );
    }
    let value = initial(one, locals);
    for (const element of array as Value[]) value = body(one, { ...locals, this: element, value });
    return value;
  };
};

/** Operators that bind variables, by name. */
export const BINDINGS: OperatorTable = {
  $let: letOperator,
  $map: map,
  $filter: filter,
  $reduce: reduce,
};
