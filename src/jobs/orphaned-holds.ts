/** Gives back what a process that died, or came too late, left held for an order that is finished. */
import type { ActorStore } from '../actors/ports.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { StockLedger } from '../ports/stock.ts';

const BATCH = 500;

/** A round of the sweep: looks at holds older than `minAgeMs`, at most once in that time. */
export function createOrphanedHoldsRound(parts: {
  stock: StockLedger;
  store: Pick<ActorStore, 'load'>;
  clock: Clock;
  logger: Logger;
  minAgeMs: number;
}): () => Promise<void> {
  const { stock, store, clock, logger, minAgeMs } = parts;
  let lastRunMs = 0;
  return async () => {
    const nowMs = clock.now().getTime();
    if (nowMs - lastRunMs < minAgeMs) return;
    lastRunMs = nowMs;
    for (const { orderId, skus } of await stock.holdersBefore(new Date(nowMs - minAgeMs), BATCH)) {
      const record = await store.load(orderId);
      // A finished order never comes back, so what it holds now nobody will ever settle.
      if (record !== undefined && record.status !== 'done') continue;
      await stock.release(orderId, skus);
      logger.warn({ orderId, skus }, 'stock was left held for a finished order, and is given back');
    }
  };
}
