/** Runs the replay as people do, on a file made for the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { ExecutionContext } from 'ava';
import type { Report } from '../../../tools/replay/report.ts';
import { type FakeEngine, OPERATOR } from './fake-engine.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OPERATOR_ENV = { ORDO_OPERATOR_EMAIL: OPERATOR.email, ORDO_OPERATOR_PASSWORD: OPERATOR.password };
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

/** What came of a run; the report is absent when there was none. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  report: Report | undefined;
  /** Temporary folders of engines that are still there. */
  leftBehind: string[];
}

/** A line of an invoice: everything that is not given is sensible. */
export function csvLine(
  invoiceNo: string,
  sku = '10001',
  quantity = 2,
  price = '2.55',
  customer = '17850.0',
): string {
  return `${invoiceNo},${sku},A LAMP,${quantity},2010-12-01 08:26:00,${price},${customer},United Kingdom`;
}

/** Starts a replay of the lines, on the fake engine or on one of its own; `ran` resolves when it has ended. */
export async function startReplay(
  t: ExecutionContext,
  engine: FakeEngine | undefined,
  lines: string[],
  args: string[] = [],
): Promise<{ child: ChildProcess; ran: Promise<Ran> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordo-replay-test-'));
  const file = path.join(folder, 'retail.csv.gz');
  const json = path.join(folder, 'report.json');
  await writeFile(file, gzipSync([HEADER, ...lines, ''].join('\n')));
  const child = spawn(
    process.execPath,
    [
      '--import=tsx',
      'tools/replay/main.ts',
      file,
      '--json',
      json,
      ...(engine ? ['--url', engine.url] : []),
      ...args,
    ],
    {
      cwd: ROOT,
      env: { ...process.env, ...(engine && OPERATOR_ENV), TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.teardown(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  const ran = once(child, 'close').then(async ([code]): Promise<Ran> => {
    const text = await readFile(json, 'utf8').catch(() => undefined);
    const leftBehind = (await readdir(folder)).filter((name) => name.startsWith('ordo-'));
    return {
      code,
      ...output,
      leftBehind,
      report: text === undefined ? undefined : (JSON.parse(text) as Report),
    };
  });
  return { child, ran };
}
