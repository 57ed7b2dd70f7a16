/** What the replay sends, and how long it waits when it is asked to. */
import test from 'ava';
import { retryAfterMs } from '../../tools/replay/api.ts';
import { createLimit } from '../../tools/replay/limit.ts';
import { wordOrder } from '../../tools/replay/order-body.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('Retry-After is seconds or a date, never in the past, and nonsense counts as absent', (t) => {
  t.is(retryAfterMs('2', NOW), 2_000);
  t.is(retryAfterMs('0', NOW), 0);
  t.is(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', NOW), 5_000);
  t.is(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', NOW), 0);
  for (const header of [undefined, null, '', 'soon']) t.is(retryAfterMs(header, NOW), undefined);
});

test('an invoice is worded as it stands, senseless lines too', (t) => {
  const lines = [
    { sku: '10001', description: 'A LAMP', quantity: -3, unitPriceMinor: 0 },
    { sku: '10001', description: '', quantity: 1, unitPriceMinor: 255 },
  ];
  const invoice = { invoiceNo: '536365', date: '', customer: '17850', country: 'EIRE', lines };
  t.deepEqual(wordOrder(invoice, 'u1', new Map([['10001', 255]])), {
    customerId: 'u1',
    reference: '536365',
    pricing: 'agreed',
    currency: 'GBP',
    lines: [
      { sku: '10001', quantity: -3, unitPriceMinor: 0 },
      { sku: '10001', quantity: 1, unitPriceMinor: 255 },
    ],
    shippingAddress: {
      ...{
        name: 'Customer 17850',
        street: '1 High Street',
        city: 'EIRE',
        postalCode: 'D02 AF30',
        country: 'IE',
      },
    },
    payment: { token: 'tok_approve' },
  });
});

test('prices are the catalogue’s only when every line says so; a country without a code goes as it stands', (t) => {
  const line = { sku: '10001', description: '', quantity: 1, unitPriceMinor: 255 };
  const guest = { invoiceNo: '1', date: '', country: 'Unspecified', lines: [line] };
  t.is(wordOrder(guest, 'u1', new Map([['10001', 255]])).pricing, 'catalogue');
  t.is(wordOrder(guest, 'u1', new Map([['10001', 254]])).pricing, 'agreed');
  t.is(wordOrder(guest, 'u1', new Map()).pricing, 'agreed');
  t.is(wordOrder(guest, 'u1', new Map()).shippingAddress.country, 'Unspecified');
});

test('a limit runs so many at once, in the order given, and goes on after a failure', async (t) => {
  const limit = createLimit(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const jobs = [0, 1, 2, 3, 4].map((job) =>
    limit(async () => {
      started.push(job);
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      if (job === 1) throw new Error('failed');
    }),
  );
  const results = await Promise.allSettled(jobs);
  t.deepEqual(started, [0, 1, 2, 3, 4]);
  t.is(most, 2);
  t.deepEqual(
    results.map(({ status }) => status === 'fulfilled'),
    [true, false, true, true, true],
  );
});
