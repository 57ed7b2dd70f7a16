/** `$out`: a pipeline's results take the place of a collection's documents, all of them or none. */
import type { CommandContext } from '../commands/command.ts';
import { compileQuery } from '../commands/compile.ts';
import { insertOne } from '../commands/insert.ts';
import { findRecords } from '../commands/write-one.ts';
import { errorOf, MongoletError } from '../errors.ts';
import type { DocumentSource } from '../session/cursors.ts';
import { type Doc, decode, type Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { readStage } from './stage.ts';

/** Whether an aggregation writes: then it has its place among the writes. */
export function hasOut({ pipeline }: Doc): boolean {
  return Array.isArray(pipeline) && pipeline.some((stage: Value) => isDoc(stage) && '$out' in stage);
}

/** The namespace that `$out`, the last stage, names. */
export function outTarget(context: CommandContext, pipeline: readonly Value[]): string {
  const isEarlier = pipeline.slice(0, -1).some((stage) => isDoc(stage) && '$out' in stage);
  const { operator, spec } = readStage(pipeline.at(-1));
  if (isEarlier || operator !== '$out') {
    throw new MongoletError(40601, '$out can only be the final stage in the pipeline');
  }
  if (context.engine.storage.view) {
    throw errorOf('OperationNotSupportedInTransaction', '$out cannot be used in a transaction');
  }
  if (typeof spec === 'string') return `${context.database}.${spec}`;
  const isNamed = isDoc(spec) && typeof spec.db === 'string' && typeof spec.coll === 'string';
  if (isNamed && keysOf(spec).length === 2) return `${spec.db}.${spec.coll}`;
  throw new MongoletError(16990, "$out takes a string or a document of 'db' and 'coll'");
}

/** Writes what a source gives into the collection; its indexes stay, and a duplicate key undoes everything. */
export function writeOut(context: CommandContext, namespace: string, source: DocumentSource): void {
  const { engine } = context;
  // Read to the end first: the source may be the collection itself.
  const results: { doc: Doc; bytes: Buffer }[] = [];
  for (let bytes = source.next(); bytes; bytes = source.next()) {
    results.push({ doc: decode(bytes), bytes: Buffer.from(bytes) });
  }
  source.suspend();
  const collection = engine.catalog.ensure(namespace);
  if (collection.cap)
    throw new MongoletError(17152, `namespace '${namespace}' is capped so it can't be used for $out`);
  const before = findRecords(engine, collection, { filter: {} }, compileQuery({}), Number.POSITIVE_INFINITY);
  for (const record of before) engine.records.remove(collection, record);
  for (const result of results) insertOne(context, collection, result);
}
