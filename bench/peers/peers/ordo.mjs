// Ordo: the built product (`npx tsc -b`) by its REST API, on mongolet (MONGODB_URI: on that) and Redis.
// One process of the role `all`; `--workers N`: one of the role `api` and N of the role `worker`.
import { startApp } from '../lib/appproc.mjs';
import { startDocuments } from '../lib/documents.mjs';
import { countOrders, exampleOrders, orderRequest, placer, stockShop, unitsOf } from '../lib/ordo.mjs';
import { INITIAL_STOCK, SKUS, skuName } from '../lib/orders.mjs';
import { unitsOrdered } from '../lib/pgshop.mjs';
import { startRedis } from '../lib/services.mjs';
import { now, r } from '../lib/util.mjs';

const APP = new URL('../../app/engine.mjs', import.meta.url);
// As `npm start` and the image start it.
const NODE_FLAGS = ['--max-semi-space-size=64'];
const SECRET = 'a secret of the benchmark, 32 bytes and more';

// The load generator is another process than the one that started the engine; it inherits the tokens.
const customers = () => JSON.parse(process.env.BENCH_CUSTOMERS);
export const request = (order) => orderRequest(order, placer(customers(), order.id).token);

/** The engine's processes: one of each given role. */
async function startProcesses(roles, { dir, env, onDone, execArgv }) {
  let names = [], apps = [];
  const up = async () => {
    const from = now();
    apps = [];
    for (const role of roles) apps.push(await startApp(APP, { dir, onDone, execArgv, env: { ...env, ORDO_ROLE: role } }));
    names = roles.map((role, i) => (roles.length === 1 ? 'app' : `${role}${i || ''}`));
    return now() - from;
  };
  await up();
  return {
    get first() { return apps[0]; },
    get all() { return apps; },
    roots: () => Object.fromEntries(apps.map((app, i) => [names[i], app.pid])),
    kill9: () => Promise.all(apps.map((app) => app.kill9())),
    stop: () => Promise.all(apps.map((app) => app.stop())),
    up,
  };
}

/**
 * Besides what every peer takes: `roles` of the processes, `env` for their settings, `products` of the shop.
 * The instance has also `api` (the process that serves), `apps`, `people` and `documents`.
 */
export async function start({ dir, opts = {}, onDone, roles, env = {}, products }) {
  const prof = (name) => (opts['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${dir}/prof-${name}`] : []);
  const documents = await startDocuments(dir, { execArgv: prof('mongolet') });
  const redis = await startRedis(dir);
  const settings = {
    ORDO_HOST: '127.0.0.1', ORDO_PORT: '0', ORDO_DATA_DIR: dir, ORDO_LOG_LEVEL: 'warn', ORDO_JWT_SECRET: SECRET, ORDO_TOKEN_TTL_S: '86400',
    MONGODB_URI: documents.uri, REDIS_URL: `redis://127.0.0.1:${redis.port}`, ...env,
  };
  const split = opts.workers > 0 ? ['api', ...Array(opts.workers).fill('worker')] : ['all'];
  const apps = await startProcesses(roles ?? split, { dir, env: settings, onDone, execArgv: [...NODE_FLAGS, ...prof('app')] });
  const people = apps.first.info.people, { db } = documents;
  const url = () => apps.first.info.url;
  await stockShop(url(), people.operator, products ?? Array.from({ length: SKUS }, (_, i) => ({ sku: skuName(i), stock: INITIAL_STOCK })));
  process.env.BENCH_CUSTOMERS = JSON.stringify(people.customers);
  let startup, sold = 0;
  if (opts.stored) {
    const examples = await exampleOrders(url(), db, people.customers);
    sold = (await unitsOf(db)).sold;
    const { storeOrders } = await import('../../app/stored.mjs');
    const storingS = await storeOrders(db, examples, opts.stored, (line) => console.error(line));
    await apps.stop();
    const documentsMs = await documents.restart();
    startup = { stored: opts.stored, storingS, documentsMs: r(documentsMs, 0), engineMs: r(await apps.up(), 0) };
  }
  return {
    get baseUrl() { return url(); },
    roots: () => ({ ...apps.roots(), ...documents.roots, redis: redis.pid }),
    versions: { documents: documents.version, redis: redis.version, ...apps.first.info.versions },
    profileRedis: redis.port,
    get api() { return apps.first; },
    get apps() { return apps.all; },
    people, documents, redis, startup,
    async verify(ids) {
      const units = await unitsOf(db);
      const completed = await countOrders(db, people.customers, ids, 'completed');
      return { completed, unitsTaken: units.sold + units.held - sold, unitsOrdered: unitsOrdered(ids) };
    },
    async crashApp() { await apps.kill9(); await apps.up(); },
    stopApps: () => apps.stop(),
    async stop() { await apps.stop(); await redis.stop(); await documents.stop(); },
  };
}
