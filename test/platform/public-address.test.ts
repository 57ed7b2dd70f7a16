import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { TerminalError } from '../../src/platform/errors.ts';
import { isPublicUrl, lookupPublic } from '../../src/platform/public-address.ts';

for (const url of [
  'https://fcm.googleapis.com/fcm/send/x',
  'https://8.8.8.8/',
  'https://[2606:4700::1]:8443/x',
])
  test(`${url} may be called`, (t) => t.true(isPublicUrl(new URL(url))));

for (const url of [
  'http://fcm.googleapis.com/x',
  'ftp://fcm.googleapis.com/x',
  'https://user@push.example/',
  'https://:secret@push.example/',
  'https://localhost/',
  'https://LOCALHOST./',
  'https://redis.localhost/',
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://127.0.0.1./',
  'https://0/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://169.254.169.254/latest/meta-data',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::]/',
  'https://[::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[64:ff9b::a00:1]/',
  'https://[2002:a00:1::]/',
  'https://[fe80::1]/',
  'https://[fc00::1]/',
])
  test(`${url} may not be called`, (t) => t.false(isPublicUrl(new URL(url))));

test('a name that leads to this machine is not called, whoever resolves it', async (t) => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const autoSelectFamily of [true, false]) {
    const options = { host: 'localhost', port, lookup: lookupPublic, agent: false, autoSelectFamily };
    const call = request(options);
    const [error] = await once(call.end(), 'error').catch((error: unknown) => [error]);
    t.true(error instanceof TerminalError, String(error));
  }
  t.is(connections, 0);
  const call = request({ host: 'localhost', port, agent: false }).end();
  const [response] = await once(call, 'response');
  response.resume();
  t.is(connections, 1, 'without it, the name leads there');
});
