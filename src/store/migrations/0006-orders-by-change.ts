/** The feed completes itself from the orders in the line of their last changes; its lists, by customer. */
import { indexMigration } from './migration.ts';

export const ordersByChange = indexMigration('0006-orders-by-change', [
  { collection: 'orders', key: { updatedAt: 1, _id: 1 } },
]);
