/** A fake engine that speaks the public API and feed, as far as the replay tool uses them. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as SocketServer } from 'socket.io';
import type { LineQuantity } from '../../../src/machines/order-types.ts';
import type { NewProduct } from '../../../tools/replay/products.ts';
import { FakeOrders, type FakeProduct, type OrderFaults, type Placed } from './fake-orders.ts';

/** Who may do what the tool does. */
export const OPERATOR = { email: 'operator@fake.example', password: 'a long password' };

/** Faults on the way to the engine; each is counted down, so that a test can see that it fired. */
export interface WireFaults {
  /** Placings answered with 503 before anything is done. */
  unavailable?: number;
  /** Placings, and returns, done, whose answer is then lost. */
  lostAnswers?: number;
  lostReturns?: number;
  /** Transitions told on the feed, in acknowledgements too, after which all feeds are cut, once. */
  cutFeedAfter?: number;
  /** Requests after which the tokens given so far are no longer taken, once. */
  expireTokensAfter?: number;
  /** Every acknowledgement begins with its first transition twice. */
  tellsTwice?: boolean;
}

interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  key: string;
  body: unknown;
}

type Reply = { status: number; body?: unknown; headers?: Record<string, string> };

const problem = (status: number, code: string, fields: object = {}): Reply => ({
  status,
  body: { type: `urn:ordo:problem:${code}`, title: code, status, code, detail: `${code} it is.`, ...fields },
  headers: { 'content-type': 'application/problem+json' },
});

/** One fake engine; `orders` is what it knows, `faults` what is left of its faults. */
export class FakeEngine {
  readonly orders: FakeOrders;
  readonly faults: WireFaults & Omit<Required<WireFaults>, 'tellsTwice'>;
  readonly users = new Map<string, string>();
  #token = randomUUID();
  #http: Server | undefined;
  #feed: SocketServer | undefined;
  #port = 0;

  constructor(faults: WireFaults & OrderFaults = {}) {
    const never = Number.POSITIVE_INFINITY;
    this.orders = new FakeOrders(faults);
    this.faults = {
      unavailable: 0,
      lostAnswers: 0,
      lostReturns: 0,
      cutFeedAfter: never,
      expireTokensAfter: never,
      ...faults,
    };
  }

  /** Where it listens; the same after a restart. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, with all that it knew before. */
  async start(): Promise<void> {
    const http = createServer((request, response) => void this.#serve(request, response));
    const feed = new SocketServer(http, { connectTimeout: 5_000 });
    this.#openFeed(feed);
    http.listen(this.#port, '127.0.0.1');
    await once(http, 'listening');
    this.#port = (http.address() as AddressInfo).port;
    this.#http = http;
    this.#feed = feed;
  }

  /** Breaks every connection and stops listening, as a killed process does. */
  async stop(): Promise<void> {
    this.orders.onTransition = () => undefined;
    this.#http?.closeAllConnections();
    await this.#feed?.close();
  }

  #openFeed(feed: SocketServer): void {
    feed.use((socket, next) =>
      next(socket.handshake.auth.token === this.#token ? undefined : new Error('unauthenticated')),
    );
    feed.on('connection', (socket) => {
      socket.on('order.subscribe', ({ orderId, afterSeq = 0 }, ack) => {
        const order = this.orders.orders.get(orderId);
        if (!order)
          return ack({ ok: false, error: { code: 'not-found', detail: 'There is no such order.' } });
        const transitions = order.history.filter(({ seq }) => seq > afterSeq);
        const twice = this.faults.tellsTwice ? transitions.slice(0, 1) : [];
        ack({ ok: true, order: order.view, transitions: [...twice, ...transitions] });
        if (!order.view.final) void socket.join(orderId);
        this.#countTold(feed, transitions.length);
      });
      socket.on('order.unsubscribe', ({ orderId }, ack) => {
        void socket.leave(orderId);
        ack({ ok: true });
      });
    });
    this.orders.onTransition = (transition) => {
      const watchers = feed.sockets.adapter.rooms.get(transition.orderId)?.size ?? 0;
      feed.to(transition.orderId).emit('order.transition', transition);
      if (transition.final) feed.socketsLeave(transition.orderId);
      this.#countTold(feed, watchers);
    };
  }

  #countTold(feed: SocketServer, transitions: number): void {
    const before = this.faults.cutFeedAfter;
    this.faults.cutFeedAfter -= transitions;
    if (before > 0 && this.faults.cutFeedAfter <= 0) feed.disconnectSockets(true);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', this.url);
    const call: Call = {
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname.replace(/^\/api\/v1/, '')),
      query: url.searchParams,
      key: String(request.headers['idempotency-key'] ?? ''),
      body: text === '' ? undefined : JSON.parse(text),
    };
    const reply = this.#reply(call, request.headers.authorization === `Bearer ${this.#token}`);
    if (this.#losesAnswer(call.path, reply.status)) {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  }

  #losesAnswer(path: string, status: number): boolean {
    const done = path === '/orders' ? status === 201 : path.endsWith('/events') && status === 200;
    const fault = path === '/orders' ? 'lostAnswers' : 'lostReturns';
    if (!done || this.faults[fault] === 0) return false;
    this.faults[fault] -= 1;
    return true;
  }

  #reply(call: Call, authenticated: boolean): Reply {
    const { method, path } = call;
    this.faults.expireTokensAfter -= 1;
    if (this.faults.expireTokensAfter === 0) this.#token = randomUUID();
    if (path.startsWith('/auth/')) return this.#authenticate(call);
    if (!authenticated) return problem(401, 'unauthenticated');
    if (method === 'POST' && path === '/products') return this.#createProduct(call.body as NewProduct);
    if (method === 'POST' && path.endsWith('/stock')) return this.#receive(call);
    if (method === 'GET' && path === '/products') return this.#listProducts(call);
    if (method === 'GET' && path.startsWith('/products/')) {
      const product = this.orders.products.get(path.split('/')[2] ?? '');
      return product ? { status: 200, body: product } : problem(404, 'not-found');
    }
    if (method === 'POST' && path === '/orders') return this.#place(call);
    if (method === 'POST' && path.endsWith('/events')) return this.#command(call);
    if (method === 'GET' && path === '/orders') return this.#listOrders(call);
    return problem(404, 'route-not-found');
  }

