import test from 'ava';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { definition, type OrderChanges } from '../support/orders.ts';
import { decideOn, live, type Step, steps } from './life.ts';

const {
  held,
  captured,
  pending,
  declined,
  booked,
  sent,
  closed,
  adjusted,
  recalled,
  undone,
  released,
  noticed,
  takenBack,
  cancel,
  retry,
  complete,
  pay,
  cancelLines,
  refund,
  settled,
  failed,
  tracked,
  hold,
  ship,
} = steps;

const ended = [released, noticed];
const sale = [held, captured(), booked(), sent];
const waits: OrderChanges = { onDecline: 'wait' };
const policy = { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000, unpaidExpiryMs: 172_800_000 };
/** Three units, two in a parcel: two parcels. */
const inParcels: OrderChanges = { policy: { ...policy, parcelUnits: 2 } };
const onItsWay = tracked('pickedUp');

const byHand: OrderChanges = { fulfilment: 'manual' };

const stuck: { state: string; steps: Step[]; changes?: OrderChanges; after: Step[]; end: string }[] = [
  { state: 'validating', steps: [], after: sale, end: 'completed' },
  { state: 'charging', steps: [held], after: sale.slice(1), end: 'completed' },
  { state: 'settling', steps: [held, pending, 'overdue'], after: [declined, ...ended], end: 'expired' },
  {
    state: 'adjusting',
    steps: [held, cancelLines(1, 1), captured()],
    after: [adjusted(500), booked(), sent],
    end: 'completed',
  },
  { state: 'shipping', steps: [held, captured()], after: [booked(), sent], end: 'completed' },
  { state: 'confirming', steps: [held, captured(), booked()], after: [sent], end: 'completed' },
  {
    state: 'recalling',
    steps: [held, captured(), cancel],
    after: [recalled, undone(2500), ...ended],
    end: 'cancelled',
  },
  { state: 'refunding', steps: [held, cancel], after: [undone(0), ...ended], end: 'cancelled' },
  { state: 'releasing', steps: [cancel], after: ended, end: 'cancelled' },
  { state: 'returning', steps: [...sale, refund(1)], after: [takenBack(1), noticed], end: 'completed' },
];

for (const { state, steps: before, after, end } of stuck) {
  test(`attempts used up in ${state} wait for an operator, whose retry goes on from there`, (t) => {
    const { end: waiting } = live([...before, 'fails']);
    t.like(waiting, { state: 'needsAttention', status: 'active', invocations: [], timers: [] });
    t.true(waiting.allowedCommands.includes('order.retry'));
    const { end: ended } = live([...before, 'fails', retry, ...after]);
    t.like(ended, { state: end, status: 'done' });
  });
}

test('attempts used up leave a cancel too, but for what was sold or is coming back', (t) => {
  for (const { state, steps: before } of stuck) {
    const { end } = live([...before, 'fails']);
    t.is(end.allowedCommands.includes('order.cancel'), !['confirming', 'returning'].includes(state), state);
  }
});

test('a confirmation that nobody takes can be done without: the stock is sold all the same', (t) => {
  const { path, end } = live([held, captured(), booked(), 'fails', complete, 'fails', complete, closed]);
  t.regex(path, /confirming needsAttention closing needsAttention closing completed$/);
  t.is(end.snapshot.context.confirmation, undefined);
});

test("an order whose charge is stuck goes on by itself at the gateway's news", (t) => {
  t.is(live([held, 'fails', settled()]).end.state, 'shipping');
  t.is(live([held, 'fails', failed()]).end.state, 'settling');
  t.is(live([held, 'fails', failed(), declined]).end.state, 'releasing');
  t.is(live([held, 'fails', failed(), declined], { changes: waits }).end.state, 'awaitingPayment');
  const meanwhile = live([held, cancelLines(1, 1), pending, 'fails', settled()]).end;
  t.like(meanwhile, { state: 'needsAttention', snapshot: { context: { payment: { status: 'captured' } } } });
});

