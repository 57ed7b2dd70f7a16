/** What every payment gateway has to do, whoever is behind it: capturing, looking up, voiding; then refunds, then pending. */
import type { TestFn } from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { testPending } from './payment-pending-conformance.ts';
import { testRefunding } from './payment-refund-conformance.ts';
import { AMOUNT_MINOR, type GatewayUnderTest, newCharge, persist, together } from './payment-under-test.ts';

/** Registers the conformance tests of the port; call it at the top of a test file. */
export function testPaymentGateway(test: TestFn, underTest: GatewayUnderTest): void {
  testCapturing(test, underTest);
  testVoiding(test, underTest);
  testRefunding(test, underTest);
  testPending(test, underTest);
}

function testCapturing(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('a charge is captured once under its key, however often and wherever it is asked for', async (t) => {
    const handles = await open(t);
    const request = newCharge(tokens.approve);
    const charges = await together(handles, (gateway) => gateway.capture(request));
    const [first] = charges;
    t.like(first, { status: 'captured', amountMinor: AMOUNT_MINOR, refunds: [] });
    for (const charge of charges) t.deepEqual(charge, first);
    t.deepEqual(await handles[1].capture(request), first as (typeof charges)[0]);
    t.deepEqual(await handles[1].lookUp(request.key), first);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });

  test('charges of their own keys are charges of their own', async (t) => {
    const [gateway] = await open(t);
    const charges = await Promise.all([1, 2, 3].map(() => gateway.capture(newCharge(tokens.approve))));
    t.is(new Set(charges.map((charge) => charge.status === 'captured' && charge.paymentId)).size, 3);
  });

  test('a decline has a reason, moves no money, and stays a decline', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.insufficientFunds);
    const charge = await gateway.capture(request);
    t.is(charge.status === 'declined' && charge.reason.code, 'insufficient_funds');
    t.deepEqual(await other.capture(request), charge);
    t.deepEqual(await other.lookUp(request.key), charge);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('after a decline, another key is another attempt', async (t) => {
    const [gateway] = await open(t);
    const declined = newCharge(tokens.insufficientFunds);
    await gateway.capture(declined);
    const again = { ...declined, key: `${declined.orderId}.charge.2`, paymentToken: tokens.approve };
    t.is((await gateway.capture(again)).status, 'captured');
    t.deepEqual(await moneyOf(t, declined.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });

  test('a key that never came is unknown', async (t) => {
    const [gateway] = await open(t);
    t.is(await gateway.lookUp(newCharge(tokens.approve).key), undefined);
  });

  test('a charge whose reply was lost is found under its key, and not made again', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.timeoutAfterCapture);
    await t.throwsAsync(gateway.capture(request), { instanceOf: RetryableError });
    const found = await other.lookUp(request.key);
    t.is(found?.status, 'captured');
    const again: typeof found = await other.capture(request);
    t.deepEqual(again, found);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });

  test('a key cannot be used for another charge', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.approve);
    await gateway.capture(request);
    const error = await t.throwsAsync(gateway.capture({ ...request, amountMinor: 1 }), {
      instanceOf: TerminalError,
    });
    t.is(error?.code, 'idempotency-key-reused');
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });
}

function testVoiding(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('a key voided before its charge came bars the late charge', async (t) => {
    const handles = await open(t);
    const [gateway, other] = handles;
    const request = newCharge(tokens.approve);
    const answers = await together(handles, (handle) => handle.void(request.key));
    for (const answer of answers) t.deepEqual(answer, { status: 'voided' });
    t.deepEqual(await other.capture(request), { status: 'voided' });
    t.deepEqual(await gateway.lookUp(request.key), { status: 'voided' });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('voiding a captured charge touches nothing, and says what stands', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.approve);
    const charge = await gateway.capture(request);
    const stands: typeof charge = await other.void(request.key);
    t.deepEqual(stands, charge);
    t.deepEqual(await gateway.lookUp(request.key), charge);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });

  test('voiding a declined charge moves no money', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.insufficientFunds);
    await gateway.capture(request);
    const stands = await gateway.void(request.key);
    t.true(stands.status === 'declined' || stands.status === 'voided', stands.status);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('a charge and its voiding at once: both say the same, and the books say it too', async (t) => {
    const [gateway, other] = await open(t);
    for (let round = 0; round < 20; round++) {
      const request = newCharge(tokens.approve);
      const [charge, stands] = await Promise.all([
        persist(() => gateway.capture(request)),
        persist(() => other.void(request.key)),
      ]);
      t.deepEqual<typeof charge, typeof charge>(stands, charge);
      const captured = charge.status === 'captured' ? AMOUNT_MINOR : 0;
      t.deepEqual(await moneyOf(t, request.orderId), { captured, refunded: 0 });
    }
  });
}
