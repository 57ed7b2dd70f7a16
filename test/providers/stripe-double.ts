/** A double of Stripe's API over real HTTP: requests and replies as documented, books of its own, and faults on demand. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import type { Teardown } from '../support/services.ts';
import { outcomeOf } from './stripe-double/cards.ts';
import {
  badKey,
  lockTimeout,
  type Params,
  Refusal,
  type Reply,
  rateLimited,
  serverError,
} from './stripe-double/faults.ts';
import { IdempotencyKeys } from './stripe-double/idempotency.ts';
import { Ledger, type StripeEvent } from './stripe-double/ledger.ts';

/** The account's keys. */
export const SECRET_KEY = 'sk_test_double0123456789';
export const WEBHOOK_SECRET = 'whsec_double0123456789';

/**
 * What goes wrong with a request: lost on its way there or back, failed before or after it was executed, refused for
 * too many requests or for a lock, kept from being executed until `release`.
 */
export type FaultKind =
  | 'request-lost'
  | 'reply-lost'
  | 'never-answered'
  | 'server-error'
  | 'server-error-after'
  | 'rate-limited'
  | 'lock-timeout'
  | 'held';

/** A fault that waits for its request. */
export interface Fault {
  /** Resolves when it has struck; a test of a fault awaits it, or it has tested nothing. */
  fired: Promise<void>;
  /** Resolves when the double is through with the request, also when nobody waits for the reply any more. */
  finished: Promise<void>;
  /** Lets a held request go on. */
  release(): void;
}

/** A promise that is resolved from outside. */
function createGate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

interface ArmedFault {
  kind: FaultKind;
  route: string;
  struck: ReturnType<typeof createGate>;
  released: ReturnType<typeof createGate>;
  done: ReturnType<typeof createGate>;
}

/** One request that came, faults included. */
export interface SeenRequest {
  /** Such as `POST /v1/payment_intents/:id/confirm`. */
  route: string;
  headers: IncomingMessage['headers'];
  params: Params;
}

function parseForm(body: string): Params {
  const params: Params = {};
  for (const [name, value] of new URLSearchParams(body)) {
    const [head = '', ...rest] = name.split('[').map((part) => part.replace(/\]$/, ''));
    let inner = params;
    for (const [i, part] of [head, ...rest].entries()) {
      if (i === rest.length) inner[part] = value;
      else {
        inner[part] ??= {};
        inner = inner[part] as Params;
      }
    }
  }
  return params;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The double; it listens on a free port of 127.0.0.1. */
export class StripeDouble {
  readonly ledger = new Ledger();
  readonly keys = new IdempotencyKeys();
  readonly requests: SeenRequest[] = [];
  url = new URL('http://127.0.0.1');
  #faults: ArmedFault[] = [];
  #replyLost = new Set<string>();
  #locks = new Map<string, Promise<unknown>>();

  /** Arms a fault for the next request of that route, such as `POST /v1/refunds`. */
  fault(route: string, kind: FaultKind): Fault {
    const [struck, released, done] = [createGate(), createGate(), createGate()];
    this.#faults.push({ kind, route, struck, released, done });
    return { fired: struck.opened, finished: done.opened, release: released.open };
  }

  /** How many requests of that route came. */
  count(route: string): number {
    return this.requests.filter((request) => request.route === route).length;
  }

  /** The money taken for the order, and given back of it, in Stripe's units. */
  moneyOf(orderId: string): { captured: number; refunded: number } {
    const intents = [...this.ledger.intents.values()].filter(({ metadata }) => metadata.orderId === orderId);
    return {
      captured: intents.reduce((sum, intent) => sum + intent.amount_received, 0),
      refunded: intents.reduce((sum, intent) => sum + this.ledger.refundedOf(intent.id), 0),
    };
  }

  /** The payer or the bank acts on every payment of that charge key that waits for it. */
  async settle(chargeKey: string, outcome: 'captured' | 'failed'): Promise<void> {
    for (const intent of this.ledger.intents.values())
      if (intent.metadata.chargeKey === chargeKey)
        await this.#exclusively(intent.id, async () => this.ledger.settle(intent, outcome));
  }

