/** Work that was tried without a job of its own goes to its queue when that fails: the queue has the patience. */
import type { Dispatch, JobQueues } from '../actors/ports.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { backoffMs } from './queues.ts';

export interface RetryParts {
  queues: Pick<JobQueues, 'add'>;
  /** The first pause between two attempts. */
  backoffMs: number;
  logger: Logger;
}

/** Never rejects: what does not reach its queue, the sweep hands over. */
export async function enqueue(
  { queues, logger }: Pick<RetryParts, 'queues' | 'logger'>,
  dispatches: Dispatch[],
): Promise<void> {
  try {
    await queues.add(dispatches);
  } catch (cause) {
    const jobs = dispatches.map(({ jobId }) => jobId);
    logger.warn({ jobs, err: messageOf(cause) }, 'jobs not handed over; the sweep will');
  }
}

/** An attempt has failed: the next one is a job. Never rejects. */
export function retryLater(parts: RetryParts, dispatch: Dispatch, error: unknown): Promise<void> {
  parts.logger.warn({ job: dispatch.jobId, err: messageOf(error) }, 'attempt failed');
  return enqueue(parts, [{ ...dispatch, delayMs: backoffMs(1, error, parts.backoffMs) }]);
}
