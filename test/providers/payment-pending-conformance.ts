/** What every payment gateway has to do with a charge that the payer has yet to confirm. */
import type { TestFn } from 'ava';
import { TerminalError } from '../../src/platform/errors.ts';
import { AMOUNT_MINOR, type GatewayUnderTest, newCharge, persist } from './payment-under-test.ts';

/** Registers the tests of pending charges. */
export function testPending(test: TestFn, { open, moneyOf, tokens, settle }: GatewayUnderTest): void {
  test('a pending charge moves no money, and is pending for everybody until it is settled', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.pending);
    const charge = await gateway.capture(request);
    t.is(charge.status, 'pending');
    t.deepEqual(await other.capture(request), charge);
    t.deepEqual(await other.lookUp(request.key), charge);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
    await settle(t, request, 'captured');
    const settled = await other.lookUp(request.key);
    t.like(settled, { status: 'captured', amountMinor: AMOUNT_MINOR, refunds: [] });
    const again: typeof settled = await gateway.capture(request);
    t.deepEqual(again, settled);
    if (charge.status === 'pending') t.like(settled, { paymentId: charge.paymentId });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 0 });
  });

  test('a pending charge that fails is a decline with a reason', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.pending);
    await gateway.capture(request);
    await settle(t, request, 'failed');
    const charge = await other.lookUp(request.key);
    t.is(charge?.status, 'declined');
    t.truthy(charge?.status === 'declined' && charge.reason.code && charge.reason.detail);
    const again: typeof charge = await gateway.capture(request);
    t.deepEqual(again, charge);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('a pending charge cannot be given back', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.pending);
    await gateway.capture(request);
    const refund = { chargeKey: request.key, refundKey: `${request.orderId}.refund.1`, amountMinor: 1 };
    const error = await t.throwsAsync(gateway.refund(refund), { instanceOf: TerminalError });
    t.is(error?.code, 'conflict');
  });

  test('a pending charge that is voided is never captured, whatever the payer does then', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.pending);
    await gateway.capture(request);
    t.deepEqual(await other.void(request.key), { status: 'voided' });
    t.deepEqual(await gateway.void(request.key), { status: 'voided' });
    await settle(t, request, 'captured');
    t.deepEqual(await gateway.lookUp(request.key), { status: 'voided' });
    t.deepEqual(await gateway.capture(request), { status: 'voided' });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('a settlement and a voiding at once: what the voiding says is what the books say', async (t) => {
    const [gateway, other] = await open(t);
    for (let round = 0; round < 20; round++) {
      const request = newCharge(tokens.pending);
      await gateway.capture(request);
      const [stands] = await Promise.all([
        persist(() => other.void(request.key)),
        settle(t, request, 'captured'),
      ]);
      const captured = stands.status === 'captured' ? AMOUNT_MINOR : 0;
      t.is(stands.status, captured ? 'captured' : 'voided');
      t.deepEqual(await moneyOf(t, request.orderId), { captured, refunded: 0 });
    }
  });
}
