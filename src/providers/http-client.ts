/** Calls a provider over HTTP with JSON: kept connections, a limit on time, and one word for every doubt. */
import { request as httpRequest, Agent as PlainAgent, type RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';

/** Of one provider. */
export interface HttpClientOptions {
  /** Its name in messages. */
  name: string;
  /** `http://`, `https://` or `unix:///path/to.sock`; a path before the provider's own is kept. */
  url: string;
  clock: Clock;
  /** For the whole of one call; 10,000 by default. */
  timeoutMs?: number;
}

/**
 * A path is given by its parts between slashes, not yet encoded; `reply` is what a reply with 200 has to be. No call
 * is ever repeated by itself. Each throws RetryableError when the outcome is unknown (no answer in time, none at all,
 * none that can be read, 408 or 429); of the refusals, TerminalError `conflict` for a 409, `idempotency-key-reused`
 * for a 422, `internal` for any other 4xx.
 */
export interface HttpClient {
  post<T>(path: string[], body: unknown, reply: z.ZodType<T>): Promise<T>;
  /** Undefined for a 404. */
  get<T>(path: string[], reply: z.ZodType<T>): Promise<T | undefined>;
}

const TIMEOUT_MS = 10_000;

const RETRYABLE_STATUSES: readonly number[] = [408, 429];

/** Where the URL points to, as node:http has it. */
function targetOf(url: string): { options: RequestOptions; prefix: string; isTls: boolean } {
  const parsed = new URL(url);
  if (parsed.protocol === 'unix:')
    return { options: { socketPath: decodeURIComponent(parsed.pathname) }, prefix: '', isTls: false };
  const isTls = parsed.protocol === 'https:';
  const port = parsed.port === '' ? (isTls ? 443 : 80) : Number(parsed.port);
  // An IPv6 address stands in brackets in URLs alone.
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  return { options: { host, port }, prefix: parsed.pathname.replace(/\/$/, ''), isTls };
}

/** A client that keeps its connections; they do not keep the process alive. */
export function createHttpClient({
  name,
  url,
  clock,
  timeoutMs = TIMEOUT_MS,
}: HttpClientOptions): HttpClient {
  const { options, prefix, isTls } = targetOf(url);
  // A call by node:http costs a quarter of the processor time of fetch, which cannot reach a Unix socket either.
  const request = isTls ? httpsRequest : httpRequest;
  const agent = isTls ? new TlsAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });

  function send(method: string, path: string, body: unknown): Promise<Omit<Answer, 'what'>> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = payload && { 'content-type': 'application/json', 'content-length': payload.length };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, agent, method, path, ...(headers && { headers }) }, (response) => {
        text(response)
          .then((body) => resolve({ status: response.statusCode ?? 0, text: body }), reject)
          .finally(cancel);
      });
      const cancel = clock.after(timeoutMs, () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
      sent.on('error', (error) => {
        cancel();
        reject(error);
      });
      sent.end(payload);
    });
  }

  async function exchange(method: string, path: string[], body?: unknown) {
    const where = `${prefix}/${path.map(encodeURIComponent).join('/')}`;
    const what = `${name}, ${method} ${where}`;
    const answer = await send(method, where, body).catch((cause: unknown) => {
      throw new RetryableError(`${what}: the outcome is unknown (${messageOf(cause)}).`, { cause });
    });
    return { what, ...answer };
  }

  return {
    async post(path, body, reply) {
      return read(await exchange('POST', path, body), reply);
    },
    async get(path, reply) {
      const answer = await exchange('GET', path);
      return answer.status === 404 ? undefined : read(answer, reply);
    },
  };
}

interface Answer {
  what: string;
  status: number;
  text: string;
}

function read<T>(answer: Answer, reply: z.ZodType<T>): T {
  if (answer.status !== 200) throw refusalOf(answer);
  const parsed = reply.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  // It may have been done all the same.
  throw new RetryableError(
    `${answer.what}: the reply has another form than its API (${parsed.error.message}).`,
  );
}

function refusalOf({ what, status, text }: Answer): Error {
  const parsed = parseJson(text);
  const detail =
    typeof parsed === 'object' && parsed !== null && 'detail' in parsed ? String(parsed.detail) : text;
  const message = `${what}: ${status} ${detail.slice(0, 500)}`;
  if (status < 400 || status >= 500 || RETRYABLE_STATUSES.includes(status))
    return new RetryableError(message);
  if (status === 409) return new TerminalError('conflict', message);
  return new TerminalError(status === 422 ? 'idempotency-key-reused' : 'internal', message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
