/** The engine's public API as the tool uses it: answers are values, and what may pass is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './options.ts';

/** An error as the engine tells it (RFC 9457). */
export interface Problem {
  code: string;
  detail: string;
  errors?: { pointer: string; code: string; detail: string }[];
}

/** What the engine answered: the body of a 2xx, or its problem. */
export type Answer<T> = { ok: true; body: T } | { ok: false; status: number; problem: Problem };

/** No answer came within the patience: the outcome is unknown. */
export class UnansweredError extends Error {}

/** Where the API is, and how long to be patient with it. */
export interface ApiOptions {
  url: string;
  operator: Credentials;
  /** How long one request is tried again. */
  patienceMs: number;
  /** Gives up everything at once. */
  signal: AbortSignal;
}

const ATTEMPT_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** A client that acts as one operator. */
export class Api {
  readonly #options: ApiOptions;
  #token = '';
  #login: Promise<void> | undefined;
  /** How many attempts were made again. */
  retries = 0;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** The access token of the last login. */
  get token(): string {
    return this.#token;
  }

  /**
   * Logs the operator in; calls that come together share one login.
   * @throws Error when the engine refuses the credentials.
   */
  login(): Promise<void> {
    this.#login ??= this.#logIn().finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  /** A GET of something that must be there. @throws Error with the engine's problem when it is not. */
  async read<T>(path: string): Promise<T> {
    return expectOk(path, await this.send<T>('GET', path));
  }

  /**
   * One request; a token that ran out is renewed.
   * @throws UnansweredError when the engine gave no final answer within the patience.
   */
  async send<T>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<T>> {
    const token = this.#token;
    const answer = await this.#persist<T>({ method, path, body, key }, token);
    if (answer.ok || answer.status !== 401) return answer;
    if (this.#token === token) await this.login();
    return this.#persist<T>({ method, path, body, key }, this.#token);
  }

  async #logIn(): Promise<void> {
    const request = { method: 'POST', path: '/auth/login', body: this.#options.operator };
    const answer = await this.#persist<{ accessToken: string }>(request, '');
    this.#token = expectOk('The login of the operator', answer).accessToken;
  }

  /** Tries again, under the same key, whatever may pass by itself. */
  async #persist<T>(request: Call, token: string): Promise<Answer<T>> {
    const until = performance.now() + this.#options.patienceMs;
    for (let backoffMs = FIRST_PAUSE_MS; ; backoffMs = Math.min(2 * backoffMs, LONGEST_PAUSE_MS)) {
      const response = await this.#attempt(request, token);
      const answer = response && (await readAnswer<T>(response));
      if (answer && !mayPass(answer)) return answer;
      const pauseMs = retryAfterMs(response?.headers.get('retry-after'), Date.now()) ?? backoffMs;
      if (performance.now() + pauseMs > until)
        throw new UnansweredError(`${request.method} ${request.path}: no final answer in time.`);
      this.retries += 1;
      await sleep(pauseMs, undefined, { signal: this.#options.signal });
    }
  }

  /** Undefined when there was no answer: the engine is away, or the connection broke. */
  async #attempt({ method, path, body, key }: Call, token: string): Promise<Response | undefined> {
    const { url, signal } = this.#options;
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(token !== '' && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
      });
      // Read whole while its failure still counts as the attempt's.
      const { status, headers } = response;
      return new Response(status === 204 ? null : await response.text(), { status, headers });
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
  key?: string | undefined;
}

/**
 * The body of an answer that must be good.
 * @throws Error with the engine's own words when it is not.
 */
export function expectOk<T>(what: string, answer: Answer<T>): T {
  if (answer.ok) return answer.body;
  throw new Error(
    `${what}: the engine answered ${answer.status} ${answer.problem.code}: ${answer.problem.detail}`,
  );
}

/** How long a `Retry-After` header (seconds, or an HTTP date) asks to wait; undefined without a sensible one. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function mayPass(answer: Answer<unknown>): boolean {
  if (answer.ok) return false;
  return [429, 502, 503, 504].includes(answer.status) || answer.problem.code === 'request-in-progress';
}

async function readAnswer<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  const { ok, status } = response;
  if (ok) return { ok, body: (text === '' ? undefined : JSON.parse(text)) as T };
  const unknown = { code: `http-${status}`, detail: text.slice(0, 200) };
  const isProblem = response.headers.get('content-type')?.includes('json');
  return {
    ok,
    status,
    problem: isProblem ? { ...unknown, ...(JSON.parse(text) as Partial<Problem>) } : unknown,
  };
}
