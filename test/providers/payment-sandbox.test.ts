/** The sandbox gateway: the port's conformance, its tokens, its ledger, and its death. */
import test, { type ExecutionContext } from 'ava';
import mongoose from 'mongoose';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import type { Charge } from '../../src/ports/payment.ts';
import { createSandboxGateway } from '../../src/providers/payment-sandbox.ts';
import { SANDBOX_TOKENS } from '../../src/providers/sandbox-tokens.ts';
import { shareServices } from '../support/services.ts';
import { testPaymentGateway } from './payment-conformance.ts';
import { type GatewayUnderTest, newCharge } from './payment-under-test.ts';

const services = shareServices(test);

const clock = { ...systemClock, now: () => new Date('2026-01-01T00:00:00Z') };

let ids = 0;
const newId = () => `${process.pid}-${++ids}`;

async function connectTo(t: ExecutionContext, database: string) {
  const connection = await mongoose.createConnection(services().mongodbUri).asPromise();
  t.teardown(() => connection.close());
  return connection.useDb(database);
}

async function open(t: ExecutionContext, database = 'ordo_sandbox', at = clock) {
  const connection = await connectTo(t, database);
  return createSandboxGateway({ connection, clock: at, newId });
}

const underTest: GatewayUnderTest = {
  open: (t: ExecutionContext) => Promise.all([open(t), open(t)]),
  async moneyOf(t: ExecutionContext, orderId: string) {
    const connection = await connectTo(t, 'ordo_sandbox');
    const charges = await connection.collection('charges').find({ orderId, status: 'captured' }).toArray();
    return {
      captured: charges.reduce((sum, charge) => sum + charge.amountMinor, 0),
      refunded: charges.reduce((sum, charge) => sum + (charge.refundedMinor ?? 0), 0),
    };
  },
  tokens: {
    approve: 'tok_approve',
    insufficientFunds: 'tok_decline_insufficient_funds',
    timeoutAfterCapture: 'tok_timeout_after_capture',
    pending: 'tok_pending',
  },
  settle: async (t, { key }, outcome) => (await open(t)).settle(key, outcome),
};

testPaymentGateway(test, underTest);

test('every declining token declines with its own reason; strangers are invalid, other tok_ tokens approved', async (t) => {
  const gateway = await open(t);
  const codeFor = async (token: string) => {
    const charge = await gateway.capture(newCharge(token));
    return charge.status === 'declined' ? charge.reason.code : charge.status;
  };
  const declining = Object.keys(SANDBOX_TOKENS).filter((token) => token.startsWith('tok_decline_'));
  t.is(declining.length, 3);
  for (const token of declining) t.is(await codeFor(token), token.replace('tok_decline_', ''));
  for (const token of ['pm_card', '', 'constructor', 'TOK_approve'])
    t.is(await codeFor(token), 'invalid_token');
  for (const token of ['tok_approve', 'tok_visa', 'tok_']) t.is(await codeFor(token), 'captured');
});

test('tok_error_twice fails twice and then captures, also with the failures counted by other processes', async (t) => {
  const [one, two] = await underTest.open(t);
  const request = newCharge('tok_error_twice');
  await t.throwsAsync(one.capture(request), { instanceOf: RetryableError });
  t.is(await one.lookUp(request.key), undefined);
  await t.throwsAsync(two.capture(request), { instanceOf: RetryableError });
  const charge = await one.capture(request);
  t.is(charge.status, 'captured');
  t.deepEqual(await two.capture(request), charge);
  t.deepEqual(await underTest.moneyOf(t, request.orderId), { captured: 1_999, refunded: 0 });
});

test('tok_error_always fails always, and once voided it fails no more', async (t) => {
  const gateway = await open(t);
  const request = newCharge('tok_error_always');
  for (let i = 0; i < 5; i++) await t.throwsAsync(gateway.capture(request), { instanceOf: RetryableError });
  t.deepEqual(await gateway.void(request.key), { status: 'voided' });
  t.deepEqual(await gateway.capture(request), { status: 'voided' });
});

test('a charge that works at last and its voiding at once: both say the same', async (t) => {
  const [one, two] = await underTest.open(t);
  for (let round = 0; round < 50; round++) {
    const request = newCharge('tok_error_twice');
    for (let i = 0; i < 2; i++) await t.throwsAsync(one.capture(request), { instanceOf: RetryableError });
    const [charge, stands] = await Promise.all([one.capture(request), two.void(request.key)]);
    t.deepEqual<Charge, Charge>(stands, charge);
    const captured = charge.status === 'captured' ? request.amountMinor : 0;
    t.deepEqual(await underTest.moneyOf(t, request.orderId), { captured, refunded: 0 });
  }
});

test('a pending charge settles by itself a second later, as its token plays it', async (t) => {
  const later = { ...clock, now: () => new Date(clock.now().getTime() + 1_000) };
  const [gateway, inASecond] = await Promise.all([open(t), open(t, 'ordo_sandbox', later)]);
  const [settling, failing] = [newCharge('tok_pending'), newCharge('tok_pending_fails')];
  for (const request of [settling, failing]) {
    t.is((await gateway.capture(request)).status, 'pending');
    t.is((await gateway.lookUp(request.key))?.status, 'pending');
  }
  t.is((await inASecond.lookUp(settling.key))?.status, 'captured');
  t.like(await inASecond.lookUp(failing.key), {
    status: 'declined',
    reason: { code: 'payment_not_confirmed' },
  });
});

test('the totals are those of the whole ledger', async (t) => {
  const gateway = await open(t, 'ordo_sandbox_totals');
  t.deepEqual(await gateway.totals(), { captured: 0, refunded: 0, charges: 0 });
  const [first, second] = [newCharge('tok_approve'), newCharge('tok_approve')];
  await gateway.capture(first);
  await gateway.capture(second);
  await gateway.capture(newCharge('tok_decline_lost_card'));
  await gateway.refund({ chargeKey: second.key, refundKey: 'refund', amountMinor: 1_999 });
  await gateway.void('unseen');
  t.deepEqual(await gateway.totals(), { captured: 3_998, refunded: 1_999, charges: 2 });
  t.deepEqual(await gateway.ordersChargedTwice(), []);
  await gateway.capture({ ...first, key: `${first.orderId}.charge.2` });
  t.deepEqual(await gateway.ordersChargedTwice(), [first.orderId]);
});

test.serial('what was captured outlives the ledger being killed', async (t) => {
  const request = newCharge('tok_approve');
  const charge = await (await open(t)).capture(request);
  await services().mongolet.kill();
  await services().mongolet.start();
  const gateway = await open(t);
  t.deepEqual(await gateway.lookUp(request.key), charge as Charge | undefined);
  t.deepEqual(await gateway.void(request.key), charge as Exclude<Charge, { status: 'pending' }>);
});

test.serial('with the ledger away a charge fails as retryable', async (t) => {
  const uri = `${services().mongodbUri}&serverSelectionTimeoutMS=200`;
  const connection = await mongoose.createConnection(uri).asPromise();
  t.teardown(() => connection.close());
  const gateway = createSandboxGateway({ connection: connection.useDb('ordo_sandbox'), clock, newId });
  await services().mongolet.kill();
  try {
    await t.throwsAsync(gateway.capture(newCharge('tok_approve')), { instanceOf: RetryableError });
    await t.throwsAsync(gateway.void('key'), { instanceOf: RetryableError });
  } finally {
    await services().mongolet.start();
  }
});
