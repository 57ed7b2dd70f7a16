/** The gateway over HTTP against a real sandbox: the port's conformance, its faults, its death. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { ChargeRequest, PaymentGateway } from '../../src/ports/payment.ts';
import { createHttpGateway } from '../../src/providers/payment-http.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { makeTestDir, type Teardown } from '../support/services.ts';
import { testPaymentGateway } from './payment-conformance.ts';
import { newCharge, persist } from './payment-under-test.ts';

const endings: (() => Promise<void> | void)[] = [];
let shared: TestSandbox;

async function startOwn(t: Teardown, args: string[] = []) {
  const ended: (() => Promise<void> | void)[] = [];
  t.teardown(async () => {
    for (const end of ended) await end();
  });
  const own: Teardown = { teardown: (fn) => ended.unshift(fn) };
  return startSandbox(own, await makeTestDir(own), args);
}

test.before('start the sandbox', async () => {
  // What is pending stays so until a test settles it.
  shared = await startOwn({ teardown: (fn) => endings.push(fn) }, ['--settle-after', '900000']);
});
test.after.always('stop the sandbox', async () => {
  for (const end of endings) await end();
});

const gatewayAt = ({ url }: { url: string }, timeoutMs?: number) =>
  createHttpGateway({ url, clock: systemClock, ...(timeoutMs !== undefined && { timeoutMs }) });

const money = z.object({ capturedMinor: z.number(), refundedMinor: z.number() });

async function moneyOf(sandbox: TestSandbox, orderId: string) {
  const books = await sandbox.get(['orders', orderId], money);
  return { captured: books?.capturedMinor ?? -1, refunded: books?.refundedMinor ?? -1 };
}

testPaymentGateway(test, {
  open: async () => [gatewayAt(shared), gatewayAt(shared)],
  moneyOf: (_t: ExecutionContext, orderId: string) => moneyOf(shared, orderId),
  tokens: {
    approve: 'tok_approve',
    insufficientFunds: 'tok_decline_insufficient_funds',
    timeoutAfterCapture: 'tok_timeout_after_capture',
    pending: 'tok_pending',
  },
  async settle(_t, { key }, outcome) {
    await shared.post(['charges', key, 'settle'], { outcome }, z.unknown());
  },
});

/** What the engine does: after a failed attempt it looks the charge up before it repeats it. */
async function captureAsTheEngineDoes(gateway: PaymentGateway, request: ChargeRequest) {
  let hasFailed = false;
  return persist(async () => {
    try {
      return (hasFailed && (await gateway.lookUp(request.key))) || (await gateway.capture(request));
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
}

test('an answer that does not come in time is an unknown outcome; the look-up finds it done or not', async (t) => {
  const sandbox = await startOwn(t, ['--fault', 'void:timeout:1', '--slow-by', '600000']);
  const [hasty, patient] = [gatewayAt(sandbox, 3_000), gatewayAt(sandbox)];
  const [slow, other] = [newCharge('tok_slow'), newCharge('tok_approve')];
  const expected = { instanceOf: RetryableError, message: /unknown.*3000 ms/ };
  await Promise.all([
    t.throwsAsync(hasty.capture(slow), expected),
    t.throwsAsync(hasty.void(other.key), expected),
  ]);
  t.is((await patient.lookUp(slow.key))?.status, 'captured');
  t.is(await patient.lookUp(other.key), undefined);
});

test('under injected errors, lost replies and slow answers, money moves once an order', async (t) => {
  const rules = ['error:0.3', 'lostReply:0.3', 'slow:0.1'];
  const faults = ['capture', 'refund'].flatMap((operation) =>
    rules.flatMap((rule) => ['--fault', `${operation}:${rule}`]),
  );
  const sandbox = await startOwn(t, [...faults, '--seed', '7', '--slow-by', '20']);
  const gateway = gatewayAt(sandbox);
  let failures = 0;
  const counting: PaymentGateway = {
    ...gateway,
    capture: (request) =>
      gateway.capture(request).catch((error: unknown) => {
        failures++;
        throw error;
      }),
  };
  const requests = Array.from({ length: 100 }, () => newCharge('tok_approve'));
  await Promise.all(
    requests.map(async (request) => {
      const charge = await captureAsTheEngineDoes(counting, request);
      t.is(charge.status, 'captured');
      const refund = { chargeKey: request.key, refundKey: `${request.orderId}.refund`, amountMinor: 999 };
      await persist(() => gateway.refund(refund));
    }),
  );
  t.true(failures > 30, `only ${failures} captures failed`);
  const totals = z.object({ captured: z.number(), refunded: z.number(), charges: z.number() });
  t.deepEqual(await sandbox.get(['totals'], totals), { captured: 199_900, refunded: 99_900, charges: 100 });
});

test('the sandbox killed in the middle: nothing acknowledged is lost, nothing is captured twice', async (t) => {
  const sandbox = await startOwn(t);
  const gateway = gatewayAt(sandbox);
  const acknowledged = new Set<string>();
  const doubtful: ChargeRequest[] = [];
  let kill: Promise<void> | undefined;
  /** Captures charge after charge, until one fails. */
  async function keepCapturing() {
    for (;;) {
      const request = newCharge('tok_approve');
      try {
        await gateway.capture(request);
      } catch (error) {
        t.true(error instanceof RetryableError);
        doubtful.push(request);
        return;
      }
      acknowledged.add(request.key);
      if (acknowledged.size >= 40) kill ??= sandbox.kill();
    }
  }
  await Promise.all(Array.from({ length: 32 }, keepCapturing));
  await kill;
  await sandbox.start();
  for (const key of acknowledged) t.is((await gateway.lookUp(key))?.status, 'captured', key);
  for (const request of doubtful)
    t.is(((await gateway.lookUp(request.key)) ?? (await gateway.capture(request))).status, 'captured');
  const totals = z.object({ charges: z.number(), ordersChargedTwice: z.array(z.string()) });
  const charges = acknowledged.size + doubtful.length;
  t.deepEqual(await sandbox.get(['totals'], totals), { charges, ordersChargedTwice: [] });
});

test('with nobody there, every call is a failure of the attempt', async (t) => {
  const gateway = gatewayAt({ url: `unix://${await makeTestDir(t)}/nobody.sock` });
  const refund = { chargeKey: 'c', refundKey: 'r', amountMinor: 1 };
  for (const attempt of [
    () => gateway.capture(newCharge('tok_approve')),
    () => gateway.lookUp('c'),
    () => gateway.void('c'),
    () => gateway.refund(refund),
  ])
    await t.throwsAsync(attempt, { instanceOf: RetryableError, message: /unknown/ });
});

test('what a reply means: a refusal is terminal, anything that leaves doubt is not', async (t) => {
  const answers: Record<string, [number, string]> = {
    bad: [400, '{"code":"invalid-request","detail":"/amountMinor: too small"}'],
    forbidden: [403, 'no'],
    busy: [429, ''],
    broken: [500, '<html>'],
    moved: [302, ''],
    garbled: [200, '{"status":"capt'],
    foreign: [200, '{"status":"shipped"}'],
  };
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url?.split('/')[3] ?? ''] ?? [404, ''];
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const gateway = gatewayAt({ url: `http://127.0.0.1:${port}/api` });
  for (const name of ['bad', 'forbidden'])
    await t.throwsAsync(gateway.void(name), { instanceOf: TerminalError }, name);
  await t.throwsAsync(gateway.void('bad'), { message: /400 \/amountMinor: too small/ });
  for (const name of ['busy', 'broken', 'moved', 'garbled', 'foreign'])
    await t.throwsAsync(gateway.void(name), { instanceOf: RetryableError }, name);
});
