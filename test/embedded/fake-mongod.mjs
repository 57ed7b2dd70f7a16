#!/usr/bin/env node
// A stand-in for `mongod`: speaks just enough of the wire protocol for the set to be initiated, and keeps its
// configuration in its dbpath, as the real one does. Like that one, it is primary only under its own address.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mongo } from 'mongoose';

const { values } = parseArgs({
  options: {
    replSet: { type: 'string' },
    dbpath: { type: 'string' },
    bind_ip: { type: 'string' },
    port: { type: 'string' },
    unixSocketPrefix: { type: 'string' },
  },
});
const { serialize, deserialize } = mongo.BSON;
const me = `${values.bind_ip}:${values.port}`;
const file = join(values.dbpath, 'config.json');
const readConfig = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
const writeConfig = (config) => writeFileSync(file, JSON.stringify(config));
const isPrimary = () => readConfig()?.members[0].host === me;

const commands = {
  hello: () => ({
    isWritablePrimary: isPrimary(),
    ...(isPrimary() && { setName: values.replSet, hosts: [me], me, primary: me }),
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    minWireVersion: 21,
    maxWireVersion: 25,
  }),
  replSetGetConfig: () => {
    const config = readConfig();
    return config ? { config } : { ok: 0, code: 94, codeName: 'NotYetInitialized', errmsg: 'no config yet' };
  },
  replSetInitiate: ({ replSetInitiate }) => writeConfig({ ...replSetInitiate, version: 1 }),
  replSetReconfig: ({ replSetReconfig, force }) => {
    if (!force) return { ok: 0, code: 10107, codeName: 'NotWritablePrimary', errmsg: 'not primary' };
    writeConfig({ ...replSetReconfig, version: replSetReconfig.version + 1 });
  },
  ping: () => ({}),
};

function answer(command) {
  const [name] = Object.keys(command);
  const run = commands[name === 'ismaster' || name === 'isMaster' ? 'hello' : name];
  return run ? { ok: 1, ...run(command) } : { ok: 0, code: 59, errmsg: `no such command: ${name}` };
}

/** OP_MSG, or the old OP_QUERY that a driver begins with. */
function reply(message) {
  const [requestId, opCode] = [message.readInt32LE(4), message.readInt32LE(12)];
  const query = opCode === 2004;
  const start = query ? message.indexOf(0, 20) + 9 : 21;
  const length = message.readInt32LE(start);
  const body = serialize(answer(deserialize(message.subarray(start, start + length))));
  const head = Buffer.alloc(query ? 36 : 21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(requestId, 8);
  head.writeInt32LE(query ? 1 : 2013, 12);
  if (query) head.writeInt32LE(1, 32);
  return Buffer.concat([head, body]);
}

const server = createServer((socket) => {
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
      const length = received.readInt32LE(0);
      socket.write(reply(received.subarray(0, length)));
      received = received.subarray(length);
    }
  });
});
server.listen(Number(values.port), values.bind_ip);
process.on('SIGTERM', () => process.exit(0));
