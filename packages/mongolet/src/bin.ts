#!/usr/bin/env node
/** The command line: `mongolet --data DIR --port N | --socket PATH [--sync=true|false] [--test-commands]`. */
import { parseArgs } from 'node:util';
import { type ServerOptions, startServer } from './server.ts';

const USAGE =
  'usage: mongolet --data DIR (--port N | --socket PATH) [--host 127.0.0.1] [--sync=true|false] [--test-commands]';

function readOptions(): ServerOptions {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      socket: { type: 'string' },
      host: { type: 'string' },
      sync: { type: 'string', default: 'true' },
      'test-commands': { type: 'boolean', default: false },
    },
  });
  const { data, port, socket, host, sync } = values;
  if (data === undefined || (port === undefined) === (socket === undefined)) throw new Error(USAGE);
  if (sync !== 'true' && sync !== 'false') throw new Error(`--sync is true or false, not '${sync}'`);
  if (port !== undefined && !/^\d+$/.test(port)) throw new Error(`--port is a number, not '${port}'`);
  return {
    dataDir: data,
    sync: sync === 'true',
    testCommands: values['test-commands'],
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(socket === undefined ? {} : { socketPath: socket }),
    ...(host === undefined ? {} : { host }),
  };
}

async function main(): Promise<void> {
  const server = await startServer(readOptions());
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ listening: server.uri })}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`mongolet: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
