/** What comes over the bus is believed only when it is what another instance would send. */
import test from 'ava';
import { readBusMessage } from '../../src/realtime/bus-message.ts';

const transition = {
  orderId: 'o1',
  seq: 3,
  at: '2026-11-21T10:00:00.000Z',
  type: 'order.cancelLines',
  from: 'paying',
  to: 'paying',
  final: false,
  by: 'customer',
  lines: [{ line: 1, quantity: 2 }],
  amountMinor: 1_500,
  reason: {
    code: 'out_of_stock',
    detail: 'Of CUP, 0 are available.',
    lines: [{ sku: 'CUP', detail: 'None.' }],
  },
};

const textOf = (change: object) =>
  JSON.stringify({ from: 'i1', entries: [{ customerId: 'c1', transition: { ...transition, ...change } }] });

test('a message is told as it was sent', (t) => {
  const { lines, amountMinor, reason, ...least } = transition;
  for (const sent of [transition, least]) {
    const message = { from: 'i1', entries: [{ customerId: 'c1', transition: sent }] };
    t.deepEqual(readBusMessage(JSON.stringify(message)) as unknown, message);
  }
  t.deepEqual(readBusMessage('{"from":"i1","entries":[]}'), { from: 'i1', entries: [] });
});

const WRONG: [string, object][] = [
  ['no order', { orderId: undefined }],
  ['a seq of 0', { seq: 0 }],
  ['half a seq', { seq: 1.5 }],
  ['a seq as text', { seq: '3' }],
  ['no moment', { at: 'soon' }],
  ['a moment as a number', { at: 5 }],
  ['a moment in other words', { at: 'Sat, 21 Nov 2026 10:00:00 GMT' }],
  ['a day that never comes', { at: '2026-13-40T10:00:00.000Z' }],
  ['no type', { type: null }],
  ['a state that is none', { from: {} }],
  ['no new state', { to: undefined }],
  ['final as text', { final: 'no' }],
  ['nobody', { by: undefined }],
  ['lines that are none', { lines: {} }],
  ['a line without units', { lines: [{ line: 1 }] }],
  ['a negative line', { lines: [{ line: -1, quantity: 1 }] }],
  ['an amount as text', { amountMinor: '1500' }],
  ['a reason without words', { reason: { code: 'x' } }],
  ['a reason without a code', { reason: { detail: 'x' } }],
  [
    'a reason with lines that are none',
    { reason: { code: 'x', detail: 'y', lines: [{ sku: 1, detail: 'z' }] } },
  ],
];

for (const [what, change] of WRONG)
  test(`refused: ${what}`, (t) => {
    t.is(readBusMessage(textOf(change)), undefined);
  });

for (const text of [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"from":"i1"}',
  '{"from":1,"entries":[]}',
  '{"from":"i1","entries":{}}',
  '{"from":"i1","entries":[null]}',
  '{"from":"i1","entries":[{"customerId":"c1"}]}',
  JSON.stringify({ from: 'i1', entries: [{ transition }] }),
])
  test(`refused: ${JSON.stringify(text)}`, (t) => {
    t.is(readBusMessage(text), undefined);
  });
