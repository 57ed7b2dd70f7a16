/** Starts a `mongod` of this machine as a one-member replica set, and initiates the set. */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { mongo } from 'mongoose';

import { spawnGuarded } from './guardian.ts';
import { untilReady } from './readiness.ts';
import type { Service, ServiceSite } from './service-site.ts';

const SET_NAME = 'ordo';
const POLL_MS = 50;
const TRY_TIMEOUT_MS = 1_000;
const NOT_YET_INITIALIZED = 94;

/**
 * A member of a set is known by host and port, so this one listens on a free loopback port.
 * @param dir its dbpath
 * @throws ConfigError when it does not get ready
 */
export async function startMongod(site: ServiceSite, dir: string, program: string): Promise<Service> {
  mkdirSync(dir, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const flags = {
    replSet: SET_NAME,
    dbpath: dir,
    bind_ip: '127.0.0.1',
    port: host.replace(/.*:/, ''),
    unixSocketPrefix: site.folders.run,
  };
  const child = spawnGuarded({
    name: 'mongod',
    program,
    args: Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    holdFd: site.holdFd,
    logger: site.logger,
  });
  await untilReady(child, (signal) => primary(host, signal), `its data is in ${dir}.`);
  return { child, address: `mongodb://${host}/ordo?replicaSet=${SET_NAME}` };
}

/** Resolves when the set is initiated with this host, and the member its primary. */
async function primary(host: string, signal: AbortSignal): Promise<void> {
  const uri = `mongodb://${host}/admin?directConnection=true`;
  while (!signal.aborted) {
    // A new one for each try: a client whose first connection failed stays closed for good.
    const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: TRY_TIMEOUT_MS });
    try {
      const admin = client.db('admin');
      await nameMember(admin, host);
      if ((await admin.command({ hello: 1 })).isWritablePrimary) return;
    } catch {
      // Not listening yet, or not yet done with starting; untilReady bounds the waiting.
    } finally {
      await client.close();
    }
    await pause(POLL_MS);
  }
}

/** Initiates the set; one of an earlier start, with that start's port, gets the new port. */
async function nameMember(admin: mongo.Db, host: string): Promise<void> {
  try {
    const { config } = await admin.command({ replSetGetConfig: 1 });
    if (config.members[0].host === host) return;
    const members = [{ ...config.members[0], host }];
    // Forced, for the member does not find itself under the old port, and so is no primary that could be asked.
    await admin.command({ replSetReconfig: { ...config, members }, force: true });
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== NOT_YET_INITIALIZED) throw error;
    await admin.command({
      replSetInitiate: { _id: SET_NAME, members: [{ _id: 0, host }] },
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
