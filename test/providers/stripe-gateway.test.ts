/** The Stripe gateway over real HTTP: the port's conformance, and what a network, a crash and a day can do to it. */
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { PaymentGateway } from '../../src/ports/payment.ts';
import { createStripeGateway } from '../../src/providers/stripe-gateway.ts';
import { chargeModel, createChargeBook } from '../../src/store/charge-book.ts';
import { connectStore } from '../../src/store/connect.ts';
import { shareServices } from '../support/services.ts';
import { testPaymentGateway } from './payment-conformance.ts';
import { AMOUNT_MINOR, type GatewayUnderTest, newCharge, persist } from './payment-under-test.ts';
import { SECRET_KEY, type StripeDouble, startStripeDouble } from './stripe-double.ts';

const services = shareServices(test);

const CREATE = 'POST /v1/payment_intents';
const CONFIRM = 'POST /v1/payment_intents/:id/confirm';
const CANCEL = 'POST /v1/payment_intents/:id/cancel';
const REFUND = 'POST /v1/refunds';
const NOTHING = { captured: 0, refunded: 0 };
const CAPTURED = { captured: AMOUNT_MINOR, refunded: 0 };

let ids = 0;
const newId = () => `${process.pid}-${++ids}`;

async function openBook(t: ExecutionContext) {
  const connection = await connectStore(services().mongodbUri);
  t.teardown(() => connection.close());
  return createChargeBook(chargeModel(connection));
}

/** Of a gateway that is to give up; long enough for everything that is answered at all. */
const IMPATIENT = { timeoutMs: 2_000 };

/** A double, and as many gateways on it and on one book. */
async function start(t: ExecutionContext, options: { secretKey?: string } = {}) {
  const double = await startStripeDouble(t);
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const open = async (more: { timeoutMs?: number } = {}) => {
    const book = await openBook(t);
    const access = { secretKey: SECRET_KEY, apiBase: double.url, ...options, ...more };
    return { book, gateway: createStripeGateway({ ...access, book, newId, logger }) };
  };
  const { book, gateway } = await open();
  return { double, lines, open, book, gateway };
}

const doubles = new Map<string, StripeDouble>();

function doubleOf(t: ExecutionContext): StripeDouble {
  const double = doubles.get(t.title);
  if (!double) throw new Error('Open the gateways first.');
  return double;
}

const underTest: GatewayUnderTest = {
  async open(t) {
    const { double, gateway, open } = await start(t);
    doubles.set(t.title, double);
    return [gateway, (await open()).gateway] satisfies [PaymentGateway, PaymentGateway];
  },
  moneyOf: async (t, orderId) => doubleOf(t).moneyOf(orderId),
  tokens: {
    approve: 'pm_card_visa',
    insufficientFunds: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    timeoutAfterCapture: 'pm_double_replyLost',
    pending: 'pm_card_authenticationRequired',
  },
  settle: (t, { key }, outcome) => doubleOf(t).settle(key, outcome),
};

testPaymentGateway(test, underTest);

const retryable = { instanceOf: RetryableError };
const terminal = { instanceOf: TerminalError };

test('a charge is one intent, created and then confirmed, with the order and the key in its metadata', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  await gateway.capture(request);
  const [create, confirm] = double.requests;
  t.like(create, { route: CREATE });
  t.deepEqual<unknown, unknown>(create?.params, {
    amount: '1999',
    currency: 'eur',
    payment_method: 'pm_card_visa',
    automatic_payment_methods: { enabled: 'true', allow_redirects: 'never' },
    metadata: { orderId: request.orderId, chargeKey: request.key },
  });
  t.like(create?.headers, { 'idempotency-key': request.key, 'stripe-version': '2026-10-28.endive' });
  t.is(create?.headers['content-type'], 'application/x-www-form-urlencoded');
  t.like(confirm, { route: CONFIRM });
  t.deepEqual<unknown, unknown>(confirm?.params, {});
});

