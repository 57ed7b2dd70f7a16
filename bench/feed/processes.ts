/** The processes of one run: Redis, documents, a server, its subscribers; and what Linux knows of them. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Figures, Order, Told } from './subscribers.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const TICKS_PER_S = 100;

/** Something that was started, and has to end. */
export interface Running {
  pid: number;
  end(): Promise<void>;
}

interface Started extends Running {
  match: RegExpExecArray;
  awaitLine(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A server of subscribers. */
export interface FeedServer extends Running {
  url: string;
  /** Bytes that it holds when the garbage is collected. */
  heldBytes(): Promise<number>;
}

/** Starts a program; resolves with the first match in what it prints. @throws Error when it ends before */
async function start(
  command: string,
  args: string[],
  ready: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = async () => {
    const exited = once(child, 'exit');
    if (child.exitCode !== null || !child.kill('SIGKILL')) return;
    await exited;
  };
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const awaitLine = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${command} ${args.join(' ')} ended with ${code}.`)));
      lines.on('line', (line) => {
        const found = pattern.exec(line);
        if (found) resolve(found);
      });
    });
  return { pid: child.pid ?? 0, end, match: await awaitLine(ready), awaitLine };
}

/** A Redis and a mongolet of the run's own. */
export async function startStores() {
  const folder = await mkdtemp(join(tmpdir(), 'ordo-feed-'));
  const redisSocket = join(folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', redisSocket, '--save', '', '--appendonly', 'no'];
  const redis = await start('redis-server', settings, /ready to accept connections/i);
  const socket = join(folder, 'mongolet.sock');
  const args = [
    path('../../packages/mongolet/dist/bin.js'),
    '--data',
    join(folder, 'data'),
    '--socket',
    socket,
  ];
  const mongolet = await start(process.execPath, args, /"listening"/);
  return {
    folder,
    redisUrl: `unix://${redisSocket}`,
    mongodbUri: `mongodb://${encodeURIComponent(socket)}/feed?directConnection=true`,
    async end() {
      await redis.end();
      await mongolet.end();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a server is started with. */
export interface ServerOptions {
  redisUrl: string;
  mongodbUri: string;
  folder: string;
  secret: string;
}

/** The engine with the role `api`, or plain Socket.IO. */
export async function startServer(
  kind: 'ordo' | 'plain',
  { redisUrl, mongodbUri, folder, secret }: ServerOptions,
): Promise<FeedServer> {
  const env = {
    REDIS_URL: redisUrl,
    ORDO_JWT_SECRET: secret,
    ...(kind === 'plain'
      ? { NAMESPACE: 'ordo:feed' }
      : {
          MONGODB_URI: mongodbUri,
          ORDO_ROLE: 'api',
          ORDO_PORT: '0',
          ORDO_LOG_LEVEL: 'info',
          ORDO_DATA_DIR: join(folder, 'engine'),
        }),
  };
  const program =
    kind === 'plain' ? ['--import=tsx', path('./plain-server.ts')] : [path('../../dist/main.js')];
  const args = ['--expose-gc', `--import=${path('./memory-probe.mjs')}`, ...program];
  const { pid, end, match, awaitLine } = await start(process.execPath, args, /"url":"([^"]+)"/, env);
  return {
    pid,
    end,
    url: match[1] ?? '',
    async heldBytes() {
      const line = awaitLine(/"msg":"memory","heldBytes":(\d+)/);
      process.kill(pid, 'SIGUSR2');
      return Number((await line)[1]);
    },
  };
}

/** The process of the subscribers, and what it told last. */
export interface Subscribers extends Running {
  told(): Told;
  tell(order: Order): void;
  figures(): Promise<Figures>;
}

/** Starts the process; nobody subscribes yet. */
export function startSubscribers(): Subscribers {
  const child: ChildProcess = fork(path('./subscribers.ts'), { execArgv: ['--import=tsx'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let last: Told = { connected: 0, received: 0, outOfTurn: 0 };
  child.on('message', (told: Told) => {
    last = told;
  });
  let failed: Error | undefined;
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) failed = new Error(`The subscribers ended with ${code}.`);
  });
  return {
    pid: child.pid ?? 0,
    told() {
      if (failed) throw failed;
      return last;
    },
    tell: (order) => void child.send(order),
    figures() {
      child.send('figures' satisfies Order);
      return new Promise((resolve) => {
        const take = ({ figures }: Told) => {
          if (!figures) return;
          child.off('message', take);
          resolve(figures);
        };
        child.on('message', take);
      });
    },
    async end() {
      const exited = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    },
  };
}

/** Seconds of CPU that the process has used. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
