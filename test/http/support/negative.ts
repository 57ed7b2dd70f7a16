/** A request that must come to nothing, as a row of a table: what is sent, how it is refused, and at what cost. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { ExecutionContext } from 'ava';
import type { Role } from '../../../src/machines/order-types.ts';
import { type Answer, type AppChanges, type CallOptions, type RunningApp, startApp } from './running-app.ts';

/** What a row sends; each part is an ordinary one unless given. */
export interface NegativeRequest extends CallOptions {
  method?: string;
  path?: string;
  /** Sent as it is, instead of a request: for what no HTTP library would send. */
  raw?: string;
}

/** One row. */
export interface Negative {
  name: string;
  /** Who sends it; a customer unless given. */
  as?: Role | 'nobody';
  /** Settings of the app that the row needs. */
  changes?: AppChanges;
  /** The request, or what makes it once the app is there (and does what must have happened before). */
  request: NegativeRequest | ((app: RunningApp, token: string) => Promise<NegativeRequest>);
  status: number;
  /** The problem's code; a raw request that is no HTTP gets none. */
  code?: string;
  /** What must hold besides. */
  also?(t: ExecutionContext, answer: Answer, app: RunningApp): unknown;
}

export const invalid = { status: 400, code: 'invalid-request' } as const;
export const malformed = { status: 400, code: 'malformed-body' } as const;
export const signedOut = { status: 401, code: 'unauthenticated' } as const;
export const forbidden = { status: 403, code: 'forbidden' } as const;

export const get = (path: string): NegativeRequest => ({ path: `/api/v1${path}` });
export const post = (path: string, body?: unknown, headers = {}): NegativeRequest => ({
  method: 'POST',
  path: `/api/v1${path}`,
  headers,
  ...(body !== undefined && { body }),
});

/** What a refusal may cost; argon2 hashes of a row are paid by everybody who logs in. */
const CPU_MAX_MS = 50;
/** The least of so many tries counts: the rest is what else the machine does. */
const TRIES = 3;

/** Sends the row's request: it is refused as the row says, cheaply, and the app goes on. */
export async function assertNegative(t: ExecutionContext, row: Negative): Promise<void> {
  const costs: number[] = [];
  for (
    let attempt = 0;
    attempt < TRIES && Math.min(...costs, Number.POSITIVE_INFINITY) > CPU_MAX_MS;
    attempt += 1
  )
    costs.push(await attemptRow(t, row));
  t.true(Math.min(...costs) <= CPU_MAX_MS, `it costs ${Math.min(...costs)} ms of CPU`);
  t.is(({} as Record<string, unknown>).role, undefined, 'a prototype is polluted');
}

/** The milliseconds of CPU that one try took, client included. */
async function attemptRow(t: ExecutionContext, row: Negative): Promise<number> {
  const app = await startApp(t, row.changes);
  const who = row.as ?? 'customer';
  const token = who === 'nobody' ? undefined : (await app.person(who)).token;
  const request = typeof row.request === 'function' ? await row.request(app, token ?? '') : row.request;
  // The first request of an app pays for what is made once.
  await app.call('GET', '/health');
  const before = process.cpuUsage();
  const answer = await send(app, { ...(token !== undefined && { token }), ...request });
  const { user, system } = process.cpuUsage(before);
  t.is(answer.status, row.status, answer.text.slice(0, 500));
  if (row.code !== undefined) {
    t.is(answer.headers.get('content-type'), 'application/problem+json');
    t.like(answer.json, { code: row.code, status: row.status });
  }
  await row.also?.(t, answer, app);
  t.is((await app.call('GET', '/health')).status, 200, 'the app is down');
  t.is(app.orders.count(), 0, 'an order came of it');
  t.deepEqual(
    app.lines.filter(({ level, msg }) => level >= 40 && msg !== EXPECTED_WARNING),
    [],
  );
  return (user + system) / 1000;
}

/** What the engine says aloud of a theft. */
const EXPECTED_WARNING = 'a refresh token came twice; its session is ended';

async function send(app: RunningApp, request: NegativeRequest): Promise<Answer> {
  const { method = 'GET', path = '/api/v1/orders', raw, ...options } = request;
  return raw === undefined ? app.call(method, path, options) : sendRaw(app.url, raw);
}

/** Sends those bytes, and reads until the server hangs up. */
async function sendRaw(url: string, raw: string): Promise<Answer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(raw);
  await once(socket, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]));
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  return { status: Number(statusLine.split(' ')[1]), headers, text, json: json as Answer['json'] };
}
