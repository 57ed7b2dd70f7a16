/** A whole engine, asked to stop when Redis has just died: it ends as it should, for it needs nothing of Redis to end. */
import { join } from 'node:path';
import test from 'ava';
import { startEngine } from '../support/engine.ts';
import { startServices } from '../support/services.ts';

test('an engine that works stops cleanly with Redis away', async (t) => {
  const { mongodbUri, redisUrl, redis, dir } = await startServices(t);
  const engine = await startEngine(t, {
    MONGODB_URI: mongodbUri,
    REDIS_URL: redisUrl,
    ORDO_DATA_DIR: join(dir, 'engine'),
  });
  await redis.kill();
  t.is(await engine.stop(), 0);
  t.false(engine.output().includes('did not stop cleanly'), engine.output());
});
