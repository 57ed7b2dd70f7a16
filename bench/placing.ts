/** Places many orders over HTTP keep-alive, so many at once, and remembers which order is whose. */
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { EngineUnderTest } from './engine-under-test.ts';
import { priceOf } from './engine-under-test.ts';

const CONNECTIONS = 64;

/** The orders that the API took. */
export interface Placed {
  /** The engine's id of each order, as asked for; in the order of the asking. */
  ids: string[];
  /** From the first request to the last reply. */
  seconds: number;
}

/** The body of an order of one unit of one product. */
export async function orderOf(sku: string): Promise<string> {
  return JSON.stringify({
    currency: 'EUR',
    lines: [{ sku, quantity: 1, unitPriceMinor: await priceOf(sku) }],
    shippingAddress: {
      name: 'Ada Lovelace',
      street: '12 St James Square',
      city: 'London',
      postalCode: 'SW1Y 4JH',
      country: 'GB',
    },
    payment: { token: 'tok_bench' },
  });
}

/**
 * Places one order of one unit of each sku in turn; `isOver` ends it early.
 * @throws Error when a request is not answered by 201
 */
export async function placeOrders(
  { baseUrl, people }: EngineUnderTest,
  skus: string[],
  keyPrefix: string,
  isOver: () => boolean = () => false,
): Promise<Placed> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const url = `${baseUrl}/api/v1/orders`;
  const bodies = new Map<string, string>();
  for (const sku of new Set(skus)) bodies.set(sku, await orderOf(sku));
  const ids: string[] = [];
  let next = 0;
  const place = async () => {
    while (next < skus.length && !isOver()) {
      const index = next++;
      const token = people.customers[index % people.customers.length]?.token;
      ids[index] = await post(agent, url, bodies.get(skus[index] ?? '') ?? '', {
        authorization: `Bearer ${token}`,
        'idempotency-key': `${keyPrefix}-${index}`,
      });
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, place));
  agent.destroy();
  return { ids, seconds: (performance.now() - from) / 1000 };
}

function post(agent: Agent, url: string, body: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const sent = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      json(response).then((answer) => {
        if (response.statusCode === 201) resolve((answer as { id: string }).id);
        else reject(new Error(`POST /orders: HTTP ${response.statusCode} ${JSON.stringify(answer)}`));
      }, reject);
    });
    sent.end(body);
  });
}
