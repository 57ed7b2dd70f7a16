/** Posts to addresses that operators name: to the internet alone, without following, waiting or reading for long. */
import { once } from 'node:events';
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

/** Posts, many at a time. */
export interface Poster {
  /** Posts once; resolves with what came of it. @throws Error when it was abandoned: nobody knows what came of it then */
  post(url: string, headers: Record<string, string>, body: string): Promise<Answer>;
  /** Waits for no answer any more. */
  abandon(): void;
}

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
  const open = new Set<http.ClientRequest>();
  const abandoned = new Error('The engine stops before there is an answer.');

  async function post(href: string, headers: Record<string, string>, body: string): Promise<Answer> {
    const url = new URL(href);
    if (!allowPrivate && !isPublicUrl(url))
      return { error: `Expected a public https address, got ${url.origin}.` };
    const request = (url.protocol === 'http:' ? http : https).request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(!allowPrivate && { lookup }),
    });
    // What fails after the answer concerns nobody, and must not end the process.
    request.on('error', () => undefined);
    open.add(request);
    try {
      request.end(body);
      const [response]: http.IncomingMessage[] = await once(request, 'response');
      // Whatever follows is not for us; a server that never ends it must not hold us.
      response?.destroy();
      return { status: response?.statusCode ?? 0, retryAfter: response?.headers['retry-after'] };
    } catch (error) {
      if (error === abandoned) throw error;
      const isLate = error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name);
      return { error: isLate ? `There was no answer in ${timeoutMs} ms.` : messageOf(error) };
    } finally {
      open.delete(request);
    }
  }

  return {
    post,
    abandon() {
      for (const request of open) request.destroy(abandoned);
    },
  };
}
