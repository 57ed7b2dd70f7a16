/** Processes that sweep over one Redis and one store, and what befalls them. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { queueOf } from '../../src/actors/definition.ts';
import type { ActorStore, JobQueues } from '../../src/actors/ports.ts';
import { Relay, TIMER_QUEUE } from '../../src/actors/relay.ts';
import { Sweep } from '../../src/actors/sweep.ts';
import { Queues } from '../../src/jobs/queues.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { leases, placedOrder, START, versions } from '../support/orders.ts';
import { makeTestDir, startRedis, type Teardown } from '../support/services.ts';

export const logger = pino({ level: 'silent' });
export const LEASE = leases.leaseMs;
/** Between two rounds of a sweep. */
export const INTERVAL = 5_000;
/** The key of what tells a loss. */
export const MARK = 'lost:sweep';
const never = new Promise<never>(() => undefined);

/** What happens at the nth call of a method, instead of it or before it. */
export interface Incident {
  method: keyof ActorStore | keyof JobQueues;
  nth: number;
  /** `dies`: from this call on, nothing that the process asks for happens, and nothing is answered. */
  happens: 'dies' | (() => Promise<unknown>);
}

/** A process that an incident befalls. */
interface Life {
  incident: Incident | undefined;
  calls: number;
  isDead: boolean;
  death: ReturnType<typeof createMoment>;
}

/** A moment that can be waited for. */
export function createMoment(): { come: () => void; hasCome: Promise<void> } {
  let come = () => {};
  const hasCome = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { come, hasCome };
}

/** Resolves in the middle of that round. @throws Error when the round ends and the moment has not come */
export function inRound(round: Promise<unknown>, hasCome: Promise<void>): Promise<void> {
  const ended = round.then(() => {
    throw new Error('the round has ended, and what should befall it never did');
  });
  return Promise.race([hasCome, ended]);
}

/** What the process asks for, as long as it lives. */
function lived<T extends object>(parts: T, life: Life): T {
  const call = async (method: PropertyKey, run: () => unknown) => {
    const { incident } = life;
    if (!life.isDead && incident?.method === method) {
      life.calls += 1;
      if (life.calls === incident.nth && incident.happens === 'dies') {
        life.isDead = true;
        life.death.come();
      } else if (life.calls === incident.nth && incident.happens !== 'dies') await incident.happens();
    }
    return life.isDead ? never : run();
  };
  return new Proxy(parts, {
    get: (target, method) => {
      const found = Reflect.get(target, method) as unknown;
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) => call(method, () => found.apply(target, args));
    },
  });
}

/** A Redis of the test's own whose stages nobody works on, a store, and processes that sweep over both. */
export async function setUp(t: Teardown) {
  const dir = await makeTestDir(t);
  const { redis, redisUrl } = await startRedis(t, dir);
  const clock = createFakeClock(START);
  const store = createMemoryStore();
  const names = new Set([...[...versions.sources].map(queueOf), TIMER_QUEUE]);
  const queues = new Queues(redisUrl, 'lost', names, { backoffMs: 1, leaseMs: LEASE });
  t.teardown(() => queues.close());
  await queues.ready();
  const feed = { publish: async () => undefined, onTransition: () => () => undefined };
  const parts = { feed, clock, leases, logger, also: async () => undefined, intervalMs: INTERVAL };
  /** When a job was looked for, in seconds. */
  const looks: number[] = [];
  const counted: JobQueues = {
    add: (dispatches) => queues.add(dispatches),
    loss: () => queues.loss(),
    madeGood: (loss) => queues.madeGood(loss),
    look(queue, jobId) {
      looks.push((clock.now().getTime() - START.getTime()) / 1_000);
      return queues.look(queue, jobId);
    },
  };
  const startProcess = (incident?: Incident) => {
    const life: Life = { incident, calls: 0, isDead: false, death: createMoment() };
    const sweep = new Sweep({ ...parts, store: lived(store, life), queues: lived(counted, life) });
    /** Resolves when it has died in the middle of a round. */
    const die = () => inRound(sweep.round(), life.death.hasCome);
    return { life, sweep, die };
  };
  const relay = new Relay({ ...parts, store, queues, onPublished: () => undefined });
  /** Orders that everybody has heard of, whose first job is in its queue. */
  const place = async (ids: string[]) => {
    for (const id of ids) {
      const record = placedOrder(id);
      store.records.set(id, structuredClone({ ...record, publications: [] }));
      relay.publish(record);
    }
    await relay.drain();
  };
  const client = new Redis(join(dir, 'redis.sock'));
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  /** How many of those orders have that job there. */
  const inQueue = async (ids: string[]) => {
    const known = await Promise.all(ids.map((id) => queues.look('validation', `${id}.1.validation.0`)));
    return known.filter((state) => state === 'pending').length;
  };
  /** Starts Redis again after it was killed; resolves when everybody is connected. */
  const restart = async () => {
    await redis.start();
    await eventually(
      async () => [await queues.ping(), await client.ping()],
      () => true,
    );
  };
  return { redis, restart, client, clock, store, queues, looks, startProcess, place, inQueue };
}

/** What the tests work with. */
export type Setting = Awaited<ReturnType<typeof setUp>>;
