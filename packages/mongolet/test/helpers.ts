/** Servers and clients for the tests: each test has its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import { mongo } from 'mongoose';
import { type RunningServer, type ServerOptions, startServer } from '../src/server.ts';

/** A folder that is removed after the test. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mongolet-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server in this process, closed after the test. */
export async function server(
  t: ExecutionContext,
  options: Partial<ServerOptions> = {},
): Promise<RunningServer> {
  const dataDir = options.dataDir ?? temporaryFolder(t);
  const where = options.socketPath === undefined ? { port: 0 } : {};
  const running = await startServer({ dataDir, ...where, ...options });
  t.teardown(() => running.close());
  return running;
}

/** A client, closed after the test (before its server). */
export async function client(t: ExecutionContext, uri: string): Promise<mongo.MongoClient> {
  const connected = await new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 }).connect();
  t.teardown(() => connected.close());
  return connected;
}

/** An empty database on a server of its own. */
export async function database(t: ExecutionContext): Promise<mongo.Db> {
  const running = await server(t);
  return (await client(t, running.uri)).db('test');
}

/** A server in a process of its own, killed after the test if it still runs. */
export async function spawnServer(
  t: ExecutionContext,
  args: readonly string[],
): Promise<{ process: ChildProcess; uri: string }> {
  const bin = new URL('../src/bin.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import=tsx', bin, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { process: child, uri: (JSON.parse(line) as { listening: string }).listening };
}

/** Runs the command to its end; returns its exit code and what it said. */
export async function runToEnd(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const bin = new URL('../src/bin.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import=tsx', bin, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}
