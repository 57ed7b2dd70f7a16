/** The migrations in their order; a new one goes to the end, and one that has been released is never changed. */
import { firstIndexes } from './0001-first-indexes.ts';
import { sessions } from './0002-sessions.ts';
import { productOrders } from './0003-product-orders.ts';
import { searchByWord } from './0004-search-by-word.ts';
import { movementsAndSubscriptions } from './0005-movements-and-subscriptions.ts';
import { ordersByChange } from './0006-orders-by-change.ts';
import { orderLists } from './0007-order-lists.ts';
import { webhooks } from './0008-webhooks.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  firstIndexes,
  sessions,
  productOrders,
  searchByWord,
  movementsAndSubscriptions,
  ordersByChange,
  orderLists,
  webhooks,
];
