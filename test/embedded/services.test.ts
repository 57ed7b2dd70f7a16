import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { findPrograms } from '../../src/embedded/programs.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttpGateway } from '../../src/providers/payment-http.ts';
import { makeTestDir } from '../support/services.ts';
import { askRedis, redisPid, refusal, start, withNotes } from './support.ts';

const gatewayAt = ({ paymentUrl = '' }: { paymentUrl?: string }) =>
  createHttpGateway({ url: paymentUrl, clock: systemClock });

const WRONG_MONGODB = 'mongodb://somebody:hidden-word@127.0.0.1:1/ordo';
const WRONG_REDIS = 'redis://:hidden-word@127.0.0.1:1';

test('what is written before a stop is there after the next start', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const first = await start(t, { dataDir });
  await askRedis(first.redisUrl, 'SET', 'kept', 'yes');
  await withNotes(first.mongodbUri, (notes) => notes.insertOne({ _id: 'kept' }));
  await first.stop();
  await t.throwsAsync(askRedis(first.redisUrl, 'PING'));

  const second = await start(t, { dataDir });
  t.is(await askRedis(second.redisUrl, 'GET', 'kept'), 'yes');
  t.deepEqual(await withNotes(second.mongodbUri, (notes) => notes.findOne({})), { _id: 'kept' });
  t.is(second.jwtSecret, first.jwtSecret);
});

test('what the sandbox captured before a stop is there after the next start, and told under the same secret', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const first = await start(t, { dataDir });
  t.is(first.carrierUrl, first.paymentUrl);
  const request = {
    key: 'o1.charge.1',
    orderId: 'o1',
    amountMinor: 100,
    currency: 'EUR',
    paymentToken: 'tok_approve',
  };
  const charge = await gatewayAt(first).capture(request);
  await first.stop();
  await t.throwsAsync(gatewayAt(first).lookUp(request.key));

  const second = await start(t, { dataDir });
  const found: typeof charge | undefined = await gatewayAt(second).lookUp(request.key);
  t.deepEqual(found, charge);
  t.regex(second.webhookSecret ?? '', /^whsec_[A-Za-z0-9+/]{64}$/);
  t.is(second.webhookSecret, first.webhookSecret);
  t.is(statSync(join(dataDir, 'webhook-secret')).mode & 0o777, 0o600);
  t.is(statSync(fileURLToPath((second.paymentUrl ?? '').replace('unix:', 'file:'))).mode & 0o777, 0o600);
});

test('the sandbox that was started tells its events where it is directed to', async (t) => {
  const services = await start(t, { dataDir: join(await makeTestDir(t), 'data') });
  const received = new Promise<{ body: string; signature: string }>((resolve) => {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        response.writeHead(204).end();
        resolve({ body, signature: String(request.headers['webhook-signature']) });
      });
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const request = { key: 'o1.c', orderId: 'o1', amountMinor: 100, currency: 'EUR' };
      void services
        .directWebhooks(`http://127.0.0.1:${port}/hooks`)
        .then(() => gatewayAt(services).capture({ ...request, paymentToken: 'tok_pending' }));
    });
    t.teardown(() => server.close().closeAllConnections());
  });
  const { body, signature } = await received;
  t.like(JSON.parse(body), { type: 'payment.settled', data: { orderId: 'o1', chargeKey: 'o1.c' } });
  t.regex(signature, /^v1,/);
});

test('where gateway and carrier are given, no sandbox is started', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const given = { paymentUrl: 'https://pay.example', carrierUrl: 'https://ship.example' };
  const services = await start(t, {
    dataDir,
    ...given,
    programs: { ...findPrograms(process.env.PATH ?? ''), sandbox: '/no/such' },
  });
  t.like(services, given);
  t.is(services.webhookSecret, undefined);
  t.false(existsSync(join(dataDir, 'sandbox')));
});

test('Redis is durable, never evicts, and is reached through a socket for its user alone', async (t) => {
  const { redisUrl } = await start(t, { dataDir: join(await makeTestDir(t), 'data') });
  const setting = async (name: string) => (await askRedis(redisUrl, 'CONFIG', 'GET', name)) as string[];
  t.deepEqual(await setting('appendonly'), ['appendonly', 'yes']);
  t.deepEqual(await setting('appendfsync'), ['appendfsync', 'everysec']);
  t.deepEqual(await setting('maxmemory-policy'), ['maxmemory-policy', 'noeviction']);
  t.deepEqual(await setting('save'), ['save', '']);
  t.deepEqual(await setting('port'), ['port', '0']);
  t.is(statSync(fileURLToPath(redisUrl.replace('unix:', 'file:'))).mode & 0o777, 0o700);
});

