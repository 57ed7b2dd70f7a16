import type { OrderChanges } from '../support/orders.ts';
import { steps } from './life.ts';
import { declareStories, type Story } from './stories.ts';

const {
  held,
  notBooked,
  refused,
  captured,
  pending,
  declined,
  booked,
  notTaken,
  sent,
  adjusted,
  recalled,
  undone,
  released,
  noticed,
  cancel,
  hold,
  resume,
  pay,
  cancelLines,
  settled,
  failed,
  tracked,
} = steps;

const ended = [released, noticed];
const sale = [held, captured(), booked(), sent];
const later: OrderChanges = { paymentToken: undefined };
const waits: OrderChanges = { onDecline: 'wait' };
const onItsWay = tracked('pickedUp');

const stories: Story[] = [
  {
    name: 'the happy way',
    steps: sale,
    path: 'validating charging shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'delivered',
    steps: [...sale, onItsWay, tracked('delivered')],
    path: 'validating charging shipping confirming completed completed delivered',
    money: [2500, 0],
  },
  {
    name: 'refused at validation, nothing held',
    steps: [refused(false), noticed],
    path: 'validating notifying rejected',
    reason: 'some_reason',
  },
  {
    name: 'refused when some of its stock is held',
    steps: [refused(true), ...ended],
    path: 'validating releasing notifying rejected',
    reason: 'some_reason',
  },
  {
    name: 'declined',
    steps: [held, declined, ...ended],
    path: 'validating charging releasing notifying declined',
    reason: 'some_reason',
  },
  {
    name: 'declined, and paid by other means under a new key',
    changes: waits,
    steps: [held, declined, pay, captured(), booked(), sent],
    path: 'validating charging awaitingPayment charging shipping confirming completed',
    money: [2500, 0],
    more: { chargeAttempt: 2 },
  },
  {
    name: 'no carrier takes it',
    steps: [held, captured(), notTaken, recalled, undone(2500), ...ended],
    path: 'validating charging shipping recalling refunding releasing notifying rejected',
    reason: 'some_reason',
    money: [2500, 2500],
  },
  {
    name: 'cancelled while it is validated',
    steps: [cancel, ...ended],
    path: 'validating releasing notifying cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'cancelled while the card is charged',
    steps: [held, cancel, undone(0), ...ended],
    path: 'validating charging refunding releasing notifying cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'cancelled while the shipment is booked',
    steps: [held, captured(), cancel, recalled, undone(2500), ...ended],
    path: 'validating charging shipping recalling refunding releasing notifying cancelled',
    reason: 'cancelled_by_request',
    money: [2500, 2500],
  },
  {
    name: 'a rejected one cancelled while it is undone',
    steps: [held, captured(), notTaken, cancel, recalled, undone(2500), ...ended],
    path: 'validating charging shipping recalling recalling refunding releasing notifying cancelled',
    reason: 'cancelled_by_request',
    money: [2500, 2500],
  },
  {
    name: 'the payment is overdue',
    steps: [held, 'overdue', undone(2500), ...ended],
    path: 'validating charging refunding releasing notifying declined',
    reason: 'payment_overdue',
  },
  {
    name: 'the shipment is overdue',
    steps: [held, captured(), 'overdue', notBooked, recalled, undone(2500), ...ended],
    path: 'validating charging shipping locating recalling refunding releasing notifying rejected',
    reason: 'shipping_overdue',
    money: [2500, 2500],
  },
  {
    name: 'to be paid later, never paid',
    changes: later,
    steps: [held, 'overdue', declined, ...ended],
    path: 'validating awaitingPayment settling releasing notifying expired',
    reason: 'payment_expired',
  },
  {
    name: 'to be paid later, and paid',
    changes: later,
    steps: [held, pay, captured(), booked(), sent],
    path: 'validating awaitingPayment charging shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'the payment comes by the news of the gateway',
    steps: [held, pending, settled(), booked(), sent],
    path: 'validating charging awaitingPayment shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'the news comes before the reply',
    steps: [held, settled(), booked(), sent],
    path: 'validating charging shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'the news is lost, and found by the last look',
    steps: [held, pending, 'overdue', captured(), booked(), sent],
    path: 'validating charging awaitingPayment settling shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'the pending payment fails',
    steps: [held, pending, failed(), declined, ...ended],
    path: 'validating charging awaitingPayment settling releasing notifying declined',
    reason: 'some_reason',
  },
  {
    name: 'the pending payment fails while it is on hold',
    steps: [held, pending, hold, failed(), resume, declined, ...ended],
    path: 'validating charging awaitingPayment onHold onHold settling releasing notifying declined',
    reason: 'some_reason',
  },
  {
    name: 'held back while it is charged, and resumed',
    steps: [held, hold, captured(), resume, booked(), sent],
    path: 'validating charging charging onHold shipping confirming completed',
    money: [2500, 0],
  },
  {
    name: 'cancelled on hold',
    steps: [held, hold, captured(), cancel, recalled, undone(2500), ...ended],
    path: 'validating charging charging onHold recalling refunding releasing notifying cancelled',
    money: [2500, 2500],
    reason: 'cancelled_by_request',
  },
  {
    name: 'a declined one never charges the declined means again by itself',
    changes: waits,
    steps: [held, declined, hold, resume, cancelLines(1, 1), adjusted(), pay, captured(2000), booked(), sent],
    path: 'validating charging awaitingPayment onHold awaitingPayment adjusting awaitingPayment charging shipping confirming completed',
    money: [2000, 0],
  },
  {
    name: 'a unit cancelled before it is charged',
    steps: [cancelLines(1, 1), held, adjusted(), captured(2000), booked(), sent],
    path: 'validating validating adjusting charging shipping confirming completed',
    money: [2000, 0],
  },
  {
    name: 'a unit cancelled while it is charged',
    steps: [held, cancelLines(1, 1), captured(), adjusted(500), booked(), sent],
    path: 'validating charging charging adjusting shipping confirming completed',
    money: [2500, 500],
  },
  {
    name: 'cancelled while the money for a unit is given back, which then is found given back',
    steps: [held, cancelLines(1, 1), captured(), cancel, recalled, undone(2500), ...ended],
    path: 'validating charging charging adjusting recalling refunding releasing notifying cancelled',
    money: [2500, 2500],
    reason: 'cancelled_by_request',
  },
];

declareStories(stories);
