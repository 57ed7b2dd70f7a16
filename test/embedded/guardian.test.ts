import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type GuardedChild, spawnGuarded } from '../../src/embedded/guardian.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { eventually } from '../support/engine.ts';
import { makeTestDir } from '../support/services.ts';
import { askRedis, isAlive, redisPid, start, startHost, withNotes } from './support.ts';

/** The processes below that leader of a process group that are not in its group: its services and guardians. */
function servicesOf(leader: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid='], { encoding: 'utf8' });
  const rows = table.split('\n').map((row) => row.trim().split(/\s+/).map(Number));
  const found = [leader];
  for (const parent of found) {
    for (const [pid = 0, ppid, group] of rows) if (ppid === parent && group !== leader) found.push(pid);
  }
  return found.slice(1);
}

/** A shell script under a guardian; resolves when it has printed its process id. */
async function guard(script: string): Promise<{ child: GuardedChild; pid: number }> {
  const child = spawnGuarded({
    name: 'script',
    program: '/bin/sh',
    args: ['-c', `echo $$; ${script}`],
    holdFd: openSync('/dev/null', 'r'),
    logger: createLogger('silent'),
  });
  const pid = await new Promise<number>((resolve) => child.onLine((line) => resolve(Number(line))));
  return { child, pid };
}

/** The system's first process takes a moment to bury those whose parent is gone. */
async function untilGone(pids: number[]): Promise<void> {
  await eventually(
    async () => pids.filter(isAlive),
    (alive) => alive.length === 0,
  );
}

test('when the engine is killed, nothing of it stays, and the next start has all it wrote', async (t) => {
  const dataDir = join(await makeTestDir(t), 'data');
  const host = await startHost(t, dataDir);
  await askRedis(host.redisUrl, 'SET', 'kept', 'yes');
  await withNotes(host.mongodbUri, (notes) =>
    notes.insertOne({ _id: 'kept' }, { writeConcern: { w: 'majority', journal: true } }),
  );
  const children = servicesOf(host.process.pid ?? 0);
  t.true(children.includes(await redisPid(host.redisUrl)));
  t.is(children.length, 6, 'three services, each with its guardian');
  await host.kill();

  // At once: the start itself waits for what is still ending.
  const services = await start(t, { dataDir });
  await untilGone(children);
  t.is(await askRedis(services.redisUrl, 'GET', 'kept'), 'yes');
  t.deepEqual(await withNotes(services.mongodbUri, (notes) => notes.findOne({})), { _id: 'kept' });
});

test('when the engine is killed and never started again, its services end all the same', async (t) => {
  const host = await startHost(t, join(await makeTestDir(t), 'data'));
  const children = servicesOf(host.process.pid ?? 0);
  t.is(children.length, 6);
  await host.kill();
  await untilGone(children);
  t.pass();
});

test("the terminal's Ctrl-C reaches the engine alone, which then ends its services", async (t) => {
  const host = await startHost(t, join(await makeTestDir(t), 'data'));
  const children = servicesOf(host.process.pid ?? 0);
  const interrupted = host.says('interrupted');
  process.kill(-(host.process.pid ?? 0), 'SIGINT');
  await interrupted;
  t.is(await askRedis(host.redisUrl, 'PING'), 'PONG');
  t.deepEqual(children.filter(isAlive), children);

  const exited = once(host.process, 'exit');
  host.process.kill('SIGTERM');
  t.deepEqual(await exited, [0, null]);
  t.deepEqual(children.filter(isAlive), []);
});

test('a child that ignores SIGTERM is killed', async (t) => {
  const { child, pid } = await guard('trap "" TERM; while :; do sleep 0.1; done');
  await child.end();
  t.regex(await child.ended, /^ended by SIGKILL/);
  t.false(isAlive(pid));
});

test('a child that ends by itself is told with its exit code and its last line', async (t) => {
  const { child } = await guard('echo out of space >&2; exit 3');
  t.is(await child.ended, 'exit code 3: out of space');
  await child.end();
});

test('a guardian that is killed takes its child along', async (t) => {
  const { child, pid } = await guard('while :; do sleep 0.1; done');
  const guardian = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
  t.true(process.kill(guardian, 'SIGKILL'));
  await untilGone([pid]);
  t.regex(await child.ended, /its guardian was ended by SIGKILL/);
});

test('a program that is not there is told', async (t) => {
  const child = spawnGuarded({
    name: 'nothing',
    program: '/nowhere/program',
    args: [],
    holdFd: openSync('/dev/null', 'r'),
    logger: createLogger('silent'),
  });
  t.regex(await child.ended, /^exit code 127: .*not found/);
});

test('a child gets neither the addresses nor the secrets of the engine', async (t) => {
  process.env.ORDO_JWT_SECRET = 'never to be seen by a child process';
  t.teardown(() => delete process.env.ORDO_JWT_SECRET);
  const { child } = await guard('echo "<$ORDO_JWT_SECRET>" >&2; exit 1');
  t.is(await child.ended, 'exit code 1: <>');
});
