/** What every payment gateway has to do, whoever is behind it. */
import type { ExecutionContext, TestFn } from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { Charge, ChargeRequest, PaymentGateway } from '../../src/ports/payment.ts';

/** A gateway under test. */
export interface GatewayUnderTest {
  /** Two handles on one gateway, as two processes hold them. */
  open(t: ExecutionContext): Promise<[PaymentGateway, PaymentGateway]>;
  /** The gateway's own books, in minor units: what it took for the order, and what it gave back. */
  moneyOf(t: ExecutionContext, orderId: string): Promise<{ captured: number; refunded: number }>;
  /** Tokens that the gateway approves, declines for lack of funds, and answers too late after capturing. */
  tokens: { approve: string; insufficientFunds: string; timeoutAfterCapture: string };
}

let orders = 0;

/** A charge of an order of its own. */
export function newCharge(paymentToken: string): ChargeRequest {
  const orderId = `order-${process.pid}-${++orders}`;
  return { key: `${orderId}.charge.1`, orderId, amountMinor: 1_999, currency: 'EUR', paymentToken };
}

const TIMES = 8;

/** Runs it many times at once, on both handles in turn. */
function together<T>(
  handles: [PaymentGateway, PaymentGateway],
  run: (gateway: PaymentGateway) => Promise<T>,
) {
  return Promise.all(Array.from({ length: TIMES }, (_, i) => run(handles[i % 2 === 0 ? 0 : 1])));
}

/** Registers the tests of capturing and looking up. */
export function testCapturing(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('a charge is captured once under its key, however often and wherever it is asked for', async (t) => {
    const handles = await open(t);
    const request = newCharge(tokens.approve);
    const charges = await together(handles, (gateway) => gateway.capture(request));
    const [first] = charges;
    t.is(first?.status === 'captured' && first.amountMinor, 1_999);
    for (const charge of charges) t.deepEqual(charge, first);
    t.deepEqual(await handles[1].capture(request), first);
    t.deepEqual(await handles[1].lookUp(request.key), first);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 1_999, refunded: 0 });
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

  test('a key that never came is unknown', async (t) => {
    const [gateway] = await open(t);
    t.is(await gateway.lookUp('never-came'), undefined);
  });

  test('a charge whose reply was lost is found under its key, and not made again', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.timeoutAfterCapture);
    await t.throwsAsync(gateway.capture(request), { instanceOf: RetryableError });
    const found = await other.lookUp(request.key);
    t.is(found?.status, 'captured');
    t.deepEqual<Charge | undefined, Charge | undefined>(await other.capture(request), found);
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 1_999, refunded: 0 });
  });

  test('a key cannot be used for another charge', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.approve);
    await gateway.capture(request);
    const error = await t.throwsAsync(gateway.capture({ ...request, amountMinor: 1 }), {
      instanceOf: TerminalError,
    });
    t.is(error?.code, 'idempotency-key-reused');
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 1_999, refunded: 0 });
  });
}

/** Registers the tests of undoing. */
export function testUndoing(test: TestFn, { open, moneyOf, tokens }: GatewayUnderTest): void {
  test('a captured charge is refunded once, however often and wherever it is asked for', async (t) => {
    const handles = await open(t);
    const request = newCharge(tokens.approve);
    await handles[0].capture(request);
    const undo = (gateway: PaymentGateway) => gateway.undo(request.key, `${request.orderId}.refund`);
    const answers = await together(handles, undo);
    t.deepEqual(answers, Array(TIMES).fill({ refundedMinor: 1_999 }));
    t.deepEqual(await undo(handles[1]), { refundedMinor: 1_999 });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 1_999, refunded: 1_999 });
  });

  test('undoing a declined charge moves no money', async (t) => {
    const [gateway] = await open(t);
    const request = newCharge(tokens.insufficientFunds);
    await gateway.capture(request);
    t.deepEqual(await gateway.undo(request.key, `${request.orderId}.refund`), { refundedMinor: 0 });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('a key undone before its charge came is void: the late charge is refused', async (t) => {
    const [gateway, other] = await open(t);
    const request = newCharge(tokens.approve);
    for (const handle of [gateway, other, gateway])
      t.deepEqual(await handle.undo(request.key, `${request.orderId}.refund`), { refundedMinor: 0 });
    t.deepEqual(await other.capture(request), { status: 'voided' });
    t.deepEqual(await gateway.lookUp(request.key), { status: 'voided' });
    t.deepEqual(await moneyOf(t, request.orderId), { captured: 0, refunded: 0 });
  });

  test('a charge and its undoing at once: either way nothing is kept', async (t) => {
    const [gateway, other] = await open(t);
    for (let round = 0; round < 20; round++) {
      const request = newCharge(tokens.approve);
      const [charge, undone] = await Promise.all([
        gateway.capture(request),
        other.undo(request.key, `${request.orderId}.refund`),
      ]);
      const amountMinor = charge.status === 'captured' ? 1_999 : 0;
      t.is(undone.refundedMinor, amountMinor);
      t.deepEqual(await moneyOf(t, request.orderId), { captured: amountMinor, refunded: amountMinor });
    }
  });
}
