import test from 'ava';
import type { OrderChanges } from '../support/orders.ts';
import { live, steps } from './life.ts';
import { declareStories, type Story } from './stories.ts';

const {
  held,
  captured,
  booked,
  notBooked,
  notTaken,
  sent,
  adjusted,
  noticed,
  takenBack,
  retry,
  complete,
  cancelLines,
  ship,
  giveBack,
  refund,
  tracked,
} = steps;

const sale = [held, captured(), booked(), sent];
const byHand: OrderChanges = { fulfilment: 'manual' };
const policy = { paymentOverdueMs: 900_000, shippingOverdueMs: 86_400_000, unpaidExpiryMs: 172_800_000 };
/** Three units, two in a parcel: two parcels. */
const inParcels: OrderChanges = { policy: { ...policy, parcelUnits: 2 } };
const onItsWay = tracked('pickedUp');

const stories: Story[] = [
  {
    name: 'in two parcels',
    changes: inParcels,
    steps: [held, captured(), booked('T1'), booked('T2'), sent],
    path: 'validating charging shipping shipping confirming completed',
    money: [2500, 0],
    more: { shipments: [{ lines: [{ line: 1, quantity: 2 }] }, { lines: [{ line: 2, quantity: 1 }] }] },
  },
  {
    name: 'the carrier does not take the second parcel, the first is on its way: what is left is cancelled',
    changes: inParcels,
    steps: [
      held,
      captured(),
      booked('T1'),
      onItsWay,
      notTaken,
      retry,
      'overdue',
      notBooked,
      cancelLines(2, 1),
      adjusted(1500),
      sent,
    ],
    path: 'validating charging shipping shipping shipping needsAttention shipping locating needsAttention adjusting confirming completed',
    money: [2500, 1500],
  },
  {
    name: 'sent by hand in parts',
    changes: byHand,
    steps: [held, captured(), ship('V1', 1), ship('V2', 1), ship('V3'), sent],
    path: 'validating charging awaitingShipment awaitingShipment awaitingShipment confirming completed',
    money: [2500, 0],
  },
  {
    name: 'sent by hand in part, and the rest cancelled',
    changes: byHand,
    steps: [held, captured(), ship('V1', 1, 2), cancelLines(2, 1), adjusted(1500), sent],
    path: 'validating charging awaitingShipment awaitingShipment adjusting confirming completed',
    money: [2500, 1500],
  },
  {
    name: 'a parcel is lost, and its price given back',
    steps: [...sale, tracked('lost'), refund(2500), takenBack(2500), noticed],
    path: 'validating charging shipping confirming completed parcelLost returning acknowledging completed',
    money: [2500, 2500],
  },
  {
    name: 'a parcel is lost, and dealt with otherwise',
    steps: [...sale, tracked('lost'), complete],
    path: 'validating charging shipping confirming completed parcelLost completed',
    money: [2500, 0],
  },
  {
    name: 'lost on its way while it is confirmed',
    steps: [held, captured(), booked(), tracked('lost'), sent, complete],
    path: 'validating charging shipping confirming confirming parcelLost completed',
    money: [2500, 0],
  },
  {
    name: 'returned in parts, to the last unit',
    steps: [
      ...sale,
      giveBack(1, 1),
      takenBack(500),
      noticed,
      giveBack(1, 1),
      takenBack(500),
      'fails',
      giveBack(2, 1),
      takenBack(1500),
      noticed,
    ],
    path:
      'validating charging shipping confirming completed returning acknowledging completed returning ' +
      'acknowledging completed returning acknowledging returned',
    money: [2500, 2500],
  },
];

stories.push(
  {
    name: 'the booking is overdue, and the carrier has the parcel all the same',
    steps: [held, captured(), 'overdue', booked(), sent],
    path: 'validating charging shipping locating confirming completed',
    money: [2500, 0],
  },
  {
    name: 'a refund that fails for good is settled by other means',
    steps: [...sale, refund(700), 'fails', complete, takenBack(0), noticed],
    path: 'validating charging shipping confirming completed returning needsAttention concluding acknowledging completed',
    money: [2500, 700],
    more: { payment: { byHandMinor: 700, status: 'partlyRefunded' } },
  },
  {
    name: 'a return that fails for good is settled by other means, to the last unit',
    steps: [
      ...[...sale, giveBack(1, 2), 'fails' as const, retry, 'fails' as const, complete, 'fails' as const],
      ...[complete, takenBack(0), noticed, giveBack(2, 1), takenBack(1500), noticed],
    ],
    path:
      'validating charging shipping confirming completed returning needsAttention returning needsAttention ' +
      'concluding needsAttention concluding acknowledging completed returning acknowledging returned',
    money: [2500, 2500],
    more: { payment: { byHandMinor: 1000, status: 'refunded' } },
  },
);

declareStories(stories);

test('each return has a key of its own', (t) => {
  const keyAfter = (...more: Parameters<typeof live>[0]) =>
    live([...sale, ...more]).end.invocations[0]?.input;
  t.like(keyAfter(giveBack(1, 1)), { returnKey: 'order-1.return.1' });
  t.like(keyAfter(giveBack(1, 1), takenBack(500), noticed, giveBack(1, 1)), {
    returnKey: 'order-1.return.2',
  });
});
