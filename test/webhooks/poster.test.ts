/** Where webhooks are never sent, however the address is written, resolved or redirected. */
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createPublicLookup } from '../../src/platform/public-address.ts';
import { createPoster } from '../../src/webhooks/poster.ts';

/** A server on loopback that counts who connects to it. */
async function listen(t: ExecutionContext, answer: Parameters<typeof createServer>[1]) {
  const server: Server = createServer(answer ?? ((_, response) => response.end())).listen(0, '127.0.0.1');
  const seen = { port: 0, connections: 0 };
  server.on('connection', () => (seen.connections += 1));
  await once(server, 'listening');
  seen.port = (server.address() as AddressInfo).port;
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return seen;
}

/** Answers as it is told, one list of addresses after the other; as `dns.lookup` with `all`. */
function resolver(...answers: string[][]) {
  const asked: string[] = [];
  const resolve = (
    hostname: string,
    _options: object,
    callback: (error: null, addresses: LookupAddress[]) => void,
  ) => {
    const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, lookup: createPublicLookup(resolve as Parameters<typeof createPublicLookup>[0]) };
}

for (const host of [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0x7f.0.0.1',
  '0',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'x.localhost',
  'user@127.0.0.1',
  'hooks.example@127.0.0.1',
  '169.254.169.254',
])
  test(`https://${host} is not called, also where it was registered before that was refused`, async (t) => {
    const server = await listen(t, undefined);
    const answer = await createPoster({ allowPrivate: false }).post(
      `https://${host}:${server.port}/`,
      {},
      '{}',
    );
    t.regex('error' in answer ? answer.error : '', /Expected a public https address/);
    t.is(server.connections, 0);
  });

for (const [what, addresses] of [
  ['loopback, as the names of nip.io do', ['127.0.0.1']],
  ['a private network', ['10.0.0.8']],
  ['the metadata of a cloud', ['169.254.169.254']],
  ['loopback by IPv6', ['::1']],
  ['loopback in an IPv6 address', ['::ffff:127.0.0.1']],
  ['everywhere here', ['0.0.0.0']],
  ['a public address and loopback', ['93.184.215.14', '127.0.0.1']],
] as const)
  test(`a name that leads to ${what} is not called`, async (t) => {
    const server = await listen(t, undefined);
    const { asked, lookup } = resolver([...addresses]);
    const { post } = createPoster({ allowPrivate: false, lookup });
    const answer = await post(`https://127.0.0.1.hooks.example:${server.port}/`, {}, '{}');
    t.regex('error' in answer ? answer.error : '', /Expected a public address, and .* is /);
    t.deepEqual(asked, ['127.0.0.1.hooks.example']);
    t.is(server.connections, 0);
  });

test('a name is resolved once for a call: the address that was judged is the one that is given to connect to', async (t) => {
  const { asked, lookup } = resolver(['93.184.215.14'], ['127.0.0.1']);
  const look = () =>
    new Promise<unknown>((resolve) =>
      lookup('rebind.example', { all: true }, (error, found) => resolve(error ?? found)),
    );
  t.deepEqual(await look(), [{ address: '93.184.215.14', family: 4 }]);
  t.is(asked.length, 1);
  const server = await listen(t, undefined);
  const answer = await createPoster({ allowPrivate: false, lookup }).post(
    `https://rebind.example:${server.port}/`,
    {},
    '{}',
  );
  t.regex('error' in answer ? answer.error : '', /rebind\.example is 127\.0\.0\.1/);
  t.is(asked.length, 2);
  t.is(server.connections, 0);
});

for (const status of [301, 302, 303, 307, 308])
  test(`a redirect (${status}) is not followed`, async (t) => {
    const inner = await listen(t, undefined);
    const outer = await listen(t, (_, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${inner.port}/` }).end(),
    );
    const answer = await createPoster({ allowPrivate: true }).post(
      `http://127.0.0.1:${outer.port}/`,
      {},
      '{}',
    );
    t.like(answer, { status });
    t.is(outer.connections, 1);
    t.is(inner.connections, 0);
  });

test('who does not answer is hung up on, and so is who never ends', async (t) => {
  const silent = await listen(t, () => undefined);
  const { post } = createPoster({ allowPrivate: true, timeoutMs: 100 });
  t.deepEqual(await post(`http://127.0.0.1:${silent.port}/`, {}, '{}'), {
    error: 'There was no answer in 100 ms.',
  });
  let hungUp: Promise<unknown> = Promise.resolve();
  const endless = await listen(t, (request, response) => {
    hungUp = new Promise((resolve) => request.socket.on('close', resolve).on('error', () => undefined));
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const { post: patient } = createPoster({ allowPrivate: true });
  t.like(await patient(`http://127.0.0.1:${endless.port}/`, {}, '{}'), { status: 200 });
  await hungUp;
  t.pass();
});

test('who is not there is told as the reason', async (t) => {
  const answer = await createPoster({ allowPrivate: true }).post('http://127.0.0.1:1/', {}, '{}');
  t.regex('error' in answer ? answer.error : '', /ECONNREFUSED/);
});

test('who is abandoned is waited for no longer, and counts as nothing', async (t) => {
  let heard = () => {};
  const hearing = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const silent = await listen(t, () => heard());
  const { post, abandon } = createPoster({ allowPrivate: true });
  const posting = post(`http://127.0.0.1:${silent.port}/`, {}, '{}');
  await hearing;
  abandon();
  await t.throwsAsync(posting, { message: /stops before there is an answer/ });
});