  /** Posts the event to a webhook endpoint, signed as Stripe signs. @returns the endpoint's status */
  async deliver(url: URL, event: StripeEvent, secret = WEBHOOK_SECRET): Promise<number> {
    const payload = JSON.stringify(event, null, 2);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
    const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature };
    return (await fetch(url, { method: 'POST', headers, body: payload })).status;
  }

  /** One request after the other on one object, as its lock makes them wait. */
  #exclusively<T>(id: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#locks.get(id) ?? Promise.resolve()).then(run);
    this.#locks.set(
      id,
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #execute(route: string, id: string, params: Params): Promise<Reply> {
    const { ledger } = this;
    // Something else may come in between, as it may at Stripe.
    await new Promise(setImmediate);
    const body = () => {
      if (route === 'POST /v1/payment_intents') return ledger.create(params);
      if (route === 'GET /v1/payment_intents/:id') return ledger.find(id);
      if (route === 'POST /v1/payment_intents/:id/confirm') return ledger.confirm(id, params);
      if (route === 'POST /v1/payment_intents/:id/cancel') return ledger.cancel(id, params);
      if (route === 'POST /v1/refunds') return ledger.refund(params);
      if (route === 'GET /v1/refunds') return this.#list(params);
      throw new Refusal(404, {
        type: 'invalid_request_error',
        message: `Unrecognized request URL (${route}).`,
      });
    };
    return { status: 200, body: structuredClone(body()), saved: true };
  }

  #list({ payment_intent, limit = '10', starting_after }: Params) {
    const all = this.ledger.refunds.filter((refund) => refund.payment_intent === payment_intent).reverse();
    const from = starting_after ? all.findIndex(({ id }) => id === starting_after) + 1 : 0;
    const data = all.slice(from, from + Math.min(Number(limit), 100));
    return { object: 'list', data, has_more: from + data.length < all.length, url: '/v1/refunds' };
  }

  /** The reply; or that it is lost, or never comes. */
  async #answer(request: IncomingMessage): Promise<Reply | 'lost' | 'never'> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const id = /^\/v1\/payment_intents\/([^/]+)/.exec(pathname)?.[1] ?? '';
    const route = `${request.method} ${id ? pathname.replace(id, ':id') : pathname}`;
    const text = await readBody(request);
    const params = parseForm(request.method === 'GET' ? searchParams.toString() : text);
    this.requests.push({ route, headers: request.headers, params });
    const index = this.#faults.findIndex((fault) => fault.route === route);
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0];
    fault?.struck.open();
    if (fault?.kind === 'held') await fault.released.opened;
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (key !== SECRET_KEY) return badKey(key).toReply();
    if (fault?.kind === 'request-lost') return 'lost';
    if (fault?.kind === 'rate-limited') return rateLimited().toReply();
    const run = async () => {
      try {
        if (fault?.kind === 'lock-timeout') throw lockTimeout();
        if (fault?.kind === 'server-error') throw serverError();
        const reply = await this.#exclusively(id, () => this.#execute(route, id, params));
        return fault?.kind === 'server-error-after' ? serverError().toReply() : reply;
      } catch (error) {
        if (error instanceof Refusal) return error.toReply();
        throw error;
      }
    };
    const idempotencyKey = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    const reply = await this.keys.once(idempotencyKey?.toString(), pathname, text, run);
    fault?.done.open();
    if (fault?.kind === 'never-answered') return 'never';
    return fault?.kind === 'reply-lost' || this.#losesReply(route, id) ? 'lost' : reply;
  }

  /** True at the first confirmation of a payment method that plays this. */
  #losesReply(route: string, id: string): boolean {
    if (!route.endsWith('/confirm') || this.#replyLost.has(id)) return false;
    const outcome = outcomeOf(this.ledger.intents.get(id)?.payment_method ?? '');
    if (outcome?.kind !== 'approved' || !outcome.losesReply) return false;
    this.#replyLost.add(id);
    return true;
  }

  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reply = await this.#answer(request);
    if (reply === 'lost') request.socket.destroy();
    if (typeof reply === 'string') return;
    const headers = { 'Content-Type': 'application/json', 'Request-Id': `req_${this.requests.length}` };
    response.writeHead(reply.status, { ...headers, ...reply.headers }).end(JSON.stringify(reply.body));
  };
}

/** Starts a double; it ends with the test. */
export async function startStripeDouble(t: Teardown): Promise<StripeDouble> {
  const double = new StripeDouble();
  const server = createServer((request, response) => void double.handle(request, response));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  double.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return double;
}
