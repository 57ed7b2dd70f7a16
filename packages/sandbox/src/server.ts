/** The service put together: the books, the gateway and the carrier, the API; loopback or a Unix socket alone. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openBooks } from './books.ts';
import { systemClock } from './clock.ts';
import { endpointsOf } from './endpoints.ts';
import { createFaults, type FaultRule } from './faults.ts';
import { createHttpServer } from './http.ts';
import { startSandbox } from './sandbox.ts';
import type { Destination } from './webhooks.ts';

const HOST = '127.0.0.1';

const CLOSE_LIMIT_MS = 1_000;

/** Where the books are and where to listen: exactly one of `port` and `socketPath`. */
export interface ServerOptions {
  dataDir: string;
  /** On the loopback interface; 0 takes a free one. */
  port?: number;
  socketPath?: string;
  /** Of the faults. */
  seed: number;
  faults: FaultRule[];
  settleAfterMs: number;
  slowByMs: number;
  autoAdvanceMs?: number;
  webhook?: Destination;
}

/** A sandbox that runs. */
export interface RunningServer {
  /** `http://127.0.0.1:PORT` or `unix:///PATH`. */
  url: string;
  /** Finishes what has begun, and releases everything. */
  close(): Promise<void>;
}

/** Starts a sandbox; resolves when it listens. @throws what the file system or the port says */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, seed, settleAfterMs, slowByMs, autoAdvanceMs, webhook } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const books = openBooks(join(dataDir, 'books'));
  const faults = createFaults(seed);
  for (const rule of options.faults) faults.set(rule);
  const sandbox = startSandbox({
    books,
    faults,
    clock: systemClock,
    newId: randomUUID,
    settleAfterMs,
    ...(autoAdvanceMs !== undefined && { autoAdvanceMs }),
  });
  const endpoints = endpointsOf(sandbox, books, faults);
  const server = createHttpServer({ endpoints, faults, clock: systemClock, slowByMs });
  const close = async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      // An answer that is never to come, by a fault, would be waited for.
      systemClock.after(CLOSE_LIMIT_MS, () => server.closeAllConnections());
    });
    await sandbox.stop();
    await books.close();
  };
  try {
    if (webhook !== undefined) await sandbox.tellTo(webhook);
    return { url: await listen(server, options), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(server: Server, { port, socketPath }: ServerOptions): Promise<string> {
  if (socketPath !== undefined) await removeStaleSocket(socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath === undefined ? { host: HOST, port } : { path: socketPath }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (socketPath !== undefined) {
    // Whoever can connect can move the money.
    chmodSync(socketPath, 0o600);
    return `unix://${pathToFileURL(socketPath).pathname}`;
  }
  const address = server.address();
  return `http://${HOST}:${typeof address === 'object' && address !== null ? address.port : port}`;
}

/** A socket that nobody listens at is what a killed process left behind. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve();
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
      resolve();
    });
  });
}
