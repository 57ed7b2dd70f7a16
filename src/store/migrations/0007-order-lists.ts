/** Orders are found by their search terms, by when they were placed, and in the archive. */
import type { OrderRecord } from '../../machines/order-view.ts';
import { orderSearchTerms } from '../search-terms.ts';
import { indexMigration, type Migration } from './migration.ts';

const BATCH = 500;

type Searched = Pick<OrderRecord, '_id' | 'input'>;

const indexes = indexMigration('0007-order-lists', [
  { collection: 'orders', key: { searchTerms: 1 } },
  { collection: 'orders', key: { placedAt: 1 } },
  {
    collection: 'orders',
    key: { archivedAt: 1 },
    options: { partialFilterExpression: { archivedAt: { $exists: true } } },
  },
]);

export const orderLists: Migration = {
  ...indexes,
  async up(connection) {
    const orders = connection.db?.collection<Searched & { searchTerms?: string[] }>('orders');
    const projection = { 'input.reference': 1, 'input.lines': 1, 'input.shippingAddress': 1 };
    const operationOf = ({ _id, input }: Searched) => ({
      updateOne: { filter: { _id }, update: { $set: { searchTerms: orderSearchTerms(_id, input) } } },
    });
    let batch: ReturnType<typeof operationOf>[] = [];
    for await (const order of orders?.find({ searchTerms: { $exists: false } }, { projection }) ?? []) {
      if (batch.push(operationOf(order)) < BATCH) continue;
      await orders?.bulkWrite(batch, { ordered: false });
      batch = [];
    }
    if (batch.length > 0) await orders?.bulkWrite(batch, { ordered: false });
    await indexes.up(connection);
  },
  async down(connection) {
    await indexes.down(connection);
    await connection.db?.collection('orders').updateMany({}, { $unset: { searchTerms: 1 } });
  },
};
