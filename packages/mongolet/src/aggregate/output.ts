/** The last stage of a pipeline that writes: `$out` or `$merge`. */
import type { CommandContext } from '../commands/command.ts';
import { errorOf, MongoletError } from '../errors.ts';
import type { DocumentSource } from '../session/cursors.ts';
import { type Doc, decode, type Value } from '../value/codec.ts';
import { isDoc } from '../value/type.ts';
import { mergeWriter } from './merge.ts';
import { outWriter } from './out.ts';
import { readStage } from './stage.ts';

/** Takes all results of a pipeline, each with its encoding. */
export type OutputWriter = (results: { doc: Doc; bytes: Buffer }[]) => void;

const isOutput = (stage: Value): boolean => isDoc(stage) && ('$out' in stage || '$merge' in stage);

/** Whether an aggregation writes: then it has its place among the writes. */
export function hasOutput({ pipeline }: Doc): boolean {
  return Array.isArray(pipeline) && pipeline.some(isOutput);
}

/** What writes the results of a pipeline, checked; undefined where nothing does. */
export function outputOf(context: CommandContext, pipeline: readonly Value[]): OutputWriter | undefined {
  const position = pipeline.findIndex(isOutput);
  if (position < 0) return undefined;
  const { operator, spec } = readStage(pipeline[position]);
  if (position < pipeline.length - 1)
    throw new MongoletError(40601, `${operator} can only be the final stage in the pipeline`);
  if (context.engine.storage.view)
    throw errorOf('OperationNotSupportedInTransaction', `${operator} cannot be used in a transaction`);
  return operator === '$out' ? outWriter(context, spec) : mergeWriter(context, spec);
}

/** Runs a source to its end, and only then writes: it may read the collection that is written. */
export function writeAll(source: DocumentSource, write: OutputWriter): void {
  const results: { doc: Doc; bytes: Buffer }[] = [];
  for (let bytes = source.next(); bytes; bytes = source.next()) {
    results.push({ doc: decode(bytes), bytes: Buffer.from(bytes) });
  }
  source.suspend();
  write(results);
}
