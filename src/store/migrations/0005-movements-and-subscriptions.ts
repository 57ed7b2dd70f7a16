/** Stock movements are listed by product, and a browser's push subscription is found by its endpoint. */
import { indexMigration } from './migration.ts';

export const movementsAndSubscriptions = indexMigration('0005-movements-and-subscriptions', [
  { collection: 'stock_movements', key: { sku: 1, at: -1 } },
  { collection: 'users', key: { 'pushSubscriptions.endpoint': 1 } },
]);
