/** HTTP: how many requests the door takes, with no stage at work behind it. */
import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';
import { withEngine } from '../engine-under-test.ts';
import { orderOf } from '../placing.ts';
import { ratio, show } from '../report.ts';
import type { Part } from './part.ts';

const CONNECTIONS = 64;
const WARM_SECONDS = 2;
const SKU = 'SKU-00001';

/** What is asked of a process of the role `api`. */
interface Case {
  name: string;
  path: '/products/:id' | '/orders';
  env?: Record<string, string>;
}

const CASES: Case[] = [
  { name: 'GET /products/:id', path: '/products/:id' },
  { name: 'GET /products/:id, no cache', path: '/products/:id', env: { ORDO_PRODUCT_CACHE_S: '0' } },
  { name: 'POST /orders', path: '/orders' },
];

async function requestOf({ path }: Case, token: string): Promise<autocannon.Request> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  if (path === '/products/:id') return { method: 'GET', path: `/api/v1/products/${SKU}`, headers };
  return {
    method: 'POST',
    path: '/api/v1/orders',
    body: await orderOf(SKU),
    setupRequest: (request) => ({
      ...request,
      headers: { ...request.headers, ...headers, 'idempotency-key': randomUUID() },
    }),
  };
}

/** @throws Error when a request was refused */
async function measure(each: Case, seconds: number): Promise<autocannon.Result> {
  const products = [{ sku: SKU, stock: 100_000_000 }];
  const start = { roles: ['api' as const], products, ...(each.env && { env: each.env }) };
  return withEngine(start, async ({ baseUrl, people }) => {
    const requests = [await requestOf(each, people.operator.token)];
    const load = { url: baseUrl, connections: CONNECTIONS, requests };
    await autocannon({ ...load, duration: WARM_SECONDS });
    const result = await autocannon({ ...load, duration: seconds });
    if (result.non2xx + result.errors > 0)
      throw new Error(`${each.name}: ${result.non2xx} refused, ${result.errors} errors`);
    return result;
  });
}

export const http: Part = async ({ options, say }) => {
  const measured: [string, autocannon.Result][] = [];
  for (const each of CASES) {
    say(`${each.name}, ${CONNECTIONS} connections, ${options.httpSeconds} s`);
    measured.push([each.name, await measure(each, options.httpSeconds)]);
  }
  const perS = (name: string) => measured.find(([each]) => each === name)?.[1].requests.average;
  const cached = ratio(perS('GET /products/:id'), perS('GET /products/:id, no cache'));
  return [
    {
      title: 'HTTP, one process of the role api',
      head: ['', 'requests/s', 'p50 ms', 'p97.5 ms', 'p99 ms'],
      rows: measured.map(([name, { requests, latency }]) => [
        name,
        show(requests.average),
        ...[latency.p50, latency.p97_5, latency.p99].map((ms) => show(ms, 1)),
      ]),
      notes: [
        'POST /orders: with a token, a new Idempotency-Key each, durable when it is answered',
        `GET /products/:id with the cache to without it: ${cached}`,
      ],
      data: measured.map(([name, { requests, latency }]) => ({ name, requests, latency })),
    },
  ];
};
