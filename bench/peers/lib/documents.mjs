// The document server of the peers that keep orders in MongoDB's protocol: MONGODB_URI when given, else mongolet.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freePort, now } from './util.mjs';
import { endWithUs, stopChild } from './services.mjs';

const MONGOLET = new URL('../../../packages/mongolet/dist/bin.js', import.meta.url).pathname;
const DURABLE = { writeConcern: { w: 'majority', journal: true }, readConcernLevel: 'majority' };

/** Only the harness's own questions go over this connection, never what is measured. */
async function connect(uri) {
  const { mongo } = await import('mongoose');
  const client = new mongo.MongoClient(uri, DURABLE);
  await client.connect();
  return client;
}

async function startGiven() {
  // A database of this run's own; not by URL, which knows no lists of hosts.
  const uri = process.env.MONGODB_URI.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/ordo_bench_${process.pid}_${Math.round(now())}`);
  const client = await connect(uri);
  const { version } = await client.db('admin').command({ buildInfo: 1 });
  return {
    uri, roots: {}, version: `MongoDB ${version}`, db: client.db(), restart: async () => 0,
    async stop() { await client.db().dropDatabase(); await client.close(); },
  };
}

async function startMongolet(dir, { execArgv = [] }) {
  const data = path.join(dir, 'mongolet'), port = await freePort(), out = path.join(dir, 'mongolet.log');
  fs.mkdirSync(data);
  let child;
  const up = async () => {
    const from = now();
    child = spawn(process.execPath, [...execArgv, MONGOLET, '--data', data, '--port', String(port)], { cwd: dir, stdio: ['ignore', 'pipe', fs.openSync(out, 'a')] });
    endWithUs(child);
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', (code) => reject(new Error(`mongolet ended early (${code}); see ${out}. Is it built?`)));
    });
    return now() - from;
  };
  await up();
  const uri = `mongodb://127.0.0.1:${port}/ordo?directConnection=true`;
  const client = await connect(uri);
  return {
    uri, get roots() { return { mongolet: child.pid }; }, version: 'mongolet', db: client.db(),
    /** Milliseconds until it answers again. */
    async restart() { await stopChild(child); return up(); },
    async stop() { await client.close(); await stopChild(child); },
  };
}

export const startDocuments = (dir, options = {}) => (process.env.MONGODB_URI ? startGiven() : startMongolet(dir, options));
