/** The labels by which drivers know what may be tried again, by MongoDB's rules. */
import { CODES } from '../errors.ts';

/** WriteConflict, LockTimeout, SnapshotUnavailable and PreparedTransactionInProgress. */
const TRANSIENT_CODES = new Set<number>([CODES.WriteConflict, 24, 246, 267]);
/** Codes of the family RetriableError; mongolet raises them for fail points only. */
const RETRYABLE_CODES = new Set<number>([
  6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** Those that mean another routing of a sharded cluster, and the two that change streams alone know. */
const RESUMABLE_CODES = new Set<number>([...RETRYABLE_CODES, 63, 133, 150, 234, 249, 13388]);

/** How a command with an error belongs to its session. */
export type SessionRole = 'statement' | 'end' | 'retryable' | 'none';

/** Whether the error means that a transaction lost a race, and only that. */
export function isTransient(code: number): boolean {
  return TRANSIENT_CODES.has(code);
}

/** The labels of an error that interrupts a change stream. */
export function changeStreamLabelsOf(code: number): string[] {
  return RESUMABLE_CODES.has(code) ? ['ResumableChangeStreamError'] : [];
}

/** The labels of an error. */
export function labelsOf(code: number, role: SessionRole): string[] {
  const isGone = code === CODES.NoSuchTransaction && (role === 'statement' || role === 'end');
  const isWorthAnother = role === 'statement' && RETRYABLE_CODES.has(code);
  const isLost = isTransient(code) && (role === 'statement' || role === 'end');
  if (isGone || isWorthAnother || isLost) return ['TransientTransactionError'];
  const mayRepeat = (role === 'end' || role === 'retryable') && RETRYABLE_CODES.has(code);
  return mayRepeat ? ['RetryableWriteError'] : [];
}
