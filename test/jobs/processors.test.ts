import test from 'ava';
import { createLateUndos } from '../../src/jobs/processors.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { placedOrder } from '../support/orders.ts';
import { capturedWith, setUp } from './processor-parts.ts';

const record = placedOrder();
const charge = { chargeKey: 'order-1.charge.1', amountMinor: 2500, paymentToken: 'tok_approve' };
const names = (asked: unknown[][]) => asked.map(([name]) => name);
const stuckInCharging = {
  ...record,
  snapshot: { ...record.snapshot, context: { ...record.snapshot.context, stuckIn: 'charging' as const } },
};

test('a first attempt charges without a look', async (t) => {
  const { processors, asked } = setUp();
  t.like(await processors['payment.capture']({ record, input: charge, failedAttempts: 0 }), {
    type: 'payment.captured',
    amountMinor: 2500,
  });
  t.deepEqual(names(asked), ['capture']);
});

for (const [what, work] of [
  ['a failed attempt', { record, input: charge, failedAttempts: 1 }],
  ["an operator's retry", { record: stuckInCharging, input: charge, failedAttempts: 0 }],
] as const) {
  test(`after ${what}, what the gateway knows of the charge counts, and nothing is charged`, async (t) => {
    const { processors, asked } = setUp({ gateway: { lookUp: async () => capturedWith() } });
    t.like(await processors['payment.capture'](work), { type: 'payment.captured' });
    t.deepEqual(names(asked), []);
  });

  test(`after ${what}, a charge that the gateway never saw is made`, async (t) => {
    const { processors, asked } = setUp();
    await processors['payment.capture'](work);
    t.deepEqual(names(asked), ['lookUp', 'capture']);
  });
}

test('an order of the first version is charged by its facts', async (t) => {
  const { processors, asked } = setUp();
  await processors['payment.capture']({ record, input: { chargeKey: charge.chargeKey }, failedAttempts: 0 });
  t.like(asked[0]?.[1], { key: charge.chargeKey, amountMinor: 2500, paymentToken: 'tok_approve' });
});

test('a refusal keeps what is held: another run of the same job may have succeeded', async (t) => {
  const shortfalls = [{ sku: 'POT', code: 'out_of_stock' as const, available: 0 }];
  const { processors, asked } = setUp({ stock: { hold: async () => ({ shortfalls, heldSome: true }) } });
  t.like(await processors['validation.check']({ record, input: {}, failedAttempts: 0 }), {
    type: 'order.refused',
    heldSome: true,
  });
  t.deepEqual(names(asked), []);
});

for (const [status, type] of [
  [undefined, 'shipment.missing'],
  ['recalled', 'shipment.missing'],
  ['booked', 'shipment.booked'],
  ['inTransit', 'shipment.booked'],
] as const)
  test(`a booking that is overdue, of which the carrier says ${status}, is ${type}`, async (t) => {
    const { processors, asked } = setUp({
      carrier: {
        track: async () => status,
        book: async ({ key }) => {
          asked.push(['book', key]);
          return { status: 'booked', shipmentId: 's', carrier: 'c', trackingNumber: 'T' };
        },
      },
    });
    const input = { shipmentKey: 'order-1.shipment' };
    const outcome = await processors['shipping.locate']({ record, input, failedAttempts: 0 });
    t.like(outcome, type === 'shipment.missing' ? { type } : { type, status, trackingNumber: 'T' });
    t.deepEqual(asked, type === 'shipment.missing' ? [] : [['book', 'order-1.shipment']]);
  });

test('an order is sold under the tokens that it was held under', async (t) => {
  const others = [{ sku: 'POT', token: null }];
  const { processors, asked } = setUp({
    stock: { hold: async () => ({ shortfalls: [], heldSome: true, others }) },
  });
  const outcome = await processors['validation.check']({ record, input: {}, failedAttempts: 0 });
  t.deepEqual(outcome, { type: 'stock.held', held: { token: 'token-1', others } });
  const held = outcome.type === 'stock.held' ? outcome.held : undefined;
  const snapshot = { ...record.snapshot, context: { ...record.snapshot.context, held } };
  await processors['confirmation.close']({ record: { ...record, snapshot }, input: {}, failedAttempts: 0 });
  await processors['confirmation.close']({ record, input: {}, failedAttempts: 0 });
  t.deepEqual(asked, [
    [
      'sell',
      'order-1',
      [
        { sku: 'CUP', quantity: 2, token: 'token-1' },
        { sku: 'POT', quantity: 1, token: null },
      ],
    ],
    [
      'sell',
      'order-1',
      [
        { sku: 'CUP', quantity: 2 },
        { sku: 'POT', quantity: 1 },
      ],
    ],
  ]);
});

const ended = (changes: Partial<OrderRecord>): OrderRecord => ({ ...record, ...changes });
const undone = { ...record.snapshot, context: { ...record.snapshot.context, ending: 'cancelled' as const } };

for (const [what, order, given] of [
  ['of a finished order', ended({ status: 'done' }), ['release']],
  ['of an order that is being undone', ended({ snapshot: undone }), ['release']],
  ['of an order that goes on', ended({ state: 'charging' }), []],
] as const)
  test(`a validation that comes too late gives back what it holds ${what}: ${given.length > 0}`, async (t) => {
    const { parts, asked } = setUp();
    await createLateUndos(parts)['validation.check']?.(order);
    t.deepEqual(names(asked), given);
  });

test('a parcel holds what it is booked for; without lines of its own, the whole order', async (t) => {
  const requests: { lines: object[] }[] = [];
  const { processors } = setUp({
    carrier: {
      book: async (request) => {
        requests.push(request);
        return { status: 'booked', shipmentId: 's', carrier: 'c', trackingNumber: 'T' };
      },
    },
  });
  const shipmentKey = 'order-1.shipment';
  await processors['shipping.book']({ record, input: { shipmentKey }, failedAttempts: 0 });
  const lines = [{ line: 1, quantity: 1 }];
  await processors['shipping.book']({ record, input: { shipmentKey, lines }, failedAttempts: 0 });
  t.deepEqual(
    requests.map((request) => request.lines),
    [record.input.lines, [{ sku: 'CUP', quantity: 1, unitPriceMinor: 500 }]],
  );
});
