/** One simulated engine process: the real runtime, workers and processors over the simulated outside. */
import { pino } from 'pino';
import { createOrders } from '../../src/actors/orders.ts';
import { Registry } from '../../src/actors/registry.ts';
import { Relay } from '../../src/actors/relay.ts';
import { Sweep } from '../../src/actors/sweep.ts';
import { createOrphanedHoldsRound } from '../../src/jobs/orphaned-holds.ts';
import { createLateUndos, createProcessors } from '../../src/jobs/processors.ts';
import { type AttemptParts, runQueued, runTimer } from '../../src/jobs/workers.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { OrderActors } from '../../src/ports/order-actors.ts';
import { versions } from '../support/orders.ts';
import { type Outside, redisFor, type SimulatedJob, storeFor } from './outside.ts';
import { providersFor } from './providers.ts';
import type { Caller } from './scheduler.ts';
import { stockFor } from './stock.ts';

/** Short, so that a run meets many leases. */
export const LEASE_MS = 10_000;
const leases = { leaseMs: LEASE_MS };
const logger = pino({ level: 'silent' });

export interface SimulatedProcess extends Caller {
  orders: OrderActors;
  /** Takes a job as a Bull worker does; the queue learns how it ended only if the process lives. */
  work(job: SimulatedJob): void;
  /** SIGKILL: from here on it gets no replies, and its jobs stall. */
  kill(): void;
}

/** Starts a process; ids are numbered by the caller, so that a run can be repeated. */
export function startProcess(outside: Outside, newId: () => string): SimulatedProcess {
  const caller: Caller = { alive: true };
  const { clock: worldClock, jobs, scheduler } = outside;
  const clock: Clock = {
    now: worldClock.now,
    after: (delayMs, run) => worldClock.after(delayMs, () => caller.alive && run()),
  };
  const store = storeFor(outside, caller);
  const stock = stockFor(outside, caller);
  const { queues, feed } = redisFor(outside, caller);
  const relay: Relay = new Relay({
    store,
    queues,
    feed,
    clock,
    leases,
    logger,
    onPublished: (actorId, seq) => registry.published(actorId, seq),
  });
  const publish = (record: Parameters<Relay['publish']>[0]) => relay.publish(record);
  // Few activations, so that orders are passivated in the middle of their lives.
  const registry = new Registry({ store, versions, clock, leases, publish }, 2);
  const policy = {
    paymentOverdueMs: 45_000,
    shippingOverdueMs: 90_000,
    unpaidExpiryMs: 120_000,
    parcelUnits: 2,
  };
  const orders = createOrders({ store, registry, versions, clock, newId, leases, policy, publish });
  const also = createOrphanedHoldsRound({ stock, store, clock, logger, minAgeMs: 2 * LEASE_MS });
  const sweep = new Sweep({ store, queues, feed, clock, leases, logger, also, intervalMs: 2_000 });
  sweep.start();
  const processors = createProcessors({ stock, clock, newId, ...providersFor(outside, caller) });
  const lateUndos = createLateUndos({ stock });
  const workers: AttemptParts = { registry, processors, lateUndos, attempts: 4, logger };
  return Object.assign(caller, {
    orders,
    work(job: SimulatedJob) {
      job.state = 'active';
      job.owner = caller;
      const run = job.dispatch.ref.kind === 'timer' ? runTimer : runQueued;
      run(workers, job.dispatch.ref).then(
        () => {
          job.state = 'finished';
          // As Bull keeps only so many finished jobs, some are gone already when the sweep looks.
          if (scheduler.chance(0.5)) jobs.delete(job.dispatch.jobId);
        },
        () => {
          job.state = 'waiting';
          job.dueMs = worldClock.now().getTime() + 1_000;
        },
      );
    },
    kill() {
      caller.alive = false;
    },
  });
}
