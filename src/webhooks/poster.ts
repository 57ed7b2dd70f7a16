/** Posts to addresses that operators name: to the internet alone, without following, waiting or reading for long. */
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { messageOf } from '../platform/errors.ts';
import { isPublicUrl, lookupPublic } from '../platform/public-address.ts';
import type { Answer } from './retries.ts';

/** Milliseconds for the whole of one try. */
const POST_TIMEOUT_MS = 10_000;

/** Who has been at one try for longer has died. */
export const CLAIM_MS = 2 * POST_TIMEOUT_MS;

/** Posts once; resolves with what came of it, and never rejects. */
export type Poster = (url: string, headers: Record<string, string>, body: string) => Promise<Answer>;

/**
 * Checks the URL, and by `lookup` the very address that is connected to. Redirects are answers like others; of an
 * answer, the head alone is read.
 * @param allowPrivate for tests: posts to private addresses too, and without TLS
 */
export function createPoster({
  allowPrivate,
  lookup = lookupPublic,
  timeoutMs = POST_TIMEOUT_MS,
}: {
  allowPrivate: boolean;
  lookup?: LookupFunction;
  timeoutMs?: number;
}): Poster {
  return (href, headers, body) =>
    new Promise((resolve) => {
      const url = new URL(href);
      if (!allowPrivate && !isPublicUrl(url))
        return resolve({ error: `Expected a public https address, got ${url.origin}.` });
      const options: http.RequestOptions = {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        ...(!allowPrivate && { lookup }),
      };
      const request = (url.protocol === 'http:' ? http : https).request(url, options, (response) => {
        // Whatever follows is not for us; a server that never ends it must not hold us.
        response.destroy();
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      });
      request.on('error', (error) => {
        const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
        resolve({ error: isLate ? `There was no answer in ${timeoutMs} ms.` : messageOf(error) });
      });
      request.end(body);
    });
}
