/** Backpressure: nobody's memory is without end, so a client that does not read is hung up on, and resumes. */
import type { Logger } from '../platform/logger.ts';
import type { ViewerSocket } from './authenticate.ts';
import { MAX_BACKLOG } from './limits.ts';

/** What waits for one client. */
export interface Backlog {
  /** Resolves when nothing waits any more; false when the connection has ended. */
  drained(): Promise<boolean>;
}

/** Hangs up when too much waits for the client; one packet alone, however long, is not too much. */
export function createBacklog(socket: ViewerSocket, logger: Logger): Backlog {
  const { conn } = socket;
  let packets = 0;
  let characters = 0;
  conn.on('packetCreate', ({ data }: { data?: unknown }) => {
    packets++;
    characters += typeof data === 'string' ? data.length : 0;
    if (characters <= MAX_BACKLOG || packets === 1 || conn.readyState !== 'open') return;
    logger.warn({ userId: socket.data.viewer.userId, packets }, 'a client reads too slowly; hanging up');
    conn.close(true);
  });
  conn.on('drain', () => {
    packets = 0;
    characters = 0;
  });
  return {
    async drained() {
      if (conn.readyState === 'open' && packets > 0)
        await new Promise<void>((resolve) => {
          const settle = () => {
            conn.off('drain', settle);
            conn.off('close', settle);
            resolve();
          };
          conn.on('drain', settle);
          conn.on('close', settle);
        });
      return conn.readyState === 'open';
    },
  };
}
