/** The outside world of a test: a sandbox of its own, as a process, to be asked, moved and killed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttpClient } from '../../src/providers/http-client.ts';
import { startService, type Teardown, type TestService } from './services.ts';

const SANDBOX = fileURLToPath(new URL('../../packages/sandbox/dist/bin.js', import.meta.url));

/** A sandbox that can be killed and started again on the same books. */
export interface TestSandbox extends TestService {
  /** As `unix:///path`. */
  url: string;
  get<T>(path: string[], reply: z.ZodType<T>): Promise<T | undefined>;
  post<T>(path: string[], body: unknown, reply: z.ZodType<T>): Promise<T>;
}

/** A sandbox in that folder, with those arguments besides. Needs `packages/sandbox/dist` to be built. */
export async function startSandbox(t: Teardown, dir: string, args: string[] = []): Promise<TestSandbox> {
  if (!existsSync(SANDBOX)) throw new Error(`${SANDBOX} is missing: run "npx tsc -b packages/sandbox".`);
  const socket = join(dir, 'sandbox.sock');
  const where = ['--data', join(dir, 'sandbox'), '--socket', socket];
  const service = await startService(t, [process.execPath, SANDBOX, ...where, ...args], /"listening"/);
  const url = `unix://${socket}`;
  const { get, post } = createHttpClient({ name: 'the sandbox', url, clock: systemClock });
  return { ...service, url, get, post };
}
