/** Indexes with a collation hold what the rules of one version of ICU made of strings: after another one came, they are made anew. */
import { ICU_VERSION } from '../value/collation.ts';
import { isDoc } from '../value/type.ts';
import type { Engine } from './command.ts';

/** Makes anew, at a start, what was made by other rules; throws where a unique index cannot be kept by the new ones. */
export function renewIndexes(engine: Engine): void {
  for (const collection of engine.catalog.list()) {
    for (const index of collection.indexes) {
      const { collation } = index.spec;
      if (!isDoc(collation) || collation.version === ICU_VERSION) continue;
      const renew = (): void => {
        const spec = { ...index.spec, collation: { ...collation, version: ICU_VERSION } };
        engine.records.fillIndex(collection, engine.catalog.renewIndex(collection, index, spec));
      };
      engine.storage.runBatch(renew, { isBulk: true });
    }
  }
}
