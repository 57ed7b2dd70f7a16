/** HTTP: how many requests the door takes, with no stage at work behind it. */
import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';
import { withEngine } from '../engine-under-test.ts';
import { orderOf } from '../placing.ts';
import { show } from '../report.ts';
import type { Part } from './part.ts';

const CONNECTIONS = 64;
const WARM_SECONDS = 2;
const SKU = 'SKU-00001';

export const http: Part = async ({ options, say }) => {
  const products = [{ sku: SKU, stock: 100_000_000 }];
  const measured = await withEngine({ roles: ['api'], products }, async ({ baseUrl, people }) => {
    const { token } = people.operator;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const get: autocannon.Request = { method: 'GET', path: `/api/v1/products/${SKU}` };
    const post: autocannon.Request = {
      method: 'POST',
      path: '/api/v1/orders',
      body: await orderOf(SKU),
      setupRequest: (request) => ({
        ...request,
        headers: { ...request.headers, ...headers, 'idempotency-key': randomUUID() },
      }),
    };
    const results: [string, autocannon.Result][] = [];
    for (const [name, each] of [
      ['GET /products/:id', get],
      ['POST /orders', post],
    ] as const) {
      say(`${name}, ${CONNECTIONS} connections, ${options.httpSeconds} s`);
      const load = { url: baseUrl, connections: CONNECTIONS, headers, requests: [each] };
      await autocannon({ ...load, duration: WARM_SECONDS });
      const result = await autocannon({ ...load, duration: options.httpSeconds });
      if (result.non2xx + result.errors > 0)
        throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} errors`);
      results.push([name, result]);
    }
    return results;
  });
  return [
    {
      title: 'HTTP, one process of the role api',
      head: ['', 'requests/s', 'p50 ms', 'p97.5 ms', 'p99 ms'],
      rows: measured.map(([name, { requests, latency }]) => [
        name,
        show(requests.average),
        ...[latency.p50, latency.p97_5, latency.p99].map((ms) => show(ms, 1)),
      ]),
      notes: ['POST /orders: with a token, a new Idempotency-Key each, durable when it is answered'],
      data: measured.map(([name, { requests, latency }]) => ({ name, requests, latency })),
    },
  ];
};
