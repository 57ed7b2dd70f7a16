import test from 'ava';
import { defineActor } from '../../src/actors/definition.ts';
import { orderMachineV1 } from '../../src/machines/order-machine-v1.ts';
import { viewOrder, viewTransition } from '../../src/machines/order-view.ts';
import { placedOrder } from '../support/orders.ts';
import { live, type Step, steps } from './life.ts';

test('the view has what its viewer may know, and nothing of the engine or of the payment token', (t) => {
  const view = viewOrder(placedOrder(), 'customer');
  t.like(view, {
    id: 'order-1',
    state: 'validating',
    final: false,
    seq: 1,
    amountMinor: 2500,
    placedAt: '2026-01-01T00:00:00.000Z',
  });
  t.false(JSON.stringify(view).includes('tok_approve'));
  t.false('invocations' in view || 'history' in view || 'idempotency' in view);
});

test('the commands in the view are those that the role may send', (t) => {
  const record = { ...placedOrder(), allowedCommands: ['order.cancel', 'order.retry'] };
  t.deepEqual(viewOrder(record, 'customer').allowedEvents, ['order.cancel']);
  t.deepEqual(viewOrder(record, 'operator').allowedEvents, ['order.cancel', 'order.retry']);
});

test('a quarantined order says so, with its reason to operators alone, and takes no command', (t) => {
  const quarantine = { reason: 'no state "x" in machine order', at: new Date(0) };
  const record = { ...placedOrder(), status: 'quarantined' as const, state: 'quarantined', quarantine };
  t.like(viewOrder(record, 'operator'), {
    state: 'quarantined',
    final: false,
    reason: { code: 'quarantined', detail: quarantine.reason },
    allowedEvents: [],
  });
  t.not(viewOrder(record, 'customer').reason?.detail, quarantine.reason);
});

const { held, captured, booked, sent, giveBack, takenBack, cancelLines, adjusted } = steps;

test('the view has what is due, and what can still be refunded', (t) => {
  const moneyOf = (...taken: Step[]) => {
    const { amountMinor, dueMinor, refundableMinor } = viewOrder(live(taken).end, 'customer');
    return [amountMinor, dueMinor, refundableMinor];
  };
  t.deepEqual(moneyOf(held), [2500, 2500, 0]);
  t.deepEqual(moneyOf(held, captured()), [2500, 2500, 2500]);
  t.deepEqual(moneyOf(held, cancelLines(2, 1), captured()), [2500, 1000, 2500]);
  t.deepEqual(moneyOf(held, cancelLines(2, 1), captured(), adjusted(1500)), [2500, 1000, 1000]);
  t.deepEqual(moneyOf(held, captured(), booked(), sent, giveBack(1, 1), takenBack(500)), [2500, 2500, 2000]);
});

test('an order of version 1 has its money too, and its end by the way over', (t) => {
  const { end } = live([held, captured(), booked(), sent], { machine: defineActor(orderMachineV1) });
  t.like(viewOrder(end, 'operator'), { dueMinor: 2500, refundableMinor: 0 });
});

test('what an order failed of is for operators', (t) => {
  const { end } = live([held, 'fails']);
  t.is(viewOrder(end, 'operator').trouble, 'down');
  t.is(viewOrder(end, 'admin').trouble, 'down');
  t.false('trouble' in viewOrder(end, 'customer'));
  t.false(JSON.stringify(viewOrder(end, 'customer')).includes('down'));
});

test('a transition tells the units and the money that it is about', (t) => {
  const taken = [
    held,
    cancelLines(2, 1),
    captured(),
    adjusted(1500),
    booked(),
    sent,
    giveBack(1, 1),
    takenBack(500),
  ];
  const told = live(taken).end.history.map((entry) => {
    const { type, lines, amountMinor } = viewTransition('order-1', entry);
    return [type, lines, amountMinor];
  });
  t.deepEqual(told, [
    ['order.placed', undefined, undefined],
    ['stock.held', undefined, undefined],
    ['order.cancelLines', [{ line: 2, quantity: 1 }], undefined],
    ['payment.captured', undefined, 2500],
    ['order.adjusted', undefined, 1500],
    ['shipment.booked', undefined, undefined],
    ['confirmation.sent', undefined, undefined],
    ['order.return', [{ line: 1, quantity: 1 }], undefined],
    ['return.settled', undefined, 500],
  ]);
  const failed = live([held, 'fails']).end.history.at(-1);
  if (failed === undefined) return t.fail('no history');
  t.false(
    JSON.stringify(viewTransition('order-1', failed)).includes('down'),
    'what it failed of is not told to all',
  );
});

test('a transition tells who by role, never which user', (t) => {
  const [placed] = placedOrder().history;
  if (placed === undefined) return t.fail('no history');
  const view = viewTransition('order-1', placed);
  t.like(view, { seq: 1, type: 'order.placed', from: 'placed', to: 'validating', by: 'customer' });
  t.false(JSON.stringify(view).includes('customer-1'));
});
