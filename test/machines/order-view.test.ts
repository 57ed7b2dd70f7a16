import test from 'ava';
import { viewOrder, viewTransition } from '../../src/machines/order-view.ts';
import { placedOrder } from '../support/orders.ts';

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

test('a transition tells who by role, never which user', (t) => {
  const [placed] = placedOrder().history;
  if (placed === undefined) return t.fail('no history');
  const view = viewTransition('order-1', placed);
  t.like(view, { seq: 1, type: 'order.placed', from: 'placed', to: 'validating', by: 'customer' });
  t.false(JSON.stringify(view).includes('customer-1'));
});
