/** One Redis connection of Bull's: how it is opened, and how it ends in whatever state it is. */
import type { Redis } from 'ioredis';
import { RedisConnection, redisAddress, redisOptions } from './redis.ts';

/** What Bull uses it for: to ask, to hear what happens, or to wait for jobs. */
export type ConnectionType = 'client' | 'subscriber' | 'bclient';

/** Bull and ioredis do not wait for all they ask for, such as to subscribe again. Whoever does wait is told. */
class Connection extends RedisConnection {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    command.promise.catch(() => undefined);
    return super.sendCommand(command, stream);
  }
}

/** Opens a connection of that type; with Redis away it tries again and again. */
export function openConnection(redisUrl: string, type: ConnectionType): Redis {
  const client = new Connection(
    type === 'client'
      ? redisOptions(redisUrl)
      : {
          ...redisAddress(redisUrl),
          maxRetriesPerRequest: null,
          enableReadyCheck: false,
          // Ended while it waits for answers to this, a connection would count as ready again.
          disableClientInfo: true,
        },
  );
  // Bull listens for errors too; without a listener of our own a lost connection would end the process.
  client.on('error', () => undefined);
  return client;
}

/** Ends it for good, and rejects what waits for an answer; resolves when it is closed, after some seconds at most. */
export async function endConnection(client: Redis): Promise<void> {
  if (client.status === 'end') return;
  const ended = new Promise((resolve) => client.once('end', resolve));
  client.disconnect();
  if (client.status === 'reconnecting') {
    // Between two tries there is nothing to close: only a try that ends rejects what waits.
    client.connect().catch(() => undefined);
    client.disconnect();
  }
  await ended;
}
