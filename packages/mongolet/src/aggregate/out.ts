/** `$out`: a pipeline's results take the place of a collection's documents, all of them or none. */
import type { CommandContext } from '../commands/command.ts';
import { compileQuery } from '../commands/compile.ts';
import { insertOne } from '../commands/insert.ts';
import { findRecords } from '../commands/write-one.ts';
import { MongoletError } from '../errors.ts';
import type { Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import type { OutputWriter } from './output.ts';

/** Reads `$out`; the collection's indexes stay, and a duplicate key undoes everything. */
export function outWriter(context: CommandContext, spec: Value): OutputWriter {
  const { engine } = context;
  const namespace = targetOf(context, spec);
  return (results) => {
    const collection = engine.catalog.ensure(namespace);
    if (collection.cap)
      throw new MongoletError(17152, `namespace '${namespace}' is capped so it can't be used for $out`);
    const all = compileQuery({});
    const before = findRecords(engine, collection, { filter: {} }, all, Number.POSITIVE_INFINITY);
    for (const record of before) engine.records.remove(collection, record);
    for (const result of results) insertOne(context, collection, result);
  };
}

function targetOf({ database }: CommandContext, spec: Value): string {
  if (typeof spec === 'string') return `${database}.${spec}`;
  const isNamed = isDoc(spec) && typeof spec.db === 'string' && typeof spec.coll === 'string';
  if (isNamed && keysOf(spec).length === 2) return `${spec.db}.${spec.coll}`;
  throw new MongoletError(16990, "$out takes a string or a document of 'db' and 'coll'");
}