for (const kind of ['reply-lost', 'never-answered', 'request-lost', 'server-error-after'] as const) {
  test(`${kind} when creating: no money moves, and the repetition charges once`, async (t) => {
    const { double, gateway, open } = await start(t);
    const unlucky = (await open(kind === 'never-answered' ? IMPATIENT : {})).gateway;
    const request = newCharge('pm_card_visa');
    const fault = double.fault(CREATE, kind);
    await t.throwsAsync(unlucky.capture(request), retryable);
    await fault.fired;
    t.is(double.count(CREATE), 1, 'the library repeated it by itself');
    t.deepEqual(double.moneyOf(request.orderId), NOTHING);
    t.is(await gateway.lookUp(request.key), undefined);
    t.like(await gateway.capture(request), { status: 'captured' });
    t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
  });

  test(`${kind} when confirming: looked up or repeated by another process, it is charged once`, async (t) => {
    const { double, gateway: other, open } = await start(t);
    const unlucky = (await open(kind === 'never-answered' ? IMPATIENT : {})).gateway;
    const request = newCharge('pm_card_visa');
    const fault = double.fault(CONFIRM, kind);
    await t.throwsAsync(unlucky.capture(request), retryable);
    await fault.fired;
    t.is(double.count(CONFIRM), 1, 'the library repeated it by itself');
    const executed = kind !== 'request-lost';
    const found = await other.lookUp(request.key);
    t.is(found?.status, executed ? 'captured' : undefined);
    t.like(await other.capture(request), { status: 'captured', amountMinor: AMOUNT_MINOR });
    t.is(double.count(CONFIRM), executed ? 1 : 2);
    t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
  });
}

test('a day later, when Stripe has forgotten the keys, a charge whose reply was lost is still found', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  const fault = double.fault(CONFIRM, 'reply-lost');
  await t.throwsAsync(gateway.capture(request), retryable);
  await fault.fired;
  double.keys.forget();
  const found = await gateway.lookUp(request.key);
  t.like(found, { status: 'captured' });
  t.deepEqual<unknown, unknown>(await gateway.capture(request), found);
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
  t.is(double.ledger.intents.size, 1);
});