  #authenticate({ path, body }: Call): Reply {
    const { email, password } = body as typeof OPERATOR;
    const session = (id: string): Reply => ({
      status: path === '/auth/register' ? 201 : 200,
      body: { user: { id }, accessToken: this.#token, tokenType: 'Bearer', expiresInS: 3600 },
    });
    if (path === '/auth/register') {
      if (this.users.has(email)) return problem(409, 'conflict');
      this.users.set(email, randomUUID());
      return session(this.users.get(email) ?? '');
    }
    if (email !== OPERATOR.email || password !== OPERATOR.password) return problem(401, 'bad-credentials');
    return session('operator');
  }

  #createProduct({ stock, ...product }: NewProduct): Reply {
    if (product.priceMinor < 1) return problem(422, 'invalid-request');
    if (this.orders.products.has(product.sku)) return problem(409, 'conflict');
    const created: FakeProduct = {
      ...product,
      stock: { received: stock, available: stock, held: 0, sold: 0 },
    };
    this.orders.products.set(product.sku, created);
    return { status: 201, body: created };
  }

  #receive({ path, body }: Call): Reply {
    const product = this.orders.products.get(path.split('/')[2] ?? '');
    if (!product) return problem(404, 'not-found');
    const { delta } = body as { delta: number };
    product.stock.received += delta;
    product.stock.available += delta;
    return { status: 200, body: product };
  }

  #listProducts({ query }: Call): Reply {
    const all = [...this.orders.products.values()];
    const skip = Number(query.get('skip'));
    const limit = Number(query.get('limit'));
    return { status: 200, body: { items: all.slice(skip, skip + limit), total: all.length, skip, limit } };
  }

  #listOrders({ query }: Call): Reply {
    const all = [...this.orders.orders.values()].map(({ view }) => view).reverse();
    const start = query.has('after') ? all.findIndex(({ id }) => id === query.get('after')) + 1 : 0;
    const end = start + Number(query.get('limit'));
    return {
      status: 200,
      body: { items: all.slice(start, end), next: end < all.length ? all[end - 1]?.id : null },
    };
  }

  #command({ path, key, body }: Call): Reply {
    const order = this.orders.orders.get(path.split('/')[2] ?? '');
    const { type, restock, lines } = body as { type: string; restock: boolean; lines: LineQuantity[] };
    if (!order || type !== 'order.return' || !restock) return problem(404, 'not-found');
    const isTaken = this.orders.takeBack(`${order.view.id}/${key}`, order, lines);
    return isTaken
      ? { status: 200, body: structuredClone(order.view) }
      : problem(409, 'event-refused', { state: order.view.state, allowedEvents: [] });
  }

  #place({ key, body }: Call): Reply {
    if (key === '') return problem(400, 'idempotency-key-missing');
    if (this.faults.unavailable > 0) {
      this.faults.unavailable -= 1;
      return { ...problem(503, 'unavailable'), headers: { 'retry-after': '0' } };
    }
    const order = body as Placed;
    const errors = order.lines.flatMap(({ quantity, unitPriceMinor }, index) => [
      ...(quantity > 0
        ? []
        : [{ pointer: `/lines/${index}/quantity`, code: 'quantity_not_positive', detail: '' }]),
      ...(unitPriceMinor > 0
        ? []
        : [{ pointer: `/lines/${index}/unitPriceMinor`, code: 'price_not_positive' }]),
    ]);
    if (errors.length > 0) return problem(422, 'invalid-request', { errors });
    return { status: 201, body: structuredClone(this.orders.place(key, order).view) };
  }
}
