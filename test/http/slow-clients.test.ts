/** A client that takes its time holds a connection for no longer than it may. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { serverOptionsOf } from '../../src/http/settings.ts';
import { readEnvironment } from '../../src/platform/config.ts';

/** A server with short patience; resolves with what the client got until the server hung up. */
async function talk(t: ExecutionContext, settings: Record<string, string>, words: string): Promise<string> {
  const patient = {
    ORDO_HEADERS_TIMEOUT_MS: '60000',
    ORDO_REQUEST_TIMEOUT_MS: '60000',
    ORDO_KEEP_ALIVE_MS: '60000',
  };
  const options = serverOptionsOf(readEnvironment({ ...patient, ...settings }));
  const server = createServer({ ...options, connectionsCheckingInterval: 50 }, (request, response) => {
    request.resume().on('end', () => response.end('done'));
  }).listen(0, '127.0.0.1');
  t.teardown(() => void server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let got = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    got += chunk;
  });
  socket.on('error', () => {});
  socket.write(words);
  await once(socket, 'close');
  return got;
}

test('headers that do not end', async (t) => {
  const got = await talk(t, { ORDO_HEADERS_TIMEOUT_MS: '150' }, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  t.regex(got, /^HTTP\/1\.1 408/);
});

test('a body that does not end', async (t) => {
  const words = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{';
  t.regex(await talk(t, { ORDO_REQUEST_TIMEOUT_MS: '150' }, words), /^HTTP\/1\.1 408/);
});

test('a connection that is kept for nothing', async (t) => {
  const words = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  t.regex(await talk(t, { ORDO_KEEP_ALIVE_MS: '150' }, words), /^HTTP\/1\.1 200[\s\S]*done/);
});

test('by default a client has ten seconds for its headers and a minute for the whole', (t) => {
  t.like(serverOptionsOf(readEnvironment({})), {
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
  });
});