test('a day after a creation whose reply was lost, a second intent is charged and the first never is', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  const fault = double.fault(CREATE, 'reply-lost');
  await t.throwsAsync(gateway.capture(request), retryable);
  await fault.fired;
  double.keys.forget();
  t.like(await gateway.capture(request), { status: 'captured' });
  t.deepEqual(
    [...double.ledger.intents.values()].map(({ status }) => status),
    ['requires_confirmation', 'succeeded'],
  );
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('a failure that Stripe repeats under the key for a day does not hold the charge up', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  const fault = double.fault(CREATE, 'server-error');
  await t.throwsAsync(gateway.capture(request), retryable);
  await fault.fired;
  t.like(await gateway.capture(request), { status: 'captured' });
  t.is(double.count(CREATE), 3);
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('other parameters under a key that was never entered: a charge of their own, once', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_mastercard');
  const fault = double.fault(CREATE, 'reply-lost');
  await t.throwsAsync(gateway.capture(request), retryable);
  await fault.fired;
  t.like(await gateway.capture({ ...request, paymentToken: 'pm_card_visa' }), { status: 'captured' });
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('two runs at once whose idempotency key is forgotten between them: one intent is charged, the other cancelled', async (t) => {
  const { double, gateway, open } = await start(t);
  const other = (await open()).gateway;
  const request = newCharge('pm_card_visa');
  const held = double.fault(CREATE, 'held');
  const first = gateway.capture(request);
  await held.fired;
  const second = await other.capture(request);
  double.keys.forget();
  held.release();
  t.deepEqual(await first, second);
  t.deepEqual([...double.ledger.intents.values()].map(({ status }) => status).sort(), [
    'canceled',
    'succeeded',
  ]);
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('too many requests, and a lock: retryable, with when', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  const limited = double.fault(CREATE, 'rate-limited');
  t.is((await t.throwsAsync(gateway.capture(request), retryable))?.retryAfterMs, 2_000);
  await limited.fired;
  const locked = double.fault(CONFIRM, 'lock-timeout');
  t.true(((await t.throwsAsync(gateway.capture(request), retryable))?.retryAfterMs ?? 0) > 0);
  await locked.fired;
  t.like(await gateway.capture(request), { status: 'captured' });
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('every decline has the issuer code and sentence, but what would help a thief', async (t) => {
  const { double, gateway } = await start(t);
  const reasons = {
    chargeDeclined: 'generic_decline',
    chargeDeclinedInsufficientFunds: 'insufficient_funds',
    chargeDeclinedExpiredCard: 'expired_card',
    chargeDeclinedIncorrectCvc: 'incorrect_cvc',
    chargeDeclinedProcessingError: 'processing_error',
    chargeDeclinedLostCard: 'generic_decline',
    chargeDeclinedStolenCard: 'generic_decline',
    chargeDeclinedFraudulent: 'generic_decline',
  };
  for (const [name, code] of Object.entries(reasons)) {
    const request = newCharge(`pm_card_${name}`);
    const charge = await gateway.capture(request);
    t.is(charge.status === 'declined' && charge.reason.code, code);
    t.regex((charge.status === 'declined' && charge.reason.detail) || '', /^[A-Z].*\.$|a little bit/);
    t.deepEqual<unknown, unknown>(await gateway.lookUp(request.key), charge);
    t.deepEqual(double.moneyOf(request.orderId), NOTHING);
  }
});

test('a payment method that Stripe does not know is a decline, for it is the customer who named it', async (t) => {
  const { gateway } = await start(t);
  const request = newCharge('pm_nobody');
  const charge = await gateway.capture(request);
  t.like(charge, { status: 'declined', reason: { code: 'invalid_token' } });
  t.deepEqual(await gateway.capture(request), charge);
  t.is(await gateway.lookUp(request.key), undefined);
});

test('two runs of one declined charge at once are told the same decline', async (t) => {
  const { double, gateway, open } = await start(t);
  const request = newCharge('pm_card_chargeDeclinedExpiredCard');
  const held = double.fault(CONFIRM, 'held');
  const first = gateway.capture(request);
  await held.fired;
  const second = await (await open()).gateway.capture(request);
  t.like(second, { status: 'declined', reason: { code: 'expired_card' } });
  held.release();
  t.deepEqual(await first, second);
});

test('a declined intent is closed: the payer cannot pay it with another card after all', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_chargeDeclined');
  await gateway.capture(request);
  await double.settle(request.key, 'captured');
  t.like(await gateway.lookUp(request.key), { status: 'declined' });
  t.deepEqual(double.moneyOf(request.orderId), NOTHING);
});

test('a payer who is faster than the closing of a failed intent has paid', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_authenticationRequired');
  await gateway.capture(request);
  await double.settle(request.key, 'failed');
  const held = double.fault(CANCEL, 'held');
  const looking = gateway.lookUp(request.key);
  await held.fired;
  await double.settle(request.key, 'captured');
  held.release();
  t.like(await looking, { status: 'captured' });
  t.like(await gateway.capture(request), { status: 'captured' });
  t.deepEqual(double.moneyOf(request.orderId), CAPTURED);
});

test('a decline whose closing failed stays the same decline', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_chargeDeclinedExpiredCard');
  const fault = double.fault(CANCEL, 'reply-lost');
  await t.throwsAsync(gateway.capture(request), retryable);
  await fault.fired;
  t.like(await gateway.lookUp(request.key), { status: 'declined', reason: { code: 'expired_card' } });
});

test('voided while its creation is on the way: the intent is cancelled, and never confirmed', async (t) => {
  const { double, gateway, open } = await start(t);
  const request = newCharge('pm_card_visa');
  const held = double.fault(CREATE, 'held');
  const capturing = gateway.capture(request);
  await held.fired;
  t.deepEqual(await (await open()).gateway.void(request.key), { status: 'voided' });
  held.release();
  t.deepEqual(await capturing, { status: 'voided' });
  t.is(double.count(CONFIRM), 0);
  t.deepEqual(
    [...double.ledger.intents.values()].map(({ status }) => status),
    ['canceled'],
  );
});

test('voided while its confirmation is on the way: the late confirmation moves no money', async (t) => {
  const { double, gateway, open } = await start(t);
  const request = newCharge('pm_card_visa');
  const held = double.fault(CONFIRM, 'held');
  const capturing = gateway.capture(request);
  await held.fired;
  t.deepEqual(await (await open()).gateway.void(request.key), { status: 'voided' });
  held.release();
  t.deepEqual(await capturing, { status: 'voided' });
  t.is(double.count(CONFIRM), 1);
  t.deepEqual(double.moneyOf(request.orderId), NOTHING);
});

test('a confirmation that was given up and arrives after all does not charge a declined card again', async (t) => {
  const { double, gateway, open } = await start(t);
  const { gateway: impatient } = await open(IMPATIENT);
  const request = newCharge('pm_card_chargeDeclined');
  const held = double.fault(CONFIRM, 'held');
  await t.throwsAsync(impatient.capture(request), retryable);
  await held.fired;
  const closing = double.fault(CANCEL, 'request-lost');
  await t.throwsAsync(gateway.capture(request), retryable);
  await closing.fired;
  held.release();
  await held.finished;
  t.is(double.ledger.events.length, 1, 'the card was charged again');
  t.like(await gateway.lookUp(request.key), { status: 'declined' });
});

test('a voiding that died between its bar and the cancellation is finished by whoever comes next', async (t) => {
  for (const next of ['capture', 'lookUp', 'void'] as const) {
    const { double, gateway, book } = await start(t);
    const request = newCharge('pm_card_authenticationRequired');
    await gateway.capture(request);
    await book.bar(request.key);
    const charge = await (next === 'capture' ? gateway.capture(request) : gateway[next](request.key));
    t.deepEqual(charge, { status: 'voided' });
    await double.settle(request.key, 'captured');
    t.deepEqual(double.moneyOf(request.orderId), NOTHING);
  }
});

test('an orphan that cannot be cancelled is logged, and takes no money', async (t) => {
  const { double, gateway, book, lines } = await start(t);
  const request = newCharge('pm_card_visa');
  const held = double.fault(CREATE, 'held');
  const capturing = gateway.capture(request);
  await held.fired;
  await book.bar(request.key);
  const fault = double.fault(CANCEL, 'request-lost');
  held.release();
  t.deepEqual(await capturing, { status: 'voided' });
  await fault.fired;
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /unconfirmed payment/);
  t.deepEqual(double.moneyOf(request.orderId), NOTHING);
});

test('a payment that the bank is processing can be neither voided nor refunded until it is through', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_usBankAccount_success');
  t.like(await gateway.capture(request), { status: 'pending' });
  await t.throwsAsync(gateway.void(request.key), retryable);
  await double.settle(request.key, 'captured');
  t.like(await persist(() => gateway.void(request.key)), { status: 'captured' });
  const refund = { chargeKey: request.key, refundKey: 'refund', amountMinor: AMOUNT_MINOR };
  t.deepEqual(await gateway.refund(refund), { key: 'refund', amountMinor: AMOUNT_MINOR });
  t.deepEqual(double.moneyOf(request.orderId), { captured: AMOUNT_MINOR, refunded: AMOUNT_MINOR });
});

test('a payment that was cancelled in the Dashboard is voided', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_authenticationRequired');
  const charge = await gateway.capture(request);
  double.ledger.cancel(charge.status === 'pending' ? charge.paymentId : '', {});
  t.deepEqual(await gateway.lookUp(request.key), { status: 'voided' });
  t.deepEqual(await gateway.capture(request), { status: 'voided' });
});

