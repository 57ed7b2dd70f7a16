/** The charge book: what came first under a key stands, and outlives the database's death. */
import test, { type ExecutionContext } from 'ava';
import { RetryableError } from '../../src/platform/errors.ts';
import { chargeModel, createChargeBook } from '../../src/store/charge-book.ts';
import { connectStore } from '../../src/store/connect.ts';
import { withRetryableFailures } from '../../src/store/failures.ts';
import { shareServices } from '../support/services.ts';

const services = shareServices(test);

async function open(t: ExecutionContext, options = '') {
  const connection = await connectStore(`${services().mongodbUri}${options}`);
  t.teardown(() => connection.close());
  return withRetryableFailures(createChargeBook(chargeModel(connection)));
}

const payment = (n: number) => ({
  paymentId: `pi_${n}`,
  orderId: 'order-1',
  amountMinor: 1_999,
  currency: 'EUR',
});
const numbers = Array.from({ length: 20 }, (_, n) => n);

test('of many payments that are entered at once, one stands, and everybody is told which', async (t) => {
  const books = [await open(t), await open(t)];
  const told = await Promise.all(numbers.map((n) => books[n % 2]?.enter('many', payment(n))));
  const [first] = told;
  t.truthy(first?.payment);
  for (const entry of told) t.deepEqual(entry, first);
  t.deepEqual(await books[0]?.find('many'), first);
});

test('entered and barred at once: the payment is in the book, or the bar kept it out', async (t) => {
  const [one, two] = [await open(t), await open(t)];
  for (const n of numbers) {
    const key = `race-${n}`;
    const [, barred] = await Promise.all([one.enter(key, payment(n)), two.bar(key)]);
    t.true(barred.barred);
    t.deepEqual(await one.find(key), barred);
    t.deepEqual(await one.enter(key, payment(99)), barred);
  }
});

test('many bars at once are one bar', async (t) => {
  const books = [await open(t), await open(t)];
  for (const entry of await Promise.all(numbers.map((n) => books[n % 2]?.bar('barred'))))
    t.deepEqual(entry, { key: 'barred', barred: true });
});

test('a decline is remembered with its words', async (t) => {
  const book = await open(t);
  const reason = { code: 'expired_card', detail: 'Your card has expired.' };
  await book.enter('declined', payment(1));
  await book.decline('declined', reason);
  t.deepEqual(await book.find('declined'), {
    key: 'declined',
    payment: payment(1),
    barred: false,
    decline: reason,
  });
  t.is(await book.find('never'), undefined);
});

test.serial(
  'a bar and a payment outlive the database being killed; meanwhile everything is retryable',
  async (t) => {
    const book = await open(t, '&serverSelectionTimeoutMS=200');
    await book.bar('kept-bar');
    await book.enter('kept-payment', payment(1));
    await services().mongolet.kill();
    try {
      await t.throwsAsync(book.find('kept-bar'), { instanceOf: RetryableError });
      await t.throwsAsync(book.bar('kept-bar'), { instanceOf: RetryableError });
      await t.throwsAsync(book.enter('kept-bar', payment(2)), { instanceOf: RetryableError });
    } finally {
      await services().mongolet.start();
    }
    const again = await open(t);
    t.deepEqual(await again.find('kept-bar'), { key: 'kept-bar', barred: true });
    t.deepEqual(await again.enter('kept-payment', payment(2)), {
      key: 'kept-payment',
      payment: payment(1),
      barred: false,
    });
  },
);
