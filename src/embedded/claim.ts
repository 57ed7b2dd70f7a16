/** One engine a data folder: the claim on it, and the wait for what an engine that was killed left behind. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import { ConfigError } from '../platform/config.ts';
import type { Folders } from './folders.ts';

const POLL_MS = 50;
/** Twice what a guardian gives its child. */
const LEFTOVERS_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 2_000;

/** Where the services of a running engine can be reached, for those who want to join. */
export interface Addresses {
  mongodbUri: string;
  redisUrl: string;
  paymentUrl?: string;
  carrierUrl?: string;
}

/** The hold on a data folder. */
export interface Claim {
  /** Open as long as the engine or a child that inherited it lives. */
  readonly holdFd: number;
  /** Tells later starts on this folder how to join. */
  announce(addresses: Addresses): void;
  release(): void;
}

/** What holds a data folder: an engine, or a tool that works on its database for a while and tells no addresses. */
export type HolderKind = 'engine' | 'tool';

/** What is known of one that holds a data folder; without addresses, an engine is still starting. */
export type Holder = Partial<Addresses> & { pid?: number; kind?: HolderKind };

/**
 * Claims the folders for this process, as an engine or as a tool.
 * @throws ConfigError when another holds them, or its children are still there after 10 s
 */
export async function claimFolders(folders: Folders, kind: HolderKind = 'engine'): Promise<Claim> {
  const claim = await publishClaim(folders, kind);
  try {
    const holdFd = await openHold(folders);
    return {
      holdFd,
      announce: claim.announce,
      release() {
        closeSync(holdFd);
        claim.withdraw();
      },
    };
  } catch (error) {
    claim.withdraw();
    throw error;
  }
}

/**
 * Listens on a socket with a name of its own, and only then looks for others: of two engines at least one
 * sees the other, and a name that nobody answers at is never used again, so it can safely be removed.
 */
async function publishClaim(folders: Folders, kind: HolderKind) {
  const answer: { addresses?: Addresses } = {};
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify({ pid: process.pid, kind, ...answer.addresses } satisfies Holder));
  });
  const name = `engine-${randomBytes(4).toString('hex')}`;
  const path = join(folders.run, name);
  await listenAt(server, path);
  const withdraw = () => {
    server.close();
    rmSync(path, { force: true });
  };
  try {
    const holder = await findHolder(folders, name);
    if (holder !== undefined) throw new ConfigError([refusal(folders.data, holder)]);
  } catch (error) {
    withdraw();
    throw error;
  }
  return {
    announce: (addresses: Addresses) => {
      answer.addresses = addresses;
    },
    withdraw,
  };
}

/**
 * Who holds the folders; undefined when nobody does. Names that nobody answers at any more are cleared away.
 * @param own the name that does not count
 */
export async function findHolder({ run }: Folders, own?: string): Promise<Holder | undefined> {
  for (const name of readdirSync(run)) {
    if (!/^engine-[0-9a-f]{8}$/.test(name) || name === own) continue;
    const holder = await askHolder(join(run, name));
    if (holder !== undefined) return holder;
    rmSync(join(run, name), { force: true });
  }
  return undefined;
}

async function listenAt(server: Server, path: string): Promise<void> {
  const early = `${path}.new`;
  server.unref().listen(early);
  await once(server, 'listening');
  // It gets its name when it listens already: before, it would look like one that nobody answers at.
  renameSync(early, path);
}

/** What the claim's holder says; undefined when nobody listens there any more. */
async function askHolder(path: string): Promise<Holder | undefined> {
  const socket = connect(path);
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  try {
    return JSON.parse(await text(socket)) as Holder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : {};
  }
}

function refusal(data: string, holder: Holder): string {
  const { pid, kind, mongodbUri, redisUrl, paymentUrl, carrierUrl } = holder;
  const process = pid === undefined ? '' : ` (process ${pid})`;
  if (kind === 'tool')
    return `${data}: a tool${process} works on this data folder; try again when it has ended.`;
  const known = mongodbUri !== undefined && redisUrl !== undefined;
  const addresses = known
    ? `MONGODB_URI='${mongodbUri}' REDIS_URL='${redisUrl}' ` +
      `ORDO_PAYMENT_URL='${paymentUrl ?? ''}' ORDO_CARRIER_URL='${carrierUrl ?? ''}'`
    : 'its addresses as it prints them when it has started';
  return (
    `${data}: another engine${process} runs on this data folder; ` +
    `to join it, start with ${addresses} ORDO_ROLE=worker and another ORDO_PORT.`
  );
}

/** A named pipe that is open in somebody's hands for as long as that process lives: the kernel's own word. */
async function openHold({ run }: Folders): Promise<number> {
  const path = join(run, 'held');
  let waitedMs = 0;
  while (isHeld(path)) {
    if (waitedMs >= LEFTOVERS_TIMEOUT_MS) {
      throw new ConfigError([
        `${path}: services of an engine that has ended still run after ${LEFTOVERS_TIMEOUT_MS / 1000} s; ` +
          `see who they are with "fuser ${path}", end them, and start again.`,
      ]);
    }
    await pause(POLL_MS);
    waitedMs += POLL_MS;
  }
  const made = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' });
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch {
    throw new ConfigError([
      `${path}: a named pipe cannot be made there (${made.error?.message ?? made.stderr.trim()}); ` +
        'set ORDO_DATA_DIR to a folder on a local file system.',
    ]);
  }
}

function isHeld(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    // ENXIO: nobody has it open. ENOENT: there never was one.
    return false;
  }
}
