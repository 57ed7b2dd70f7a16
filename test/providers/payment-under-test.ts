/** A payment gateway as its conformance tests see it, and the charges that they make. */
import type { ExecutionContext } from 'ava';
import { RetryableError } from '../../src/platform/errors.ts';
import type { ChargeRequest, PaymentGateway } from '../../src/ports/payment.ts';

/** A gateway under test, and what only its double can do. */
export interface GatewayUnderTest {
  /** Two handles on one gateway, as two processes hold them. */
  open(t: ExecutionContext): Promise<[PaymentGateway, PaymentGateway]>;
  /** The gateway's own books, in minor units: what it took for the order, and what it gave back. */
  moneyOf(t: ExecutionContext, orderId: string): Promise<{ captured: number; refunded: number }>;
  tokens: {
    approve: string;
    /** Declined with the reason `insufficient_funds`. */
    insufficientFunds: string;
    /** Captured, and then the first reply is lost. */
    timeoutAfterCapture: string;
    /** Left pending: the payer has yet to act. */
    pending: string;
  };
  /** The payer or the bank acts on a pending charge; changes nothing when it is pending no more. */
  settle(t: ExecutionContext, request: ChargeRequest, outcome: 'captured' | 'failed'): Promise<void>;
}

/** What a charge of these tests is worth. */
export const AMOUNT_MINOR = 1_999;

let orders = 0;

/** A charge of an order of its own. */
export function newCharge(paymentToken: string): ChargeRequest {
  const orderId = `order-${process.pid}-${Date.now().toString(36)}-${++orders}`;
  return {
    key: `${orderId}.charge.1`,
    orderId,
    amountMinor: AMOUNT_MINOR,
    currency: 'EUR',
    paymentToken,
  };
}

/** Enough for any gateway that gets through at all. */
const ATTEMPTS = 20;

/** Repeats what fails for now, as the engine does. @throws the last failure, or the first that is terminal */
export async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof RetryableError) || attempt === ATTEMPTS) throw error;
    }
  }
}

const TIMES = 8;

/** Runs it many times at once, on both handles in turn. */
export function together<T>(
  handles: [PaymentGateway, PaymentGateway],
  run: (gateway: PaymentGateway, index: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: TIMES }, (_, i) => persist(() => run(handles[i % 2 === 0 ? 0 : 1], i))),
  );
}
