/** The engine's Redis connection: what a turn asks goes together, and nothing of it is left behind. */
import { once } from 'node:events';
import test from 'ava';
import { RedisConnection, redisOptions } from '../../src/platform/redis.ts';
import { makeTestDir, startRedis, type Teardown } from '../support/services.ts';

async function connected(t: Teardown) {
  const { redisUrl, redis } = await startRedis(t, await makeTestDir(t));
  const connection = new RedisConnection(redisOptions(redisUrl));
  connection.on('error', () => undefined);
  t.teardown(() => connection.disconnect());
  await once(connection, 'ready');
  await new Promise(setImmediate);
  return { connection, redis };
}

test('the commands of a turn wait for its end, go together, and are answered in their order', async (t) => {
  const { connection } = await connected(t);
  const before = connection.stream.bytesWritten;
  const answers = Promise.all([
    connection.set('a', '1'),
    connection.incr('a'),
    connection.multi().incr('a').get('a').exec(),
    connection.get('a'),
  ]);
  t.is(connection.stream.writableCorked, 1);
  t.true(connection.stream.writableLength > 0);
  t.is(connection.stream.bytesWritten - before, connection.stream.writableLength);
  t.deepEqual(await answers, [
    'OK',
    2,
    [
      [null, 3],
      [null, '3'],
    ],
    '3',
  ]);
  t.is(connection.stream.writableCorked, 0);
  t.is(await connection.incr('a'), 4);
});

test('a connection lost in the turn of a command rejects it, and the next one gathers anew', async (t) => {
  const { connection, redis } = await connected(t);
  const lost = connection.incr('a');
  connection.stream.destroy();
  await t.throwsAsync(lost);
  await redis.kill();
  await t.throwsAsync(connection.incr('a'));
  await redis.start();
  if (connection.status !== 'ready') await once(connection, 'ready');
  t.deepEqual(await Promise.all([connection.incr('a'), connection.incr('a')]), [1, 2]);
});

test('what is asked in the turn of the hanging up is still sent', async (t) => {
  const { connection } = await connected(t);
  const ended = once(connection, 'end');
  connection.set('last', 'word').catch(() => undefined);
  connection.disconnect();
  await ended;
  await connection.connect();
  t.is(await connection.get('last'), 'word');
});
