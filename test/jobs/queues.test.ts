import test from 'ava';
import { Queues } from '../../src/jobs/queues.ts';
import { makeTestDir, startRedis } from '../support/services.ts';

test('the engine that stops with Redis away takes no jobs any more, and closes', async (t) => {
  const { redisUrl, redis } = await startRedis(t, await makeTestDir(t));
  const queues = new Queues(redisUrl, 'test', ['validation', 'payment'], { backoffMs: 1, leaseMs: 30_000 });
  await queues.ready();
  for (const queue of queues.all) queue.process(2, async () => 'moved').catch(() => undefined);
  await Promise.all(queues.all.map((queue) => queue.getWorkers()));
  await redis.kill();
  await queues.quiesce();
  await queues.close();
  await t.throwsAsync(queues.ping(), { message: /closed/ });
});
