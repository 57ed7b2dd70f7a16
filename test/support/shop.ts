/** A running engine on services of its own, and its people, for all the tests of a file. */
import { join } from 'node:path';
import type { TestFn } from 'ava';
import { logIn, startEngine, type TestClient, type TestEngine } from './engine.ts';
import { startServices, type TestServices } from './services.ts';

/** What the tests of a file share. */
export interface Shop {
  services: TestServices;
  engine: TestEngine;
  operator: TestClient;
  customer: TestClient;
}

/**
 * Opens one before the tests, with those settings, and closes it after them: call it at the top of the file.
 * @param prepare runs when it is open; nothing else does before it has ended
 */
export function shareShop(
  test: TestFn,
  settings: Record<string, string>,
  prepare: (shop: Shop) => Promise<void>,
): void {
  const endings: (() => Promise<void> | void)[] = [];
  test.before('open the shop', async () => {
    const services = await startServices({ teardown: (fn) => endings.push(fn) });
    const { mongodbUri, redisUrl, dir } = services;
    const env = { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl, ORDO_DATA_DIR: join(dir, 'data') };
    const engine = await startEngine({ teardown: (fn) => endings.unshift(fn) }, { ...env, ...settings });
    const url = () => engine.url;
    const operator = await logIn(url);
    const customer = await logIn(url, 'customer@ordo.example');
    await prepare({ services, engine, operator, customer });
  });
  test.after.always('close the shop', async () => {
    for (const end of endings) await end();
  });
}