test('what is cancelled of an order is in no parcel of its', (t) => {
  const { end } = live([held, cancelLines(1, 1), captured(), adjusted(500)]);
  t.deepEqual(end.invocations[0]?.input, {
    shipmentKey: 'order-1.shipment',
    lines: [
      { line: 1, quantity: 1 },
      { line: 2, quantity: 1 },
    ],
  });
});

const inputOf = ({ invocations }: OrderRecord) => invocations[0]?.input;

test('the keys at the gateway and the carrier name the order, the attempt and the parcel', (t) => {
  t.like(inputOf(live([held]).end), { chargeKey: 'order-1.charge.1', paymentToken: 'tok_approve' });
  const again = live([held, declined, pay], { changes: waits }).end;
  t.like(inputOf(again), { chargeKey: 'order-1.charge.2', paymentToken: 'tok_other' });
  const second = live([held, captured(), booked('T1')], { changes: inParcels }).end;
  t.like(inputOf(second), { shipmentKey: 'order-1.shipment.2', lines: [{ line: 2, quantity: 1 }] });
  const undoing = live([held, captured(), booked('T1'), cancel], { changes: inParcels }).end;
  t.deepEqual(inputOf(undoing), { shipmentKeys: ['order-1.shipment', 'order-1.shipment.2'] });
});

test('a charge that was begun keeps its amount under its key, whatever is cancelled meanwhile', (t) => {
  const { end } = live([held, cancelLines(1, 1), 'fails', retry]);
  t.like(inputOf(end), { chargeKey: 'order-1.charge.1', amountMinor: 2500 });
});

test('an order that waits for an operator lets the parcel go that may be on its way, when the rest is cancelled', (t) => {
  const rest = live([held, captured(), booked(), onItsWay, 'fails', cancelLines(2, 1)], {
    changes: inParcels,
  }).end;
  t.like(inputOf(rest), { recallKey: 'order-1.shipment.2', refund: { amountMinor: 1500 } });
});

test('the facts stand in the record once, not in its snapshot', (t) => {
  const { end } = live(sale);
  t.false('input' in end.snapshot.context);
  t.is(definition.version, '3');
});

test('late news of a payment change nothing once it has come in, in part given back or not', (t) => {
  const paid = [held, hold, cancelLines(1, 1), captured()];
  const inAdjusting = live(paid).end;
  const onHold = live([...paid, adjusted(500)]).end;
  const again = live([...paid, adjusted(500), cancelLines(2, 1)]).end;
  for (const record of [inAdjusting, onHold, again])
    for (const news of [settled(), failed()])
      t.is(decideOn(record, news).kind, 'refused', `${JSON.stringify(news)} in ${record.state}`);
});

test('news of a parcel that are late or come again change nothing', (t) => {
  const travelling = live([...sale, tracked('inTransit')]).end;
  const delivered = live([...sale, tracked('delivered')]).end;
  for (const status of ['pickedUp', 'inTransit'] as const)
    t.is(decideOn(travelling, tracked(status)).kind, 'refused', status);
  for (const status of ['inTransit', 'delivered', 'lost'] as const)
    t.is(decideOn(delivered, tracked(status)).kind, 'refused', status);
  t.is(decideOn(travelling, tracked('delivered', 'T2')).kind, 'refused', 'of no parcel of the order');
});

test('parcels sent by hand under one number travel each by itself', (t) => {
  const by = { changes: byHand };
  const { end } = live([held, captured(), ship('V1', 1), tracked('delivered', 'V1'), ship('V1')], by);
  const { shipments = [] } = live(
    [held, captured(), ship('V1', 1), tracked('delivered', 'V1'), ship('V1'), tracked('lost', 'V1')],
    by,
  ).end.snapshot.context;
  t.is(end.state, 'confirming');
  t.deepEqual(
    shipments.map(({ status }) => status),
    ['delivered', 'lost'],
  );
});
