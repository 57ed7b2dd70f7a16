/** The indexes of orders, products and users, as they were made at every start before there were migrations. */
import { indexMigration } from './migration.ts';

export const firstIndexes = indexMigration('0001-first-indexes', [
  { collection: 'orders', key: { 'idempotency.key': 1 }, options: { unique: true } },
  {
    collection: 'orders',
    key: { sweepAt: 1 },
    options: { partialFilterExpression: { sweepAt: { $exists: true } } },
  },
  { collection: 'orders', key: { 'input.customerId': 1, _id: -1 } },
  { collection: 'orders', key: { state: 1, _id: -1 } },
  { collection: 'products', key: { searchTerms: 1 } },
  { collection: 'users', key: { email: 1 }, options: { unique: true } },
  { collection: 'users', key: { username: 1 }, options: { unique: true } },
]);
