/** `$bucketAuto`: groups of about the same size, in the order of an expression. */
import { Int32 } from 'bson';
import { numberOf } from '../commands/command.ts';
import { errorOf, MongoletError } from '../errors.ts';
import { compareValues } from '../value/compare.ts';
import { type Doc, keysOf, setField, type Value } from '../value/document.ts';
import { type AccumulatorField, compileAccumulator } from './accumulators.ts';
import { compileExpression } from './expression.ts';
import { checkSpecFields, type StageCompiler, specDoc } from './stage.ts';

interface Placed {
  readonly value: Value;
  readonly doc: Doc;
}

/** `$bucketAuto` */
export const bucketAuto: StageCompiler = (spec, { variables }) => {
  const doc = specDoc('$bucketAuto', spec);
  checkSpecFields('$bucketAuto', doc, ['groupBy', 'buckets', 'output', 'granularity']);
  if (doc.granularity !== undefined) {
    throw errorOf('CommandNotSupported', "mongolet does not support 'granularity' in $bucketAuto");
  }
  const buckets = numberOf(doc.buckets);
  if (doc.groupBy === undefined || buckets === undefined || !Number.isInteger(buckets) || buckets < 1) {
    throw new MongoletError(40246, "$bucketAuto requires 'groupBy' and a positive whole number of 'buckets'");
  }
  const output =
    doc.output === undefined ? { count: { $sum: new Int32(1) } } : specDoc('$bucketAuto output', doc.output);
  const fields = keysOf(output).map(
    (name) => [name, compileAccumulator(name, output[name], variables)] as const,
  );
  const groupBy = compileExpression(doc.groupBy, variables);
  return function* (input) {
    const placed = [...input].map((one): Placed => ({ value: groupBy(one) ?? null, doc: one }));
    placed.sort((a, b) => compareValues(a.value, b.value));
    yield* bucketsOf(placed, buckets, fields);
  };
};

function* bucketsOf(
  placed: readonly Placed[],
  buckets: number,
  fields: readonly (readonly [string, AccumulatorField])[],
): Generator<Doc> {
  const size = Math.max(1, Math.round(placed.length / buckets));
  let from = 0;
  for (let made = 1; from < placed.length; made += 1) {
    let to = made === buckets ? placed.length : Math.min(from + size, placed.length);
    // Equal values stay together.
    while (to < placed.length && compareValues(placed[to - 1]?.value, placed[to]?.value) === 0) to += 1;
    const max = (placed[to] ?? placed[to - 1])?.value;
    const bucket: Doc = { _id: { min: placed[from]?.value, max } };
    for (const [name, field] of fields) {
      const accumulator = field.begin();
      for (const { doc } of placed.slice(from, to)) accumulator.add(field.expression(doc));
      setField(bucket, name, accumulator.result());
    }
    yield bucket;
    from = to;
  }
}
