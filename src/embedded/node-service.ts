/** Starts a service of our own, a script for this very Node, as a process on a Unix socket. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { type GuardedChild, spawnGuarded } from './guardian.ts';
import { saysListening, untilReady } from './readiness.ts';
import type { ServiceSite } from './service-site.ts';

/** What is started. */
export interface NodeService {
  /** In messages. */
  name: string;
  script: string;
  /** Where its data is; made when there is none. */
  dir: string;
  /** The socket's name in the run folder. */
  socketName: string;
}

/** @throws ConfigError when it does not get ready */
export async function startNodeService(
  { folders, holdFd, logger }: ServiceSite,
  { name, script, dir, socketName }: NodeService,
): Promise<{ child: GuardedChild; socket: string }> {
  mkdirSync(dir, { recursive: true });
  const socket = join(folders.run, socketName);
  // Nobody listens there: the claim has waited for every earlier child to be gone.
  rmSync(socket, { force: true });
  const args = [script, '--data', dir, '--socket', socket];
  const child = spawnGuarded({ name, program: process.execPath, args, holdFd, logger });
  await untilReady(child, () => saysListening(child), `its data is in ${dir}.`);
  return { child, socket };
}
