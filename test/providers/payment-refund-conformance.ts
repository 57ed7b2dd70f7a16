/** What every payment gateway has to do with money given back: part by part, once a key, never more than was taken. */
import type { TestFn } from 'ava';
import { TerminalError } from '../../src/platform/errors.ts';
import { AMOUNT_MINOR, type GatewayUnderTest, newCharge, together } from './payment-under-test.ts';

const refused = async <T>(attempt: Promise<T>) =>
  attempt.catch((error: unknown) => {
    if (error instanceof TerminalError) return error;
    throw error;
  });

/** Registers the tests of refunds. */
export function testRefunding(test: TestFn, underTest: GatewayUnderTest): void {
  testGivingBack(test, underTest);
  testCeiling(test, underTest);
}

function testGivingBack(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('a refund is made once under its key, however often and wherever it is asked for', async (t) => {
    const handles = await open(t);
    const request = newCharge(tokens.approve);
    await handles[0].capture(request);
    const refund = { chargeKey: request.key, refundKey: `${request.orderId}.refund.1`, amountMinor: 500 };
    const made = { key: refund.refundKey, amountMinor: 500 };
    for (const answer of await together(handles, (gateway) => gateway.refund(refund)))
      t.deepEqual(answer, made);
    t.deepEqual(await handles[1].refund(refund), made);
    t.like(await handles[1].lookUp(request.key), { status: 'captured', amountMinor: AMOUNT_MINOR });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 500 });
  });

  test('a charge is given back in parts, and the look-up lists them', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.approve);
    await gateway.capture(request);
    const parts = [
      { key: `${request.orderId}.refund.1`, amountMinor: 1_000 },
      { key: `${request.orderId}.refund.2`, amountMinor: 998 },
      { key: `${request.orderId}.refund.3`, amountMinor: 1 },
    ];
    for (const { key, amountMinor } of parts)
      await gateway.refund({ chargeKey: request.key, refundKey: key, amountMinor });
    const charge = await other.lookUp(request.key);
    const listed = charge?.status === 'captured' ? charge.refunds : [];
    t.deepEqual(
      [...listed].sort((a, b) => a.key.localeCompare(b.key)),
      parts,
    );
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: AMOUNT_MINOR });
  });
}

function testCeiling(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('no refund goes beyond what is left of the charge', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.approve);
    await gateway.capture(request);
    const refund = (key: string, amountMinor: number) =>
      refused(gateway.refund({ chargeKey: request.key, refundKey: key, amountMinor }));
    t.like(await refund(`${request.orderId}.r1`, AMOUNT_MINOR + 1), { code: 'conflict' });
    t.like(await refund(`${request.orderId}.r2`, 1_500), { amountMinor: 1_500 });
    t.like(await refund(`${request.orderId}.r3`, 500), { code: 'conflict' });
    t.like(await refund(`${request.orderId}.r4`, 499), { amountMinor: 499 });
    t.like(await refund(`${request.orderId}.r5`, 1), { code: 'conflict' });
    t.like(await refund(`${request.orderId}.r2`, 1_500), { amountMinor: 1_500 });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: AMOUNT_MINOR });
  });

  test('refunds of their own keys at once never go beyond the charge', async (t) => {
    const handles = await open(t);
    const request = newCharge(tokens.approve);
    await handles[0].capture(request);
    const outcomes = await together(handles, (gateway, index) =>
      refused(
        gateway.refund({
          chargeKey: request.key,
          refundKey: `${request.orderId}.r${index}`,
          amountMinor: 500,
        }),
      ),
    );
    const refusals = outcomes.filter((outcome) => outcome instanceof TerminalError);
    t.is(outcomes.length - refusals.length, 3);
    for (const refusal of refusals) t.is(refusal.code, 'conflict');
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 1_500 });
  });

  test('a refund key cannot be used for another amount', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.approve);
    await gateway.capture(request);
    const refund = { chargeKey: request.key, refundKey: `${request.orderId}.refund.1`, amountMinor: 500 };
    await gateway.refund(refund);
    t.like(await refused(other.refund({ ...refund, amountMinor: 501 })), { code: 'idempotency-key-reused' });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: AMOUNT_MINOR, refunded: 500 });
  });

  test('what is not captured cannot be given back', async (t) => {
    const [gateway] = await open(t);
    const [unseen, declined, voided] = [
      newCharge(tokens.approve),
      newCharge(tokens.insufficientFunds),
      newCharge(tokens.approve),
    ];
    await gateway.capture(declined);
    await gateway.void(voided.key);
    for (const { key, orderId } of [unseen, declined, voided]) {
      const refund = { chargeKey: key, refundKey: `${orderId}.refund.1`, amountMinor: 1 };
      t.like(await refused(gateway.refund(refund)), { code: 'conflict' });
      t.deepEqual(await moneyOf(t, orderId), { captured: 0, refunded: 0 });
    }
    t.is(await gateway.lookUp(unseen.key), undefined);
  });
}