test('a second start on the same folder is refused, says how to join, and leaves the first alone', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const first = await start(t, { dataDir });
  const pid = await redisPid(first.redisUrl);
  const lines = await refusal(t, { dataDir });
  t.is(lines.length, 1);
  for (const part of [
    `process ${process.pid}`,
    `MONGODB_URI='${first.mongodbUri}'`,
    `REDIS_URL='${first.redisUrl}'`,
    `ORDO_PAYMENT_URL='${first.paymentUrl}'`,
    `ORDO_CARRIER_URL='${first.carrierUrl}'`,
    'ORDO_ROLE=worker',
    'ORDO_PORT',
  ]) {
    t.true(lines[0]?.includes(part), `${part} is missing in: ${lines[0]}`);
  }
  t.is(await redisPid(first.redisUrl), pid);
  for (const secret of [first.jwtSecret, first.webhookSecret ?? '']) t.false(lines.join().includes(secret));

  const joined = await start(t, { dataDir, mongodbUri: first.mongodbUri, redisUrl: first.redisUrl });
  t.is(joined.jwtSecret, first.jwtSecret);
  await joined.stop();
  t.is(await redisPid(first.redisUrl), pid);
});

test('of two starts at the same moment, at most one gets the folder', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const both = await Promise.allSettled([start(t, { dataDir }), start(t, { dataDir })]);
  t.true(both.filter(({ status }) => status === 'fulfilled').length <= 1);
  for (const outcome of both) if (outcome.status === 'fulfilled') await outcome.value.stop();
  await t.notThrowsAsync(start(t, { dataDir }));
});

test('a claim that a killed engine left behind is cleared away', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const run = join(dataDir, 'run');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  writeFileSync(join(run, 'engine-0123abcd'), '');
  await start(t, { dataDir });
  t.false(existsSync(join(run, 'engine-0123abcd')));
});

test('while services of a killed engine still run, a start waits for them, but not for ever', async (t) => {
  const dataDir = await makeTestDir(t);
  mkdirSync(join(dataDir, 'run'), { mode: 0o700 });
  execFileSync('mkfifo', [join(dataDir, 'run', 'held')]);
  const held = openSync(join(dataDir, 'run', 'held'), constants.O_RDWR);
  const lines = await refusal(t, { dataDir });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /held: services of an engine that has ended still run after 10 s/);
  closeSync(held);
  await t.notThrowsAsync(start(t, { dataDir }));
});

test('a data folder with a long path, blanks and percent signs works, its sockets elsewhere', async (t) => {
  const dataDir = join(await makeTestDir(t), 'a long way 100% down/'.repeat(8), 'data');
  const services = await start(t, { dataDir });
  const socket = fileURLToPath(services.redisUrl.replace('unix:', 'file:'));
  t.teardown(() => rmSync(dirname(socket), { recursive: true, force: true }));
  t.false(socket.startsWith(dataDir));
  t.true(Buffer.byteLength(socket) < 104);
  t.is(statSync(dirname(socket)).mode & 0o777, 0o700);
  t.is(await askRedis(services.redisUrl, 'PING'), 'PONG');
  await withNotes(services.mongodbUri, (notes) => notes.insertOne({ _id: 'far' }));
  t.is((await refusal(t, { dataDir })).length, 1);
});

test('blanks and percent signs in a short path work as well', async (t) => {
  const dataDir = join(await makeTestDir(t), 'my 50% data?#');
  const services = await start(t, { dataDir });
  t.is(await askRedis(services.redisUrl, 'PING'), 'PONG');
  t.true(existsSync(join(dataDir, 'run', 'redis.sock')));
});

test('a secret is made once, for its owner alone', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const { jwtSecret, stop } = await start(t, { dataDir });
  t.regex(jwtSecret, /^[\w-]{64}$/);
  t.is(readFileSync(join(dataDir, 'secret'), 'utf8'), jwtSecret);
  t.is(statSync(join(dataDir, 'secret')).mode & 0o777, 0o600);
  t.deepEqual(
    readdirSync(dataDir).filter((name) => name.startsWith('secret')),
    ['secret'],
  );
  await stop();
});

test('a secret that is given is used, and not written down', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const given = 'a secret that the environment gives, long enough';
  const { jwtSecret } = await start(t, { dataDir, jwtSecret: given });
  t.is(jwtSecret, given);
  t.false(existsSync(join(dataDir, 'secret')));
});

test('a kept secret that is too short is refused, not used', async (t) => {
  const dataDir = await makeTestDir(t);
  writeFileSync(join(dataDir, 'secret'), 'short');
  const lines = await refusal(t, { dataDir });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /secret.*at least 32 characters, found 5.*ORDO_JWT_SECRET/);
});

