/** Starts the sandbox, the outside world of an engine that is only tried out, as a process of its own. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ConfigError } from '../platform/config.ts';
import { startNodeService } from './node-service.ts';
import type { Service, ServiceSite } from './service-site.ts';

/** The same from `src` and from `dist`. */
const SCRIPT = fileURLToPath(new URL('../../packages/sandbox/dist/bin.js', import.meta.url));

const ANSWER_TIMEOUT_MS = 5_000;

/** Its program, for this very Node; undefined when it is not built, or left out as in the image. */
export function findSandbox(): string | undefined {
  return existsSync(SCRIPT) ? SCRIPT : undefined;
}

/** @throws ConfigError when it is not built, or does not get ready */
export async function startSandbox(site: ServiceSite, script?: string): Promise<Service> {
  if (script === undefined) {
    throw new ConfigError([
      'ordo-sandbox: the sandbox that plays gateway and carrier is not built; run "npm start", or ' +
        '"npx tsc -b", or set ORDO_PAYMENT_URL and ORDO_CARRIER_URL.',
    ]);
  }
  const dir = join(site.folders.data, 'sandbox');
  const service = { name: 'ordo-sandbox', script, dir, socketName: 'sandbox.sock' };
  const { child, socket } = await startNodeService(site, service);
  return { child, address: `unix://${pathToFileURL(socket).pathname}` };
}

/**
 * Has the sandbox at that address tell its events to that URL, signed with that secret.
 * @throws ConfigError when it does not take it
 */
export async function directWebhooks(
  address: string,
  destination: { url: string; secret: string },
): Promise<void> {
  const body = JSON.stringify(destination);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(
      {
        socketPath: fileURLToPath(address.replace('unix:', 'file:')),
        method: 'PUT',
        path: '/webhook',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      },
      (response) => resolve(response.resume().statusCode),
    );
    sent.on('error', reject).end(body);
  });
  if (status !== 200)
    throw new ConfigError([`ordo-sandbox: does not tell its events to ${destination.url} (${status}).`]);
}
