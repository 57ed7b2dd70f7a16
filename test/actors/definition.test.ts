import test from 'ava';
import { fromPromise, setup } from 'xstate';
import { defineActor } from '../../src/actors/definition.ts';
import { COMMAND_ROLES } from '../../src/machines/order-view.ts';
import { definition } from '../support/orders.ts';

const work = fromPromise(async () => undefined);
const machines = setup({ actors: { 'stage.work': work, work } });
const outcomes = { onDone: 'end', onError: 'end' } as const;

test('the order machine names its queues by its invocations', (t) => {
  t.deepEqual([...new Set([...definition.sources].map((src) => src.split('.')[0]))].sort(), [
    'compensation',
    'confirmation',
    'payment',
    'shipping',
    'validation',
  ]);
  t.deepEqual([...definition.commands].sort(), Object.keys(COMMAND_ROLES).sort());
});

const refused = [
  { what: 'has no version', machine: machines.createMachine({ id: 'm' }), says: /no version/ },
  {
    what: 'invokes what names no queue',
    machine: machines.createMachine({
      id: 'm',
      version: '1',
      initial: 'a',
      states: { a: { invoke: { id: 'w', src: 'work', ...outcomes } }, end: {} },
    }),
    says: /"queue\.verb", and is "work"/,
  },
  {
    what: 'leaves a failure without an outcome',
    machine: machines.createMachine({
      id: 'm',
      version: '1',
      initial: 'a',
      states: { a: { invoke: { id: 'w', src: 'stage.work', onDone: 'end' } }, end: {} },
    }),
    says: /no transition for its error outcome/,
  },
  {
    what: 'uses an invoke id twice',
    machine: machines.createMachine({
      id: 'm',
      version: '1',
      initial: 'a',
      states: {
        a: { invoke: { id: 'w', src: 'stage.work', ...outcomes } },
        b: { invoke: { id: 'w', src: 'stage.work', ...outcomes } },
        end: {},
      },
    }),
    says: /not unique/,
  },
  {
    what: 'has a history state',
    machine: machines.createMachine({
      id: 'm',
      version: '1',
      initial: 'a',
      states: { a: { type: 'history' } },
    }),
    says: /history states/,
  },
];

for (const { what, machine, says } of refused)
  test(`a machine that ${what} is refused at start`, (t) => {
    t.throws(() => defineActor(machine), { message: says });
  });
