#!/usr/bin/env node
/** The command line; its first line on standard output, `{"listening": URL}`, says that it is ready. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { faultRule } from './faults.ts';
import { type ServerOptions, startServer } from './server.ts';
import { destination } from './webhooks.ts';

const USAGE = `usage: ordo-sandbox --data DIR (--port N | --socket PATH)
  [--fault OPERATION:KIND:RATE]...  such as capture:lostReply:0.1; see the README
  [--seed N]                        of the faults, 0 by default
  [--settle-after MS]               how long a pending charge stays so by itself, 1000 by default
  [--slow-by MS]                    how late a slow answer is, 2000 by default
  [--auto-advance MS]               parcels move on by themselves, one step each time
  [--webhook-url URL --webhook-secret-file PATH]  where events are told, and the file with whsec_...`;

function readOptions(): ServerOptions {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      socket: { type: 'string' },
      fault: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: '0' },
      'settle-after': { type: 'string', default: '1000' },
      'slow-by': { type: 'string', default: '2000' },
      'auto-advance': { type: 'string' },
      'webhook-url': { type: 'string' },
      'webhook-secret-file': { type: 'string' },
    },
  });
  const { data, port, socket, 'auto-advance': autoAdvance } = values;
  const { 'webhook-url': url, 'webhook-secret-file': secretFile } = values;
  if (data === undefined || (port === undefined) === (socket === undefined)) throw new Error(USAGE);
  if ((url === undefined) !== (secretFile === undefined)) throw new Error(USAGE);
  return {
    dataDir: data,
    seed: integer('--seed', values.seed),
    faults: values.fault.map(readFault),
    settleAfterMs: integer('--settle-after', values['settle-after']),
    slowByMs: integer('--slow-by', values['slow-by']),
    ...(port !== undefined && { port: integer('--port', port) }),
    ...(socket !== undefined && { socketPath: socket }),
    ...(autoAdvance !== undefined && { autoAdvanceMs: integer('--auto-advance', autoAdvance) }),
    ...(url !== undefined &&
      secretFile !== undefined && {
        webhook: destination.parse({ url, secret: readFileSync(secretFile, 'utf8').trim() }),
      }),
  };
}

function integer(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new Error(`${name} is a whole number, not '${value}'`);
  return Number(value);
}

function readFault(value: string) {
  const [operation, kind, rate] = value.split(':');
  const parsed = faultRule.safeParse({ operation, kind, rate: Number(rate) });
  if (!parsed.success)
    throw new Error(`--fault is OPERATION:KIND:RATE as the README has them, not '${value}'`);
  return parsed.data;
}

async function main(): Promise<void> {
  const server = await startServer(readOptions());
  const stop = () => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`ordo-sandbox: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
