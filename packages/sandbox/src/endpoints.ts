/** The HTTP API as a table: what each address takes, which operation's faults it meets, what it does. */
import { z } from 'zod';
import { listOrders, readOrder, sumUp } from './audit.ts';
import type { Books } from './books.ts';
import { viewCharge } from './charges.ts';
import type { Reply } from './decision.ts';
import { MOVES } from './events.ts';
import { type FaultRule, type Faults, faultRule, type Operation } from './faults.ts';
import { viewParcel } from './parcels.ts';
import type { Sandbox } from './sandbox.ts';
import { destination } from './webhooks.ts';

/** One address. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT';
  /** Its parts between slashes; `:key` stands for any. */
  path: string[];
  /** Absent where no fault ever strikes. */
  operation?: Operation;
  body: z.ZodType;
  /** @param key what stood for `:key` */
  handle(key: string, body: unknown, query: URLSearchParams): Promise<Reply> | Reply;
}

const MOST_PER_PAGE = 1_000;

const key = z.string().min(1).max(200);
const amountMinor = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const nothing = z.strictObject({});
const text = z.string().max(500);

const chargeBody = z.strictObject({
  key,
  orderId: key,
  amountMinor,
  currency: z.string().regex(/^[A-Z]{3}$/, 'expected three capital letters of ISO 4217'),
  paymentToken: text,
});
const parcelBody = z.strictObject({
  key,
  orderId: key,
  address: z.strictObject({ name: text, street: text, city: text, postalCode: text, country: text }),
  lines: z
    .array(
      z.strictObject({
        sku: text,
        quantity: z.number().int().positive(),
        unitPriceMinor: z.number().int().nonnegative(),
      }),
    )
    .max(10_000),
});

/** Lets the compiler infer what `handle` gets from the schema. */
function endpoint<TBody>(
  definition: Omit<Endpoint, 'path' | 'body' | 'handle'> & {
    path: string;
    body?: z.ZodType<TBody>;
    handle(key: string, body: TBody, query: URLSearchParams): Promise<Reply> | Reply;
  },
): Endpoint {
  const { path, body = nothing, handle, ...rest } = definition;
  return { ...rest, path: path.slice(1).split('/'), body, handle: handle as Endpoint['handle'] };
}

const ok = (body: unknown): Reply => ({ status: 200, body });

/** The gateway and the carrier, as the engine calls them. */
function providerEndpoints(sandbox: Sandbox, books: Books): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/charges',
      operation: 'capture',
      body: chargeBody,
      handle: (_, request) => sandbox.capture(request),
    }),
    endpoint({
      method: 'GET',
      path: '/charges/:key',
      operation: 'lookUp',
      handle: (key) => viewCharge(key, books.charges.get(key)),
    }),
    endpoint({
      method: 'POST',
      path: '/charges/:key/void',
      operation: 'void',
      handle: (key) => sandbox.voidCharge(key),
    }),
    endpoint({
      method: 'POST',
      path: '/charges/:key/refunds',
      operation: 'refund',
      body: z.strictObject({ key, amountMinor }),
      handle: (key, refund) => sandbox.refund(key, refund),
    }),
    endpoint({
      method: 'POST',
      path: '/parcels',
      operation: 'book',
      body: parcelBody,
      handle: (_, { key, orderId, address }) => sandbox.book({ key, orderId, address }),
    }),
    endpoint({
      method: 'GET',
      path: '/parcels/:key',
      operation: 'track',
      handle: (key) => viewParcel(key, books.parcels.get(key)),
    }),
    endpoint({
      method: 'POST',
      path: '/parcels/:key/recall',
      operation: 'recall',
      handle: (key) => sandbox.recall(key),
    }),
  ];
}

/** What people, tests and audits do. */
function operatorEndpoints(sandbox: Sandbox, books: Books, faults: Faults): Endpoint[] {
  return [
    endpoint({ method: 'GET', path: '/health', handle: () => ok({ status: 'ok' }) }),
    endpoint({
      method: 'POST',
      path: '/charges/:key/settle',
      body: z.strictObject({ outcome: z.enum(['captured', 'failed']).optional() }),
      handle: (key, { outcome }) => sandbox.settle(key, outcome),
    }),
    endpoint({
      method: 'POST',
      path: '/parcels/:key/advance',
      body: z.strictObject({ status: z.enum(MOVES) }),
      handle: (key, { status }) => sandbox.advance(key, status),
    }),
    endpoint({ method: 'GET', path: '/faults', handle: () => ok({ items: faults.list() }) }),
    endpoint<FaultRule>({
      method: 'POST',
      path: '/faults',
      body: faultRule,
      handle(_, rule) {
        faults.set(rule);
        return ok({ items: faults.list() });
      },
    }),
    endpoint({
      method: 'PUT',
      path: '/webhook',
      body: destination,
      async handle(_, { url, secret }) {
        await sandbox.tellTo({ url, secret });
        return ok({ url });
      },
    }),
    endpoint({ method: 'GET', path: '/totals', handle: () => ok(sumUp(books)) }),
    endpoint({ method: 'GET', path: '/orders/:key', handle: (orderId) => ok(readOrder(books, orderId)) }),
    endpoint({
      method: 'GET',
      path: '/orders',
      handle: (_, _body, query) => ok(listOrders(books, query.get('from') ?? '', MOST_PER_PAGE)),
    }),
  ];
}

/** Every address of the API. */
export function endpointsOf(sandbox: Sandbox, books: Books, faults: Faults): Endpoint[] {
  return [...providerEndpoints(sandbox, books), ...operatorEndpoints(sandbox, books, faults)];
}
