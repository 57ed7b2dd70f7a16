/** Takes the jobs of the queue, and looks again and again for deliveries that are due without one. */
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Deliverer } from './deliverer.ts';
import type { Poster } from './poster.ts';
import type { WebhookQueue } from './queue.ts';

/** So many jobs can be found to be postponed while all places are taken. */
const SPARE = 4;

/** How long receivers may still answer when the engine stops; after the next start, the others are told again. */
const GRACE_MS = 2_000;

/** What the worker stands on. */
export interface WebhookWorkerParts {
  queue: WebhookQueue;
  deliverer: Deliverer;
  poster: Pick<Poster, 'abandon'>;
  clock: Clock;
  logger: Logger;
  concurrency: number;
  /** Between two looks. */
  intervalMs: number;
}

/** Starts working; returns what ends it, resolved when what runs has ended. */
export function startWebhookWorker(parts: WebhookWorkerParts): () => Promise<void> {
  const { queue, deliverer, poster, clock, logger, concurrency, intervalMs } = parts;
  let stopped = false;
  let cancel = () => {};
  let round = Promise.resolve();

  queue.bull
    .process(concurrency + SPARE, ({ data }) => deliverer.deliver(data))
    .catch((error: unknown) =>
      logger.error({ err: error, queue: queue.bull.name }, 'no more jobs are taken'),
    );
  queue.bull.on('failed', (job, error) =>
    logger.warn({ job: job.id, err: messageOf(error) }, 'a webhook was not tried; the sweep sees to it'),
  );

  const schedule = (delayMs: number) => {
    if (stopped) return;
    cancel = clock.after(delayMs, () => {
      round = deliverer
        .sweep()
        .then(() => undefined)
        .catch((error) => logger.warn({ error: messageOf(error) }, 'webhooks due cannot be read'))
        .finally(() => schedule(intervalMs));
    });
  };
  schedule(0);
  return async () => {
    stopped = true;
    cancel();
    const endGrace = clock.after(GRACE_MS, () => poster.abandon());
    await Promise.all([round, queue.bull.pause(true)]);
    endGrace();
  };
}
