/** `$group`, and the stages that are short for it: `$count`, `$sortByCount`, `$bucket`. */
import { Int32 } from 'bson';
import { MongoletError } from '../errors.ts';
import type { Collation } from '../value/collation.ts';
import { compareValues } from '../value/compare.ts';
import { type Doc, keysOf, setField, type Value } from '../value/document.ts';
import { ValueMap } from '../value/value-map.ts';
import { type AccumulatorField, compileAccumulator } from './accumulators.ts';
import { compileExpression, type Expression, type Variables } from './expression.ts';
import { checkSpecFields, type Stage, type StageCompiler, specDoc } from './stage.ts';

/** `$group` */
export const group: StageCompiler = (spec, { variables, collation }) => {
  const doc = specDoc('$group', spec);
  if (doc._id === undefined) throw new MongoletError(15955, 'a group specification must include an _id');
  const fields = accumulatorsOf(doc, ['_id'], variables);
  return grouping(compileExpression(doc._id, variables), fields, collation);
};

/** `$count` */
export const count: StageCompiler = (spec) => {
  if (typeof spec !== 'string' || spec === '' || spec.startsWith('$') || spec.includes('.')) {
    throw new MongoletError(40156, 'the count field must be a non-empty string without $ or .');
  }
  return function* (input) {
    let n = 0;
    for (const _doc of input) n += 1;
    if (n > 0) yield { [spec]: new Int32(n) };
  };
};

/** `$sortByCount` */
export const sortByCount: StageCompiler = (spec, { variables, collation }) => {
  const fields = new Map([['count', compileAccumulator('count', { $count: {} }, variables)]]);
  const grouped = grouping(compileExpression(spec, variables), fields, collation);
  return (input) => [...grouped(input)].sort((a, b) => compareValues(b.count, a.count));
};

/** `$bucket` */
export const bucket: StageCompiler = (spec, { variables }) => {
  const doc = specDoc('$bucket', spec);
  checkSpecFields('$bucket', doc, ['groupBy', 'boundaries', 'default', 'output']);
  const { boundaries } = doc;
  const isOrdered =
    Array.isArray(boundaries) &&
    boundaries.length >= 2 &&
    boundaries.every((one: Value, i) => i === 0 || compareValues(boundaries[i - 1], one) < 0);
  if (!isOrdered)
    throw new MongoletError(
      40194,
      "The 'boundaries' option to $bucket must be at least two values in ascending order",
    );
  const output =
    doc.output === undefined ? { count: { $sum: new Int32(1) } } : specDoc('$bucket output', doc.output);
  const value = compileExpression(doc.groupBy, variables);
  const bucketOf: Expression = (input) => {
    const wanted = value(input);
    const above = boundaries.findIndex((boundary: Value) => compareValues(wanted, boundary) < 0);
    if (above > 0) return boundaries[above - 1] as Value;
    if (doc.default !== undefined) return doc.default;
    throw new MongoletError(
      7158,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
  const grouped = grouping(bucketOf, accumulatorsOf(output, [], variables));
  return (input) => [...grouped(input)].sort((a, b) => compareValues(a._id, b._id));
};

function accumulatorsOf(
  doc: Doc,
  except: readonly string[],
  variables: Variables,
): Map<string, AccumulatorField> {
  const names = keysOf(doc).filter((name) => !except.includes(name));
  return new Map(names.map((name) => [name, compileAccumulator(name, doc[name], variables)]));
}

function grouping(
  id: Expression,
  fields: ReadonlyMap<string, AccumulatorField>,
  collation?: Collation,
): Stage {
  return function* (input) {
    const groups = new ValueMap<{ id: Value | undefined; parts: ReturnType<AccumulatorField['begin']>[] }>(
      collation,
    );
    const all = [...fields];
    for (const doc of input) {
      const value = id(doc);
      const begin = () => ({ id: value, parts: all.map(([, field]) => field.begin()) });
      const found = groups.ensure(value, begin);
      for (const [i, [, field]] of all.entries()) found.parts[i]?.add(field.expression(doc));
    }
    for (const { id: value, parts } of groups.values()) {
      const doc: Doc = { _id: value ?? null };
      for (const [i, [name]] of all.entries()) setField(doc, name, parts[i]?.result());
      yield doc;
    }
  };
}
