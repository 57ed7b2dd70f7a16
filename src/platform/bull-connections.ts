/** Bull queues and the Redis connections they ask for: opened, waited for and closed together. */
import { once } from 'node:events';
import type Bull from 'bull';
import type { Redis } from 'ioredis';
import { type ConnectionType, endConnection, openConnection } from './bull-connection.ts';
import { BullQueue } from './bull-queue.ts';

const READY_TIMEOUT_MS = 10_000;

/** Queues that share what can be shared: one connection for commands and one for events. */
export interface BullConnections {
  /** Opens a queue. Paused locally, it takes no jobs any more: see `BullQueue`. */
  open<T>(name: string, options: Omit<Bull.QueueOptions, 'createClient' | 'redis'>): Bull.Queue<T>;
  /** Resolves when what is open can be used. @throws AbortError when Redis does not answer within 10 s, or what it says */
  ready(): Promise<void>;
  /** Lets the jobs that run end, and closes everything; with Redis away too. */
  close(): Promise<void>;
}

/** Queues on connections of their own to that Redis. */
export function createBullConnections(redisUrl: string): BullConnections {
  const queues: Bull.Queue[] = [];
  const clients: Redis[] = [];
  let closed = false;

  const connect = (type: ConnectionType): Redis => {
    const client = openConnection(redisUrl, type);
    clients.push(client);
    // Bull may ask late: what it began before it was closed goes on.
    if (closed) client.disconnect();
    return client;
  };
  const shared = { client: connect('client'), subscriber: connect('subscriber') };
  const createClient = (type: ConnectionType) => (type === 'bclient' ? connect(type) : shared[type]);

  return {
    open<T>(name: string, options: Bull.QueueOptions) {
      const queue = new BullQueue<T>(name, { ...options, createClient });
      queues.push(queue);
      return queue;
    },
    async ready() {
      const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
      // Bull's own `isReady` looks at its scripts alone, not at the connection.
      await Promise.all(
        clients.map((client) => client.status === 'ready' || once(client, 'ready', { signal })),
      );
      await Promise.all(queues.map((queue) => queue.isReady()));
    },
    async close() {
      closed = true;
      await Promise.all(queues.map((queue) => queue.close()));
      await Promise.all(clients.map(endConnection));
    },
  };
}
