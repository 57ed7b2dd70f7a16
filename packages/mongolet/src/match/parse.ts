/** Reads a filter into tests; whatever it does not know it refuses before a document is looked at. */
import { errorOf, MongoletError } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { regexParts } from '../value/compare.ts';
import { type Doc, getField, keysOf, type Value } from '../value/document.ts';
import { isDoc, TYPE, typeNameOf, typeOf } from '../value/type.ts';
import { type BitOperator, bitsNode } from './bits.ts';
import { equalityNode, inNode, isDBRefLike, type OrderOperator, orderNode } from './comparison.ts';
import { geoWithinNode } from './geo-within.ts';
import { parseSchema } from './json-schema/schema.ts';
import { allOf, anyOf, type DocTest, type FieldNode, placeOnPath, placeOnValue } from './node.ts';
import { patternTest, regexTest } from './regex.ts';
import { existsNode, isTrue, modNode, sizeNode, typeNode } from './shape.ts';

/** Compiles an aggregation expression, for `$expr` and for computed fields. */
export type CompileExpr = (expression: Value) => (doc: Doc) => Value | undefined;

/** What the reading of a filter needs to know beyond the filter. */
export interface FilterContext {
  compileExpr?: CompileExpr | undefined;
  collation?: Collation | undefined;
  /** False within `$elemMatch`, where whole-document operators have no place. */
  isTop: boolean;
}

const REFUSED = new Set([
  '$where',
  '$text',
  '$near',
  '$nearSphere',
  '$geoNear',
  '$geoIntersects',
  '$maxDistance',
  '$minDistance',
  '$sampleRate',
  '$function',
]);

function refuseKnown(operator: string): void {
  if (REFUSED.has(operator)) throw errorOf('CommandNotSupported', `${operator} is not supported by mongolet`);
}

/** Returns the test that a filter document is. */
export function parseFilter(filter: Doc, context: FilterContext): DocTest {
  const tests: DocTest[] = [];
  for (const key of keysOf(filter)) {
    const value = getField(filter, key);
    if (value === undefined) continue;
    const test = key.startsWith('$')
      ? parseTopOperator(key, value, context)
      : parseField(key, value, context);
    if (test !== undefined) tests.push(test);
  }
  return allOf(tests);
}

function parseTopOperator(operator: string, value: Value, context: FilterContext): DocTest | undefined {
  switch (operator) {
    case '$and':
      return allOf(parseBranches(operator, value, context));
    case '$or':
      return anyOf(parseBranches(operator, value, context));
    case '$nor': {
      const branches = parseBranches(operator, value, context);
      return (doc) => !branches.some((test) => test(doc));
    }
    case '$comment':
      return undefined;
    case '$expr':
      return parseExpr(value, context);
    case '$jsonSchema': {
      if (!context.isTop)
        throw errorOf('BadValue', '$jsonSchema can only be applied to the top-level document');
      const schema = parseSchema(value);
      return (doc) => schema.matches(doc);
    }
    case '$alwaysTrue':
    case '$alwaysFalse':
      return () => operator === '$alwaysTrue';
    // The fields of a reference are fields, within $elemMatch for example.
    case '$ref':
    case '$id':
    case '$db':
      return parseField(operator, value, context);
    default:
      refuseKnown(operator);
      throw errorOf(
        'BadValue',
        `unknown top level operator: ${operator}. If you have a field name that starts with a '$' symbol, ` +
          'consider using $getField or $setField.',
      );
  }
}

function parseExpr(expression: Value, { compileExpr, isTop }: FilterContext): DocTest {
  if (!isTop) throw errorOf('BadValue', '$expr can only be applied to the top-level document');
  if (compileExpr === undefined) throw errorOf('NotImplemented', '$expr is not supported here');
  const evaluate = compileExpr(expression);
  return (doc) => isTrue(evaluate(doc));
}

function parseBranches(operator: string, value: Value, context: FilterContext): DocTest[] {
  if (!Array.isArray(value)) throw errorOf('BadValue', `${operator} must be an array`);
  if (value.length === 0) throw errorOf('BadValue', '$and/$or/$nor must be a nonempty array');
  return (value as Value[]).map((branch) => {
    if (!isDoc(branch)) throw errorOf('BadValue', '$or/$and/$nor entries need to be full objects');
    return parseFilter(branch, context);
  });
}

function parseField(path: string, value: Value, context: FilterContext): DocTest {
  return placeOnPath(
    path,
    isOperatorDoc(value) ? parseOperators(path, value, context) : valueNode(value, context),
  );
}

/** Says whether `{field: value}` holds operators: its first name begins with `$`, and it is no reference. */
export function isOperatorDoc(value: Value): value is Doc {
  if (!isDoc(value)) return false;
  const first = keysOf(value)[0];
  return first?.startsWith('$') === true && !isDBRefLike(value);
}

function valueNode(value: Value, { collation }: FilterContext): FieldNode {
  return typeOf(value) === TYPE.regex
    ? { kind: 'leaf', test: regexTest(value), whole: false }
    : equalityNode(value, collation);
}

/** Returns the node for a document of operators such as `{$gt: 1, $lt: 5}`. */
function parseOperators(path: string, operators: Doc, context: FilterContext): FieldNode {
  const nodes: FieldNode[] = [];
  for (const operator of keysOf(operators)) {
    const operand = getField(operators, operator);
    if (operand === undefined) continue;
    const node = parseOperator(path, operator, operand, operators, context);
    if (node !== undefined) nodes.push(node);
  }
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : { kind: 'and', nodes };
}

