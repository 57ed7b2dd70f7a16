import test from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { Charge } from '../../src/ports/payment.ts';
import { placedOrder } from '../support/orders.ts';
import { capturedWith, setUp } from './processor-parts.ts';

const record = placedOrder();
const chargeKey = 'order-1.charge.1';
const refundKey = 'order-1.refund';
const undo = { record, input: { chargeKey, refundKey }, failedAttempts: 0 };

const charges: { name: string; charge: Charge; asks: number | undefined; backMinor: number }[] = [
  { name: 'nothing was captured', charge: { status: 'voided' }, asks: undefined, backMinor: 0 },
  { name: 'all of it is left', charge: capturedWith(), asks: 2500, backMinor: 2500 },
  {
    name: 'a part was given back before',
    charge: capturedWith({ 'order-1.refund.1': 700 }),
    asks: 1800,
    backMinor: 2500,
  },
  {
    name: 'it was undone before',
    charge: capturedWith({ [refundKey]: 2500 }),
    asks: undefined,
    backMinor: 2500,
  },
  {
    name: 'it was undone before, after a part',
    charge: capturedWith({ 'order-1.refund.1': 700, [refundKey]: 1800 }),
    asks: undefined,
    backMinor: 2500,
  },
];

for (const { name, charge, asks, backMinor } of charges)
  test(`undoing a charge of which ${name}`, async (t) => {
    const { compensations, asked } = setUp({
      gateway: { void: async () => charge as Exclude<Charge, { status: 'pending' }> },
    });
    t.deepEqual(await compensations['compensation.refund'](undo), {
      type: 'payment.undone',
      refundedMinor: backMinor,
    });
    t.deepEqual(asked, asks === undefined ? [] : [['refund', { chargeKey, refundKey, amountMinor: asks }]]);
  });

test('a charge that changes while it is undone is looked up anew, not given up', async (t) => {
  const conflict = new TerminalError('conflict', 'Less is left.');
  const { compensations } = setUp({ gateway: { refund: () => Promise.reject(conflict) } });
  await t.throwsAsync(() => compensations['compensation.refund'](undo), { instanceOf: RetryableError });
});

test('a charge that the gateway refuses to give back for another reason is given up', async (t) => {
  const refusal = new TerminalError('idempotency-key-reused', 'Another amount.');
  const { compensations } = setUp({ gateway: { refund: () => Promise.reject(refusal) } });
  await t.throwsAsync(() => compensations['compensation.refund'](undo), { is: refusal });
});

test('an adjustment bars the parcel that may be on its way, lowers the holds, gives back the money', async (t) => {
  const { compensations, asked } = setUp();
  const refund = { chargeKey, refundKey: `${refundKey}.1`, amountMinor: 500 };
  const input = { recallKey: 'order-1.shipment.2', keep: [{ sku: 'CUP', quantity: 1 }], refund };
  t.deepEqual(await compensations['compensation.adjust']({ record, input, failedAttempts: 0 }), {
    type: 'order.adjusted',
    refundedMinor: 500,
  });
  t.deepEqual(asked, [
    ['recall', 'order-1.shipment.2'],
    ['keep', 'order-1', input.keep],
    ['refund', refund],
  ]);
});

test('what comes back is put on the shelf under the key of its return', async (t) => {
  const { compensations, asked } = setUp();
  const restock = [{ sku: 'CUP', quantity: 1 }];
  const input = { returnKey: 'order-1.return.1', restock };
  t.deepEqual(await compensations['compensation.takeback']({ record, input, failedAttempts: 0 }), {
    type: 'return.settled',
    refundedMinor: 0,
  });
  t.like(asked, [['restock', { key: 'order-1.return.1', orderId: 'order-1', units: restock }]]);
});

test('parcels are called back by their keys, the one of the first version too', async (t) => {
  const { compensations, asked } = setUp();
  for (const input of [{ shipmentKeys: ['a', 'b'] }, { shipmentKey: 'c' }])
    await compensations['compensation.recall']({ record, input, failedAttempts: 0 });
  t.deepEqual(asked, [
    ['recall', 'a'],
    ['recall', 'b'],
    ['recall', 'c'],
  ]);
});
