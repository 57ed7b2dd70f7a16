/** Starts mongolet, the embedded document server, as a process of its own on a Unix socket. */
import { ConfigError } from '../platform/config.ts';
import { startNodeService } from './node-service.ts';
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
  const service = { name: 'mongolet', script, dir, socketName: 'mongolet.sock' };
  const { child, socket } = await startNodeService(site, service);
  return { child, address: `mongodb://${encodeURIComponent(socket)}/ordo?directConnection=true` };
}