function parseOperator(
  path: string,
  operator: string,
  operand: Value,
  siblings: Doc,
  context: FilterContext,
): FieldNode | undefined {
  const { collation } = context;
  switch (operator) {
    case '$eq':
      return equalityNode(operand, collation);
    case '$ne':
      if (typeOf(operand) === TYPE.regex) throw errorOf('BadValue', "Can't have regex as arg to $ne.");
      return { kind: 'not', node: equalityNode(operand, collation) };
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return orderNode(operator as OrderOperator, operand, path, collation);
    case '$in':
      return inNode(operand, collation);
    case '$nin':
      if (!Array.isArray(operand)) throw errorOf('BadValue', '$nin needs an array');
      return { kind: 'not', node: inNode(operand, collation) };
    case '$not':
      return { kind: 'not', node: parseNot(path, operand, context) };
    case '$exists':
      return existsNode(operand);
    case '$type':
      return typeNode(operand);
    case '$size':
      return sizeNode(operand);
    case '$mod':
      return modNode(operand);
    case '$all':
      return parseAll(path, operand, context);
    case '$elemMatch':
      return parseElemMatch(path, operand, context);
    default:
      return parseRareOperator(operator, operand, siblings);
  }
}

function parseRareOperator(operator: string, operand: Value, siblings: Doc): FieldNode | undefined {
  switch (operator) {
    case '$regex':
      return parseRegex(operand, getField(siblings, '$options'));
    case '$options':
      if (getField(siblings, '$regex') === undefined) throw errorOf('BadValue', '$options needs a $regex');
      return undefined;
    case '$bitsAllSet':
    case '$bitsAnySet':
    case '$bitsAllClear':
    case '$bitsAnyClear':
      return bitsNode(operator as BitOperator, operand);
    // The second is the older name of the first.
    case '$geoWithin':
    case '$within':
      return geoWithinNode(operand);
    case '$comment':
      return undefined;
    default:
      refuseKnown(operator);
      throw errorOf('BadValue', `unknown operator: ${operator}`);
  }
}

function parseNot(path: string, operand: Value, context: FilterContext): FieldNode {
  if (typeOf(operand) === TYPE.regex) return { kind: 'leaf', test: regexTest(operand), whole: false };
  if (!isDoc(operand)) throw errorOf('BadValue', '$not needs a regex or a document');
  if (keysOf(operand).length === 0) throw errorOf('BadValue', '$not cannot be empty');
  return parseOperators(path, operand, context);
}

function parseRegex(operand: Value, options: Value | undefined): FieldNode {
  const isRegex = typeOf(operand) === TYPE.regex;
  if (!isRegex && typeof operand !== 'string') throw errorOf('BadValue', '$regex has to be a string');
  if (options !== undefined && typeof options !== 'string')
    throw errorOf('BadValue', '$options has to be a string');
  const parts = isRegex ? regexParts(operand) : { pattern: operand as string, options: '' };
  if (parts.options !== '' && options !== undefined) {
    throw new MongoletError(51075, 'options set in both $regex and $options');
  }
  return { kind: 'leaf', test: patternTest(parts.pattern, options ?? parts.options), whole: false };
}

function parseAll(path: string, operand: Value, context: FilterContext): FieldNode {
  if (!Array.isArray(operand)) throw errorOf('BadValue', '$all needs an array');
  const values = operand as Value[];
  if (values.length === 0) return { kind: 'leaf', test: () => false, whole: true };
  const isElemMatch = (value: Value) => isDoc(value) && keysOf(value)[0] === '$elemMatch';
  if (isElemMatch(values[0])) {
    const nodes = values.map((value) => {
      if (!isElemMatch(value)) throw errorOf('BadValue', '$all/$elemMatch has to be consistent');
      return parseElemMatch(path, getField(value as Doc, '$elemMatch'), context);
    });
    return { kind: 'and', nodes };
  }
  const nodes = values.map((value) => {
    if (isOperatorDoc(value)) throw errorOf('BadValue', 'no $ expressions in $all');
    return valueNode(value, context);
  });
  return { kind: 'and', nodes };
}

const LOGICAL = new Set(['$and', '$or', '$nor', '$where', '$expr']);

function parseElemMatch(path: string, operand: Value | undefined, context: FilterContext): FieldNode {
  if (!isDoc(operand)) {
    throw errorOf('BadValue', `$elemMatch needs an Object, but received a ${typeNameOf(operand)}`);
  }
  const inner = { ...context, isTop: false };
  const first = keysOf(operand)[0];
  const onValues = isOperatorDoc(operand) && first !== undefined && !LOGICAL.has(first);
  const matches = onValues
    ? placeOnValue(parseOperators(path, operand, inner))
    : elementDocTest(parseFilter(operand, inner));
  return {
    kind: 'leaf',
    whole: true,
    test: (value, notes) => {
      if (!Array.isArray(value)) return false;
      const index = value.findIndex((element) => matches(element));
      if (index < 0) return false;
      if (notes !== undefined) notes.position = index;
      return true;
    },
  };
}

/** Within an array, arrays count as documents whose names are the indices. */
function elementDocTest(test: DocTest): (element: Value) => boolean {
  return (element) => {
    if (isDoc(element)) return test(element);
    return Array.isArray(element) && test(Object.fromEntries(element.entries()));
  };
}
