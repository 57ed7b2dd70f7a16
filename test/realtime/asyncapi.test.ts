/** The document about the feed: what it refers to is there, and what is sent fits it. */
import test from 'ava';
import { viewOrder, viewTransition } from '../../src/machines/order-view.ts';
import { describeFeed } from '../../src/realtime/asyncapi.ts';
import { createValidator, partAt, referencesIn } from '../http/support/contract.ts';
import { live, steps } from '../machines/life.ts';
import { placedOrder } from '../support/orders.ts';

const document = describeFeed('1.2.3') as {
  asyncapi: string;
  channels: { feed: { messages: Record<string, { name: string; payload: object }> } };
  operations: Record<string, { action: string; messages: { $ref: string }[] }>;
};
const faultsOf = createValidator(document);
const { messages } = document.channels.feed;
const payloadOf = (key: string) => messages[key]?.payload ?? {};

test('what it refers to is there', (t) => {
  t.is(document.asyncapi, '3.0.0');
  for (const reference of referencesIn(document)) t.truthy(partAt(document, reference), reference);
  for (const { payload } of Object.values(messages)) t.notThrows(() => faultsOf(payload, undefined));
});

test('clients send what is received, and the server what is sent', (t) => {
  const byAction = (action: string) =>
    Object.entries(document.operations)
      .filter(([, operation]) => operation.action === action)
      .map(([name]) => name);
  t.true(byAction('receive').includes('order-subscribe'));
  t.true(byAction('send').includes('order-transition'));
});

test('the answer to a subscription, and each transition, fit it', (t) => {
  const { end } = live([steps.held, steps.captured(), steps.booked(), steps.sent]);
  const transitions = end.history.map((entry) => viewTransition(end._id, entry));
  for (const record of [placedOrder(), end]) {
    const order = viewOrder(record, 'customer');
    const reply = { ok: true, order, machineVersion: record.machine.version, role: 'customer', transitions };
    t.deepEqual(faultsOf(payloadOf('order-subscribe-reply'), reply), []);
  }
  for (const transition of transitions) t.deepEqual(faultsOf(payloadOf('order-transition'), transition), []);
  const refusal = { ok: false, error: { code: 'not-found', detail: 'There is no such order.' } };
  t.deepEqual(faultsOf(payloadOf('order-subscribe-reply'), refusal), []);
  t.not(faultsOf(payloadOf('order-subscribe-reply'), { ok: false }).length, 0);
});

test('what is validated is what is documented', (t) => {
  t.deepEqual(faultsOf(payloadOf('order-subscribe'), { orderId: 'o', afterSeq: 3 }), []);
  t.deepEqual(faultsOf(payloadOf('order-subscribe'), { orderId: 'o' }), []);
  for (const payload of [{}, { orderId: '' }, { orderId: 'o', afterSeq: -1 }, { orderId: 'o', more: 1 }])
    t.not(faultsOf(payloadOf('order-subscribe'), payload).length, 0, JSON.stringify(payload));
});
