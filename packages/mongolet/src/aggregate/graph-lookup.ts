/** `$graphLookup`: follows references through a collection, level by level. */
import { Long } from 'bson';
import { numberOf } from '../commands/command.ts';
import { MongoletError } from '../errors.ts';
import { copyDoc, type Doc, setField, type Value } from '../value/document.ts';
import { encodeKey } from '../value/key.ts';
import { indexValues } from '../value/path.ts';
import { compileExpression } from './expression.ts';
import { withPath } from './reshape.ts';
import { checkSpecFields, type PipelineContext, type StageCompiler, specDoc } from './stage.ts';

interface Search {
  readonly from: string;
  readonly connectFromField: string;
  readonly connectToField: string;
  readonly depthField: string | undefined;
  readonly maxDepth: number;
  readonly restriction: Doc;
}

const REQUIRED = ['from', 'startWith', 'connectFromField', 'connectToField', 'as'];
const OPTIONAL = ['maxDepth', 'depthField', 'restrictSearchWithMatch'];

/** `$graphLookup` */
export const graphLookup: StageCompiler = (spec, context) => {
  const doc = specDoc('$graphLookup', spec);
  checkSpecFields('$graphLookup', doc, [...REQUIRED, ...OPTIONAL]);
  for (const name of REQUIRED) {
    if (doc[name] === undefined || (name !== 'startWith' && typeof doc[name] !== 'string')) {
      throw new MongoletError(40105, `$graphLookup requires '${name}'`);
    }
  }
  const search: Search = {
    from: String(doc.from),
    connectFromField: String(doc.connectFromField),
    connectToField: String(doc.connectToField),
    depthField: typeof doc.depthField === 'string' ? doc.depthField : undefined,
    maxDepth: maxDepthOf(doc.maxDepth),
    restriction:
      doc.restrictSearchWithMatch === undefined
        ? {}
        : specDoc('$graphLookup restrictSearchWithMatch', doc.restrictSearchWithMatch),
  };
  const start = compileExpression(doc.startWith, context.variables);
  const path = String(doc.as).split('.');
  return function* (input) {
    for (const one of input) {
      const first = start(one);
      const found = follow(search, context, Array.isArray(first) ? (first as Value[]) : [first ?? null]);
      yield withPath(one, path, 0, found) as Doc;
    }
  };
};

function maxDepthOf(value: Value): number {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  const depth = numberOf(value);
  if (depth !== undefined && Number.isInteger(depth) && depth >= 0) return depth;
  throw new MongoletError(40100, `maxDepth requires a nonnegative whole number, found: ${String(value)}`);
}

function follow(search: Search, { find }: PipelineContext, start: Value[]): Doc[] {
  const visited = new Map<string, Doc>();
  let frontier = start;
  for (let depth = 0; depth <= search.maxDepth && frontier.length > 0; depth += 1) {
    const next: Value[] = [];
    const filter = { $and: [search.restriction, { [search.connectToField]: { $in: frontier } }] };
    for (const doc of find(search.from, filter)) {
      const identity = encodeKey([doc._id]).toString('latin1');
      if (visited.has(identity)) continue;
      visited.set(identity, search.depthField === undefined ? doc : withDepth(doc, search.depthField, depth));
      next.push(...indexValues(doc, search.connectFromField).values.filter((value) => value !== undefined));
    }
    frontier = next;
  }
  return [...visited.values()];
}

function withDepth(doc: Doc, field: string, depth: number): Doc {
  const copy = copyDoc(doc);
  setField(copy, field, Long.fromNumber(depth));
  return copy;
}
