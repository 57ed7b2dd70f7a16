/** The server: one data folder, one listening address, and everything between them. */
import { chmodSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { startBackground } from './commands/background.ts';
import type { Engine } from './commands/command.ts';
import { dispatch } from './commands/dispatch.ts';
import { FailPoints } from './commands/fail-points.ts';
import { renewIndexes } from './commands/renew-indexes.ts';
import { Cursors } from './session/cursors.ts';
import { Catalog } from './store/catalog.ts';
import { ChangeLog } from './store/change-log.ts';
import { CommitQueue } from './store/commit-queue.ts';
import { lockFolder } from './store/folder-lock.ts';
import { Records } from './store/records.ts';
import { Storage } from './store/storage.ts';
import { Transactions } from './transaction/transactions.ts';
import { Connection } from './wire/connection.ts';

const LOCK_WAIT_MS = 5000;
const LOOPBACK_HOSTS = new Set(['127.0.0.1', '::1', 'localhost']);
/** The kernel's limit of a Unix socket's path, less the null at its end. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Where the data is and where to listen: exactly one of `port` and `socketPath`. */
export interface ServerOptions {
  readonly dataDir: string;
  /** On the loopback interface; 0 takes a free one. */
  readonly port?: number;
  readonly host?: string;
  readonly socketPath?: string;
  /** Flush before replying; false is for tests that need no durability. */
  readonly sync?: boolean;
  /** How often documents expire. */
  readonly expirePeriodMs?: number;
  /** At most so much is kept for change streams; a resume point that is older is lost. */
  readonly changeLogBytes?: number;
  /** How long a transaction may take; 60 as in MongoDB. */
  readonly transactionLifetimeLimitSeconds?: number;
  /** Allows `configureFailPoint`, by which a client makes commands fail: for the suites of drivers. */
  readonly testCommands?: boolean;
}

/** A server that runs. */
export interface RunningServer {
  /** A connection string; a database may be put before its question mark. */
  readonly uri: string;
  /** Finishes what has begun, flushes, and releases everything. */
  close(): Promise<void>;
}

/** Starts a server; resolves when it listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkAddress(options);
  const unlock = await lockFolder(options.dataDir, LOCK_WAIT_MS);
  let storage: Storage | undefined;
  try {
    storage = new Storage(join(options.dataDir, 'store'), { sync: options.sync ?? true });
    return await serve(options, storage, unlock);
  } catch (error) {
    await storage?.close();
    unlock();
    throw error;
  }
}

async function serve(options: ServerOptions, storage: Storage, unlock: () => void): Promise<RunningServer> {
  let address = '';
  const engine = createEngine(options, storage, () => address);
  renewIndexes(engine);
  const connections = new Set<Connection>();
  let lastConnectionId = 0;
  const server = createServer((socket) => {
    lastConnectionId += 1;
    const connection = new Connection(socket, lastConnectionId, (request, id) =>
      dispatch(engine, request, id),
    );
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  address = await listen(server, options);
  const stopBackground = startBackground(engine, options.expirePeriodMs);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopBackground();
    engine.transactions.close();
    engine.cursors.closeAll();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await engine.queue.drain();
    for (const connection of connections) connection.end();
    await closed;
    // A last request may have come in before its connection ended.
    await engine.queue.drain();
    await storage.close();
    unlock();
  };
  return {
    uri: `mongodb://${options.socketPath === undefined ? address : encodeURIComponent(address)}/?directConnection=true`,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function createEngine(options: ServerOptions, storage: Storage, address: () => string): Engine {
  const catalog = new Catalog(storage);
  const queue = new CommitQueue(storage);
  const cursors = new Cursors();
  const log = new ChangeLog(storage, options.changeLogBytes);
  return {
    storage,
    catalog,
    records: new Records(storage, catalog, log),
    log,
    queue,
    cursors,
    transactions: new Transactions(
      { storage, catalog, queue, cursors, log },
      options.transactionLifetimeLimitSeconds,
    ),
    failPoints: options.testCommands ? new FailPoints() : undefined,
    address,
  };
}

function checkAddress(options: ServerOptions): void {
  const { host, port, socketPath } = options;
  if ((port === undefined) === (socketPath === undefined))
    throw new Error('give either a port or a socket path');
  if (host !== undefined && !LOOPBACK_HOSTS.has(host)) {
    throw new Error(`mongolet listens on the loopback interface only, not on '${host}'`);
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new Error(`'${port}' is not a port`);
  }
  if (socketPath !== undefined && Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`socket path is longer than ${MAX_SOCKET_PATH_BYTES} bytes: ${socketPath}`);
  }
}

async function listen(server: Server, options: ServerOptions): Promise<string> {
  const { host = '127.0.0.1', port, socketPath } = options;
  if (socketPath !== undefined) await removeStaleSocket(socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath === undefined ? { host, port } : { path: socketPath }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (socketPath !== undefined) {
    // Whoever reaches the socket may do everything: so only its owner may.
    chmodSync(socketPath, 0o600);
    return socketPath;
  }
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return `${host === '::1' ? '[::1]' : host}:${boundPort}`;
}

/** A crash leaves the socket's file behind, on which nobody answers any more. */
async function removeStaleSocket(path: string): Promise<void> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket()) throw new Error(`${path} exists and is no socket`);
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (isAnswered) throw new Error(`another server listens on ${path}`);
  rmSync(path, { force: true });
}
