/** Starts mongolet, the embedded document server, as a process of its own on a Unix socket. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from '../platform/config.ts';
import { spawnGuarded } from './guardian.ts';
import { saysListening, untilReady } from './readiness.ts';
import type { Service, ServiceSite } from './service-site.ts';

/**
 * @param dir where its data is
 * @param script its program, for this very Node
 * @throws ConfigError when it is not built, or does not get ready
 */
export async function startMongolet(site: ServiceSite, dir: string, script?: string): Promise<Service> {
  if (script === undefined) {
    throw new ConfigError([
      'mongolet: the embedded document server is not built; run "npm start", or "npx tsc -b", ' +
        'or set MONGODB_URI.',
    ]);
  }
  mkdirSync(dir, { recursive: true });
  const socket = join(site.folders.run, 'mongolet.sock');
  // Nobody listens there: the claim has waited for every earlier child to be gone.
  rmSync(socket, { force: true });
  const child = spawnGuarded({
    name: 'mongolet',
    program: process.execPath,
    args: [script, '--data', dir, '--socket', socket],
    holdFd: site.holdFd,
    logger: site.logger,
  });
  await untilReady(child, () => saysListening(child), `its data is in ${dir}.`);
  return { child, address: `mongodb://${encodeURIComponent(socket)}/ordo?directConnection=true` };
}
