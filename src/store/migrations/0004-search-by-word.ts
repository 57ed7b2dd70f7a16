/** Products are found by every word of their name, not by its beginning alone. */
import type { Connection } from 'mongoose';
import { searchTerms } from '../search-terms.ts';
import type { Migration } from './migration.ts';

const BATCH = 500;

interface Searched {
  _id: string;
  name: string;
}

export const searchByWord: Migration = {
  name: '0004-search-by-word',
  up: (connection) => rewrite(connection, searchTerms),
  down: (connection) =>
    rewrite(connection, (sku, name) => [...new Set([sku.toLowerCase(), name.toLowerCase()])]),
};

async function rewrite({ db }: Connection, terms: (sku: string, name: string) => string[]): Promise<void> {
  const products = db?.collection<Searched>('products');
  if (!products) return;
  const operationOf = ({ _id, name }: Searched) => ({
    updateOne: { filter: { _id, name }, update: { $set: { searchTerms: terms(_id, name) } } },
  });
  let batch: ReturnType<typeof operationOf>[] = [];
  for await (const product of products.find({}, { projection: { name: 1 } })) {
    batch.push(operationOf(product));
    if (batch.length < BATCH) continue;
    await products.bulkWrite(batch, { ordered: false });
    batch = [];
  }
  if (batch.length > 0) await products.bulkWrite(batch, { ordered: false });
}
