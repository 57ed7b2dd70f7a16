/** Whole engines as processes of their own, to be killed, and a client of their public API. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { OrderView, TransitionView } from '../../src/machines/order-view.ts';
import type { Teardown } from './services.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const DEMO_PASSWORD = 'a-password-for-tests';
const JWT_SECRET = 'a-secret-for-tests-of-at-least-32-bytes';

/** An engine of a test. */
export interface TestEngine {
  url: string;
  pid: number;
  /** SIGKILL; resolves when it is gone. @throws when it had ended before: then the fault never fired. */
  kill(): Promise<void>;
  /** SIGINT; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** What it has printed so far. */
  output(): string;
}

/** Starts an engine of the built product; resolves when it serves. It is killed at the test's end at the latest. */
export async function startEngine(t: Teardown, env: Record<string, string>): Promise<TestEngine> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npx tsc -b".`);
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      ...(process.env.NODE_V8_COVERAGE && { NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE }),
      ORDO_PORT: '0',
      ORDO_LOG_LEVEL: 'info',
      ORDO_DEMO: 'true',
      ORDO_DEMO_PASSWORD: DEMO_PASSWORD,
      ORDO_JWT_SECRET: JWT_SECRET,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines: string[] = [];
  const url = await startedUrl(child, lines);
  return { url, pid: child.pid ?? 0, ...endings(child, exited), output: () => lines.join('\n') };
}

function endings(child: ChildProcess, exited: Promise<unknown[]>): Pick<TestEngine, 'kill' | 'stop'> {
  return {
    async kill() {
      if (child.exitCode !== null || !child.kill('SIGKILL'))
        throw new Error('the engine had ended before the kill');
      const [, signal] = await exited;
      if (signal !== 'SIGKILL') throw new Error(`the engine ended by ${signal}, not by the kill`);
    },
    async stop() {
      child.kill('SIGINT');
      const [code] = await exited;
      return code as number | null;
    },
  };
}

/** The address that the engine logs when it has started. @throws what it printed when it ended instead */
function startedUrl(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      if (stream)
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          const started = line.startsWith('{') ? (JSON.parse(line) as { msg?: string; url?: string }) : {};
          if (started.msg === 'started' && started.url) resolve(started.url);
        });
    child.once('close', (code) =>
      reject(new Error(`the engine ended with ${code}:\n${lines.slice(-20).join('\n')}`)),
    );
  });
}

/** A logged-in user of one engine, or of another one that shares its database. */
export interface TestClient {
  /** As `fetch`, with the token; the body is sent and read as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  place(order: object, key?: string): Promise<OrderView>;
  order(id: string): Promise<OrderView>;
  history(id: string): Promise<TransitionView[]>;
}

export interface Reply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where that is not there
  body: any;
  headers: Headers;
}

/** Calls that engine; `url` is asked for at each call, so that an engine started anew can take over. */
export async function logIn(url: () => string, email = 'operator@ordo.example'): Promise<TestClient> {
  let token = '';
  const call: TestClient['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${url()}/api/v1${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
    };
  };
  const expect = async (status: number, reply: Promise<Reply>) => {
    const got = await reply;
    if (got.status !== status)
      throw new Error(`expected ${status}, got ${got.status}: ${JSON.stringify(got.body)}`);
    return got.body;
  };
  token = (await expect(200, call('POST', '/auth/login', { email, password: DEMO_PASSWORD }))).accessToken;
  return {
    call,
    place: (order, key = randomUUID()) =>
      expect(201, call('POST', '/orders', order, { 'idempotency-key': key })),
    order: (id) => expect(200, call('GET', `/orders/${id}`)),
    history: async (id) => (await expect(200, call('GET', `/orders/${id}/history`))).items,
  };
}

/** An order body of one line per sku. */
export function orderBody(skus: string[], changes: object = {}): object {
  return {
    currency: 'EUR',
    lines: skus.map((sku) => ({ sku, quantity: 1, unitPriceMinor: 500 })),
    shippingAddress: {
      name: 'Ada',
      street: '12 St James Square',
      city: 'London',
      postalCode: 'SW1Y 4JH',
      country: 'GB',
    },
    payment: { token: 'tok_approve' },
    ...changes,
  };
}

/** Asks again until the condition holds. @throws with the last answer when it never does */
export async function eventually<T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  limitMs = 60_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error as T);
    if (!(answer instanceof Error) && holds(answer)) return answer;
    if (Date.now() > until)
      throw new Error(`it never came true; the last answer: ${JSON.stringify(answer) ?? answer}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
