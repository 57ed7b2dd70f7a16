/** The wire protocol at its edges: what arrives split, merged, broken or old. */
import test from 'ava';
import { deserialize, serialize } from 'bson';
import { server } from './helpers.ts';
import { opMsg, rawClient } from './raw-client.ts';

const PING = { ping: 1, $db: 'admin' };

test('a message that arrives byte by byte is answered once', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  for (const byte of opMsg(PING, { requestId: 42 })) {
    raw.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const reply = await raw.readMessage();
  t.is(reply.readInt32LE(8), 42);
  t.like(deserialize(reply.subarray(21)), { ok: 1 });
});

test('messages that arrive in one piece are answered in order, writes between reads included', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const commands = [
    PING,
    { insert: 'c', documents: [{ _id: 1 }], $db: 'test' },
    { count: 'c', $db: 'test' },
    { delete: 'c', deletes: [{ q: {}, limit: 0 }], $db: 'test' },
    { count: 'c', $db: 'test' },
  ];
  raw.write(Buffer.concat(commands.map((one, i) => opMsg(one, { requestId: i }))));
  const replies: [number, unknown][] = [];
  for (const _command of commands) {
    const reply = await raw.readMessage();
    replies.push([reply.readInt32LE(8), deserialize(reply.subarray(21)).n]);
  }
  t.deepEqual(replies, [
    [0, undefined],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 0],
  ]);
});

test('a document sequence stands for the array of its name', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const documents = [{ _id: 1 }, { _id: 2 }, { _id: 3 }];
  t.like(await raw.command({ insert: 'c', $db: 'test' }, { documents }), { n: 3, ok: 1 });
});

test('a checksum is tolerated', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const message = Buffer.concat([opMsg(PING, { flags: 1 }), Buffer.alloc(4)]);
  message.writeInt32LE(message.length, 0);
  raw.write(message);
  t.like(deserialize((await raw.readMessage()).subarray(21)), { ok: 1 });
});

test('the legacy handshake is answered by OP_REPLY', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  const body = Buffer.concat([
    Buffer.alloc(4),
    Buffer.from('admin.$cmd\0'),
    Buffer.alloc(8),
    serialize({ ismaster: 1, helloOk: true, client: {} }),
  ]);
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + body.length, 0);
  header.writeInt32LE(7, 4);
  header.writeInt32LE(2004, 12);
  raw.write(Buffer.concat([header, body]));
  const reply = await raw.readMessage();
  t.deepEqual([reply.readInt32LE(8), reply.readInt32LE(12), reply.readInt32LE(32)], [7, 1, 1]);
  t.like(deserialize(reply.subarray(36)), {
    ismaster: true,
    helloOk: true,
    setName: 'rs0',
    maxWireVersion: 21,
    ok: 1,
  });
});

const broken: Record<string, Buffer> = {
  'a length below a header': Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  'a length beyond the limit': Buffer.from([0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  'an unknown opcode': patched(opMsg(PING), 12, 9999),
  'an unknown required flag': opMsg(PING, { flags: 4 }),
  'an unknown section': patchedByte(opMsg(PING), 20, 9),
  'a document longer than its message': patched(opMsg(PING), 21, 100_000),
  'a document that ends too early': patched(opMsg(PING), 21, 6),
};

for (const [what, bytes] of Object.entries(broken)) {
  test(`${what} closes this connection and no other`, async (t) => {
    const running = await server(t);
    const other = await rawClient(t, running.uri);
    const raw = await rawClient(t, running.uri);
    raw.write(bytes);
    await raw.closed;
    t.deepEqual(await other.command(PING), { ok: 1 });
  });
}

test('a client that goes away in the middle of a write harms nobody', async (t) => {
  const running = await server(t);
  const raw = await rawClient(t, running.uri);
  raw.write(opMsg({ insert: 'c', documents: [{ _id: 1 }], $db: 'test' }));
  raw.write(opMsg({ insert: 'c', documents: [{ _id: 2 }], $db: 'test' }).subarray(0, 30));
  await raw.readMessage();
  raw.end();
  const other = await rawClient(t, running.uri);
  t.like(await other.command({ count: 'c', $db: 'test' }), { n: 1 });
});

function patched(message: Buffer, offset: number, value: number): Buffer {
  message.writeInt32LE(value, offset);
  return message;
}

function patchedByte(message: Buffer, offset: number, value: number): Buffer {
  message[offset] = value;
  return message;
}
