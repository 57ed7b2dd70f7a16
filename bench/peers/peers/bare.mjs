// The limit, not a peer: the durable writes and Bull jobs of `ordo`, batched, with no engine around them.
import fs from 'node:fs';
import path from 'node:path';
import { startApp } from '../lib/appproc.mjs';
import { countOrders, exampleOrders, unitsOf } from '../lib/ordo.mjs';
import { unitsOrdered } from '../lib/pgshop.mjs';
import { freePort } from '../lib/util.mjs';
import * as ordo from './ordo.mjs';

const APP = new URL('../../app/bare.mjs', import.meta.url);
export const request = (order) => ordo.request(order);

export async function start({ dir, onDone }) {
  // The engine stocks the shop and completes one order, which shows what is written.
  const engine = await ordo.start({ dir, onDone: () => {} });
  const { documents, redis } = engine, { db } = documents;
  const { mongo } = await import('mongoose');
  const file = path.join(dir, 'example.json');
  const [{ order }] = await exampleOrders(engine.baseUrl, db, engine.people.customers, 1);
  fs.writeFileSync(file, mongo.BSON.EJSON.stringify(order));
  await engine.stopApps();
  const { sold } = await unitsOf(db), port = await freePort();
  const app = await startApp(APP, { dir, onDone, env: { PORT: String(port), MONGODB_URI: documents.uri, REDIS_PORT: String(redis.port), EXAMPLE: file } });
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    roots: () => ({ app: app.pid, ...documents.roots, redis: redis.pid }),
    versions: engine.versions,
    profileRedis: redis.port,
    async verify(ids) {
      const units = await unitsOf(db), completed = await countOrders(db, [{ id: 'bare' }], ids, 'completed');
      return { completed, unitsTaken: units.sold + units.held - sold, unitsOrdered: unitsOrdered(ids) };
    },
    async stop() { await app.stop(); await redis.stop(); await documents.stop(); },
  };
}