for (const kind of ['reply-lost', 'never-answered', 'request-lost'] as const) {
  test(`${kind} when refunding: the repetition refunds once, a day later too`, async (t) => {
    const { double, gateway, open } = await start(t);
    const unlucky = (await open(kind === 'never-answered' ? IMPATIENT : {})).gateway;
    const request = newCharge('pm_card_visa');
    await gateway.capture(request);
    const refund = { chargeKey: request.key, refundKey: `${request.orderId}.refund.1`, amountMinor: 500 };
    const fault = double.fault(REFUND, kind);
    await t.throwsAsync(unlucky.refund(refund), retryable);
    await fault.fired;
    t.is(double.count(REFUND), 1, 'the library repeated it by itself');
    double.keys.forget();
    t.deepEqual(await gateway.refund(refund), { key: refund.refundKey, amountMinor: 500 });
    t.deepEqual(double.moneyOf(request.orderId), { captured: AMOUNT_MINOR, refunded: 500 });
  });
}

test('a refund has its own idempotency key, and the order and the key in its metadata', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  await gateway.capture(request);
  await gateway.refund({ chargeKey: request.key, refundKey: 'own-key', amountMinor: 1 });
  const refund = double.requests.find(({ route }) => route === REFUND);
  t.like(refund?.headers, { 'idempotency-key': 'own-key' });
  t.like(refund?.params, { amount: '1', metadata: { orderId: request.orderId, refundKey: 'own-key' } });
});

