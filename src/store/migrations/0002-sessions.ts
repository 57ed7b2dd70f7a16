/** Sessions are found by their tokens, and are gone when they have expired. */
import { indexMigration } from './migration.ts';

export const sessions = indexMigration('0002-sessions', [
  { collection: 'sessions', key: { tokenHash: 1 }, options: { unique: true } },
  { collection: 'sessions', key: { usedHashes: 1 } },
  { collection: 'sessions', key: { expiresAt: 1 }, options: { expireAfterSeconds: 0 } },
]);
