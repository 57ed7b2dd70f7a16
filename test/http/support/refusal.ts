/** A request that must be refused, as a row of a table, and the test of it. */
import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { type CallOptions, startApp } from './running-app.ts';

/** One row. */
export interface Case {
  name: string;
  as?: 'customer' | 'operator';
  method?: string;
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  code: string;
  /** The faults that must be listed, as `pointer code`. */
  faults?: string[];
}

export const invalid = { status: 400, code: 'invalid-request' };
export const malformed = { status: 400, code: 'malformed-body' };

/** Sends the row's request to an app of its own: it is refused as the row says, and nothing came of it. */
export async function assertRefused(t: ExecutionContext, one: Case): Promise<void> {
  const app = await startApp(t);
  const { method = 'POST', path = '/api/v1/orders', as = 'customer', headers } = one;
  const { token } = await app.person(as);
  const options: CallOptions = { token, headers: { 'idempotency-key': randomUUID(), ...headers } };
  const answer = await app.call(method, path, 'body' in one ? { ...options, body: one.body } : options);
  t.is(answer.status, one.status, answer.text.slice(0, 500));
  t.is(answer.headers.get('content-type'), 'application/problem+json');
  t.like(answer.json, { status: one.status, code: one.code, type: `urn:ordo:problem:${one.code}` });
  t.truthy(answer.json.title);
  t.truthy(answer.json.detail);
  if (one.faults)
    t.deepEqual(
      answer.json.errors.map(({ pointer, code }) => `${pointer} ${code}`),
      one.faults,
    );
  t.is(app.orders.count(), 0);
  t.deepEqual(
    app.lines.filter(({ level }) => level >= 40),
    [],
  );
  t.is(({} as Record<string, unknown>).role, undefined);
}
