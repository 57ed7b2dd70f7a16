/** Products can be listed by name, price and age, a page at a time. */
import { indexMigration } from './migration.ts';

export const productOrders = indexMigration('0003-product-orders', [
  { collection: 'products', key: { name: 1, _id: 1 } },
  { collection: 'products', key: { priceMinor: 1, _id: 1 } },
  { collection: 'products', key: { createdAt: 1, _id: 1 } },
]);
