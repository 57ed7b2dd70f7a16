// Rewrites one exact piece of one source file while it is loaded: production code knows nothing of it.
import { appendFileSync } from 'node:fs';

let mutation;

export function initialize(data) {
  mutation = data;
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (url.split('?')[0] !== mutation.url || loaded.source === undefined || loaded.source === null)
    return loaded;
  const [before, after, ...more] = String(loaded.source).split(mutation.snippet);
  if (after === undefined || more.length > 0)
    throw new Error(`The snippet of the mutation must stand in ${url} exactly once.`);
  // Only what was really loaded has been tested: the runner looks for this line.
  appendFileSync(mutation.markFile, 'mutated\n');
  return { ...loaded, source: `${before}${mutation.replacement}${after}` };
}
