/** The durable runtime over the store, the queues and the feed, and the workers that drive it. */
import { createOrders } from '../actors/orders.ts';
import type { Dispatch } from '../actors/ports.ts';
import { Registry } from '../actors/registry.ts';
import { Relay } from '../actors/relay.ts';
import { Sweep } from '../actors/sweep.ts';
import type { MachineVersions } from '../actors/versions.ts';
import { FirstStages } from '../jobs/first-stages.ts';
import { HandOn } from '../jobs/hand-on.ts';
import { createOrphanedHoldsRound } from '../jobs/orphaned-holds.ts';
import { createLateUndos, createProcessors } from '../jobs/processors.ts';
import type { Queues } from '../jobs/queues.ts';
import { startWorkers } from '../jobs/workers.ts';
import type { Feed } from '../ports/order-actors.ts';
import type { Providers } from '../providers/providers.ts';
import type { EngineOptions } from './options.ts';
import type { OpenStore } from './store.ts';

/** The runtime: what makes the order machine durable. */
export function startRuntime(
  { environment, clock, newId, logger }: EngineOptions,
  store: OpenStore,
  versions: MachineVersions,
  queues: Queues,
  feed: Feed,
  handOn: (dispatch: Dispatch) => boolean,
) {
  const leases = { leaseMs: environment.ORDO_LEASE_MS };
  const relay: Relay = new Relay({
    store: store.orders,
    queues,
    feed,
    clock,
    leases,
    logger,
    handOn,
    onPublished: (actorId, seq) => registry.published(actorId, seq),
  });
  const registry = new Registry(
    {
      store: store.orders,
      versions,
      clock,
      leases,
      publish: (record) => relay.publish(record),
    },
    environment.ORDO_ACTIVATIONS,
  );
  const orders = createOrders({
    store: store.orders,
    registry,
    versions,
    clock,
    newId,
    leases,
    policy: {
      paymentOverdueMs: environment.ORDO_PAYMENT_OVERDUE_MS,
      shippingOverdueMs: environment.ORDO_SHIPPING_OVERDUE_MS,
      unpaidExpiryMs: environment.ORDO_UNPAID_EXPIRY_MS,
      parcelUnits: environment.ORDO_PARCEL_UNITS,
    },
    publish: (record) => relay.publish(record),
  });
  const sweep = new Sweep({
    store: store.orders,
    queues,
    feed,
    clock,
    leases,
    logger,
    also: createOrphanedHoldsRound({
      stock: store.stock,
      store: store.orders,
      clock,
      logger,
      minAgeMs: 2 * leases.leaseMs,
    }),
    intervalMs: environment.ORDO_SWEEP_INTERVAL_MS,
  });
  return { orders, registry, relay, sweep };
}

/** Starts the workers. Half of a queue's places are for its jobs, half for stages that are handed straight on. */
export function startWork(
  options: EngineOptions,
  store: OpenStore,
  queues: Queues,
  registry: Registry,
  { gateway, carrier, notifier }: Providers,
): HandOn {
  const { environment, clock, newId, logger } = options;
  const { ORDO_CONCURRENCY: concurrency, ORDO_HAND_ON } = environment;
  const slots = ORDO_HAND_ON === 'true' ? Math.floor(concurrency / 2) : 0;
  const parts = {
    registry,
    queues,
    backoffMs: environment.ORDO_BACKOFF_MS,
    processors: createProcessors({
      stock: store.stock,
      gateway,
      carrier,
      notifier,
      users: store.users,
      clock,
      newId,
    }),
    lateUndos: createLateUndos({ stock: store.stock }),
    concurrency: concurrency - slots,
    attempts: environment.ORDO_ATTEMPTS,
    logger,
  };
  const firstStages = new FirstStages(parts.concurrency);
  startWorkers(parts, firstStages);
  return new HandOn({ ...parts, clock, slots, firstStages, leaseMs: environment.ORDO_LEASE_MS });
}