test('a refund that the bank sent back is refused under its key, and counts no more', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  await gateway.capture(request);
  const refund = { chargeKey: request.key, refundKey: 'first', amountMinor: AMOUNT_MINOR };
  await gateway.refund(refund);
  for (const made of double.ledger.refunds)
    Object.assign(made, { status: 'failed', failure_reason: 'expired_card' });
  const error = await t.throwsAsync(gateway.refund(refund), terminal);
  t.is(error?.code, 'conflict');
  t.regex(error?.message ?? '', /expired_card/);
  t.like(await gateway.lookUp(request.key), { status: 'captured', refunds: [] });
  t.like(await gateway.refund({ ...refund, refundKey: 'second' }), { amountMinor: AMOUNT_MINOR });
});

test('refunds made in the Dashboard count, on every page of the list', async (t) => {
  const { double, gateway } = await start(t);
  const request = newCharge('pm_card_visa');
  const charge = await gateway.capture(request);
  const payment_intent = charge.status === 'captured' ? charge.paymentId : '';
  await gateway.refund({ chargeKey: request.key, refundKey: 'ours', amountMinor: 1 });
  for (let i = 0; i < 120; i++) double.ledger.refund({ payment_intent, amount: '10' });
  const found = await gateway.lookUp(request.key);
  const refunds = found?.status === 'captured' ? found.refunds : [];
  t.is(refunds.length, 121);
  t.deepEqual(refunds[0], { key: 'ours', amountMinor: 1 });
  const rest = { chargeKey: request.key, refundKey: 'rest', amountMinor: AMOUNT_MINOR - 1_200 };
  t.is((await t.throwsAsync(gateway.refund(rest), terminal))?.code, 'conflict');
  t.like(await gateway.refund({ ...rest, amountMinor: AMOUNT_MINOR - 1_201 }), { key: 'rest' });
});

test('what Stripe refuses is terminal, and says what it refused', async (t) => {
  const { gateway } = await start(t);
  const error = await t.throwsAsync(
    gateway.capture({ ...newCharge('pm_card_visa'), amountMinor: 1 }),
    terminal,
  );
  t.is(error?.code, 'invalid-request');
  t.regex(error?.message ?? '', /Amount must be at least/);
});

test('a wrong secret key is terminal, and neither it nor a card stands in any error or log line', async (t) => {
  const wrong = await start(t, { secretKey: 'sk_test_somebodyElses9876' });
  const refused = await t.throwsAsync(wrong.gateway.capture(newCharge('pm_card_visa')), terminal);
  t.regex(refused?.message ?? '', /STRIPE_SECRET_KEY/);
  const right = await start(t);
  const declined = newCharge('pm_card_chargeDeclined');
  const fault = right.double.fault(CANCEL, 'server-error');
  const failed = await t.throwsAsync(right.gateway.capture(declined), retryable);
  await fault.fired;
  const told: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => told.push(line) });
  for (const err of [refused, failed]) logger.error({ err }, 'as the engine logs it');
  const text = [...told, ...wrong.lines, ...right.lines].join('\n');
  t.is(told.length, 2);
  t.notRegex(text, /somebody|Elses|double01234|last4|\b0002\b|fingerprint|visa/i);
});

test('currencies that Stripe counts otherwise are converted, or refused', async (t) => {
  const { double, gateway } = await start(t);
  const kronur = { ...newCharge('pm_card_visa'), currency: 'ISK', amountMinor: 500 };
  t.like(await gateway.capture(kronur), { status: 'captured', amountMinor: 500 });
  t.deepEqual(double.moneyOf(kronur.orderId), { captured: 50_000, refunded: 0 });
  const refund = { chargeKey: kronur.key, refundKey: 'kronur', amountMinor: 200 };
  t.deepEqual(await gateway.refund(refund), { key: 'kronur', amountMinor: 200 });
  t.deepEqual(double.moneyOf(kronur.orderId), { captured: 50_000, refunded: 20_000 });
  const dong = { ...newCharge('pm_card_visa'), currency: 'VND', amountMinor: 250_000 };
  t.like(await gateway.capture(dong), { status: 'captured', amountMinor: 250_000 });
  t.deepEqual(double.moneyOf(dong.orderId), { captured: 250_000, refunded: 0 });
  for (const currency of ['UGX', 'MGA'])
    await t.throwsAsync(gateway.capture({ ...newCharge('pm_card_visa'), currency }), terminal);
});
