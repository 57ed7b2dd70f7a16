/** Deliveries of webhooks are found when they are due, listed by endpoint, and gone when they have expired. */
import { indexMigration } from './migration.ts';

export const webhooks = indexMigration('0008-webhooks', [
  {
    collection: 'webhook_deliveries',
    key: { endpointId: 1, dueAt: 1 },
    options: { partialFilterExpression: { dueAt: { $exists: true } } },
  },
  { collection: 'webhook_deliveries', key: { endpointId: 1, createdAt: -1, _id: -1 } },
  { collection: 'webhook_deliveries', key: { expiresAt: 1 }, options: { expireAfterSeconds: 0 } },
]);