test('wrong addresses are refused with a line each, without the passwords in them', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const lines = await refusal(t, { dataDir, mongodbUri: WRONG_MONGODB, redisUrl: WRONG_REDIS });
  t.is(lines.length, 2);
  t.regex(lines[0] ?? '', /^REDIS_URL=redis:\/\/\*\*\*@127\.0\.0\.1:1: no Redis.*ECONNREFUSED/);
  t.regex(lines[1] ?? '', /^MONGODB_URI=mongodb:\/\/\*\*\*@127\.0\.0\.1:1\/ordo: no MongoDB.*ECONNREFUSED/);
  t.false(lines.join().includes('hidden-word'));
});

test('a wrong address beside an embedded service leaves nothing running', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  t.is((await refusal(t, { dataDir, mongodbUri: WRONG_MONGODB })).length, 1);
  t.is((await refusal(t, { dataDir, redisUrl: WRONG_REDIS })).length, 1);
  t.false(existsSync(join(dataDir, 'run', 'redis.sock')));
  await t.notThrowsAsync(start(t, { dataDir }));
});

test('an address that is given is used, and only the other service is started', async (t) => {
  const dir = await makeTestDir(t);
  const other = await start(t, { dataDir: join(dir, 'other') });
  const services = await start(t, { dataDir: join(dir, 'data'), redisUrl: other.redisUrl });
  t.is(services.redisUrl, other.redisUrl);
  t.not(services.mongodbUri, other.mongodbUri);
  t.false(existsSync(join(dir, 'data', 'redis')));
  await services.stop();
  t.is(await askRedis(other.redisUrl, 'PING'), 'PONG');
});

test('a data folder that cannot be written is refused in one line', async (t) => {
  const file = join(await makeTestDir(t), 'file');
  writeFileSync(file, '');
  for (const dataDir of [file, join(file, 'data'), '/proc/ordo']) {
    const lines = await refusal(t, { dataDir });
    t.is(lines.length, 1);
    t.true(lines[0]?.startsWith(`ORDO_DATA_DIR=${dataDir}: the folder ${dataDir} cannot be written`));
  }
});

test('where there are no programs to start, the ways out are named', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const lines = await refusal(t, { dataDir, programs: {} });
  t.is(lines.length, 3);
  t.regex(lines[0] ?? '', /redis-server.*apt-get install redis-server.*REDIS_URL.*docker compose up/);
  t.regex(lines[1] ?? '', /mongolet.*npx tsc -b.*MONGODB_URI/);
  t.regex(lines[2] ?? '', /ordo-sandbox.*npx tsc -b.*ORDO_PAYMENT_URL.*ORDO_CARRIER_URL/);
});

test('a service that cannot read its data is refused with what it says', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const { stop } = await start(t, { dataDir });
  await stop();
  writeFileSync(join(dataDir, 'redis', 'appendonlydir', 'appendonly.aof.manifest'), 'no manifest\n');
  const lines = await refusal(t, { dataDir });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /^redis-server ended while it was starting \(exit code 1.*moving .*redis away/s);
});

test('a service that ends by itself is told, also to one who asks later', async (t) => {
  const services = await start(t, { dataDir: join(await makeTestDir(t), 'data') });
  const told = new Promise((resolve) => services.onExit((name, detail) => resolve({ name, detail })));
  process.kill(await redisPid(services.redisUrl), 'SIGKILL');
  const { name, detail } = (await told) as { name: string; detail: string };
  t.is(name, 'redis-server');
  t.regex(detail, /^ended by SIGKILL/);
  t.is(await new Promise((resolve) => services.onExit((late) => resolve(late))), 'redis-server');
});

test('a stop is no exit to be told of', async (t) => {
  const services = await start(t, { dataDir: join(await makeTestDir(t), 'data') });
  services.onExit((name) => t.fail(`${name} was told`));
  const pid = await redisPid(services.redisUrl);
  await Promise.all([services.stop(), services.stop()]);
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('programs are looked for on the given path alone', async (t) => {
  const dir = await makeTestDir(t);
  writeFileSync(join(dir, 'mongod'), '', { mode: 0o755 });
  writeFileSync(join(dir, 'redis-server'), '', { mode: 0o644 });
  const programs = findPrograms(`:${join(dir, 'nothing')}:${dir}`);
  t.is(programs.mongod, join(dir, 'mongod'));
  t.is(programs.redisServer, undefined);
  t.regex(programs.mongolet ?? '', /packages\/mongolet\/dist\/bin\.js$/);
  t.regex(programs.sandbox ?? '', /packages\/sandbox\/dist\/bin\.js$/);
});
