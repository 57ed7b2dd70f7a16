import test from 'ava';
import { defineActor } from '../../src/actors/definition.ts';
import { orderMachineV1 } from '../../src/machines/order-machine-v1.ts';
import { live, type Step, steps } from './life.ts';

const machine = defineActor(orderMachineV1);
const { held, declined, captured, booked, sent, undone, released, cancel, retry } = steps;

const stories: { name: string; steps: Step[]; path: string }[] = [
  {
    name: 'the happy way',
    steps: [held, captured(), booked(), sent],
    path: 'validating charging shipping confirming completed',
  },
  { name: 'declined', steps: [held, declined, released], path: 'validating charging releasing declined' },
  {
    name: 'cancelled while the card is charged',
    steps: [held, cancel, undone(2500), released],
    path: 'validating charging refunding releasing cancelled',
  },
  {
    name: 'the refund fails until an operator retries it',
    steps: [held, 'overdue', 'fails', retry, undone(0), released],
    path: 'validating charging refunding needsAttention refunding releasing declined',
  },
];

for (const { name, steps: taken, path } of stories)
  test(`an order of the first version runs on: ${name}`, (t) => {
    const { path: gone, end } = live(taken, { machine });
    t.is(gone, path);
    t.is(end.status, 'done');
    t.is(end.machine.version, '1');
  });
