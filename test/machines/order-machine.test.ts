import test from 'ava';
import { applyCommit } from '../../src/actors/actor.ts';
import { decide, type Stimulus } from '../../src/actors/decide.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { definition, leases, placedOrder, START } from '../support/orders.ts';

/** One step of a story: the output of what is pending, its failure, a deadline, or a command. */
type Step = object | 'fails' | 'overdue' | `order.${string}`;

const held = { type: 'stock.held' };
const captured = { type: 'payment.captured', paymentId: 'pay-1' };
const booked = { type: 'shipment.booked', shipmentId: 'shp-1', carrier: 'Sandbox', trackingNumber: 'T1' };
const sent = { type: 'confirmation.sent', messageId: 'm-1' };
const undone = { type: 'payment.undone', refundedMinor: 2500 };
const nothingUndone = { type: 'payment.undone', refundedMinor: 0 };
const released = { type: 'stock.released' };
const recalled = { type: 'shipment.recalled' };
const reason = { code: 'out_of_stock', detail: 'Of CUP, 1 are available.' };

let commands = 0;

function toStimulus(record: OrderRecord, step: Step): Stimulus {
  if (typeof step === 'string' && step.startsWith('order.')) {
    commands += 1;
    const by = { role: 'operator', userId: 'o' };
    return { kind: 'command', event: { type: step }, by, commandId: `c${commands}` };
  }
  if (step === 'overdue') {
    const timer = record.timers[0];
    if (timer === undefined) throw new Error(`no deadline is pending in ${record.state}`);
    return { kind: 'timer', ref: { actorId: record._id, kind: 'timer', id: timer.id, seq: timer.seq } };
  }
  const pending = record.invocations[0];
  if (pending === undefined) throw new Error(`nothing is pending in ${record.state}`);
  const outcome = step === 'fails' ? { error: 'down' } : { output: step };
  return {
    kind: 'outcome',
    ref: { actorId: record._id, kind: 'invocation', id: pending.id, seq: pending.seq },
    outcome,
  };
}

function take(record: OrderRecord, step: Step): OrderRecord {
  const decision = decide(definition, record, toStimulus(record, step), START, leases);
  if (decision.kind !== 'moved')
    throw new Error(`${JSON.stringify(step)} in ${record.state} is ${decision.kind}`);
  return applyCommit(record, decision.commit) as OrderRecord;
}

/** The states that the order goes through, and the record at the end. */
function tell(steps: Step[]): { states: string[]; end: OrderRecord } {
  let record = placedOrder();
  const states = [record.state];
  for (const step of steps) {
    record = take(record, step);
    states.push(record.state);
  }
  return { states, end: record };
}

const stories: { name: string; steps: Step[]; path: string; reason?: string; payment?: string }[] = [
  {
    name: 'the happy way',
    steps: [held, captured, booked, sent],
    path: 'validating charging shipping confirming completed',
    payment: 'captured',
  },
  {
    name: 'refused at validation',
    steps: [{ type: 'order.refused', reason, heldSome: false }],
    path: 'validating rejected',
    reason: 'out_of_stock',
  },
  {
    name: 'refused when some of its stock is held',
    steps: [{ type: 'order.refused', reason, heldSome: true }, released],
    path: 'validating releasing rejected',
    reason: 'out_of_stock',
  },
  {
    name: 'declined',
    steps: [held, { type: 'payment.declined', reason: { code: 'insufficient_funds', detail: '' } }, released],
    path: 'validating charging releasing declined',
    reason: 'insufficient_funds',
  },
  {
    name: 'no carrier takes it',
    steps: [
      held,
      captured,
      { type: 'shipment.refused', reason: { code: 'undeliverable_address', detail: '' } },
      undone,
      released,
    ],
    path: 'validating charging shipping refunding releasing rejected',
    reason: 'undeliverable_address',
    payment: 'refunded',
  },
  {
    name: 'cancelled while it is validated',
    steps: ['order.cancel', released],
    path: 'validating releasing cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'cancelled while the card is charged',
    steps: [held, 'order.cancel', nothingUndone, released],
    path: 'validating charging refunding releasing cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'cancelled while the shipment is booked',
    steps: [held, captured, 'order.cancel', recalled, undone, released],
    path: 'validating charging shipping recalling refunding releasing cancelled',
    reason: 'cancelled_by_request',
    payment: 'refunded',
  },
  {
    name: 'validation fails at every attempt',
    steps: ['fails', released],
    path: 'validating releasing rejected',
    reason: 'validation_unavailable',
  },
  {
    name: 'payment fails at every attempt',
    steps: [held, 'fails', nothingUndone, released],
    path: 'validating charging refunding releasing declined',
    reason: 'payment_unavailable',
  },
  {
    name: 'shipping fails at every attempt',
    steps: [held, captured, 'fails', recalled, undone, released],
    path: 'validating charging shipping recalling refunding releasing rejected',
    reason: 'shipping_unavailable',
    payment: 'refunded',
  },
  {
    name: 'the payment is overdue',
    steps: [held, 'overdue', undone, released],
    path: 'validating charging refunding releasing declined',
    reason: 'payment_overdue',
  },
  {
    name: 'the shipment is overdue',
    steps: [held, captured, 'overdue', recalled, undone, released],
    path: 'validating charging shipping recalling refunding releasing rejected',
    reason: 'shipping_overdue',
    payment: 'refunded',
  },
  {
    name: 'the refund fails until an operator retries it',
    steps: [held, 'order.cancel', 'fails', 'order.retry', undone, released],
    path: 'validating charging refunding needsAttention refunding releasing cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'the release fails until an operator retries it',
    steps: ['order.cancel', 'fails', 'order.retry', released],
    path: 'validating releasing needsAttention releasing cancelled',
    reason: 'cancelled_by_request',
  },
  {
    name: 'the recall fails until an operator retries it',
    steps: [held, captured, 'order.cancel', 'fails', 'order.retry', recalled, undone, released],
    path: 'validating charging shipping recalling needsAttention recalling refunding releasing cancelled',
    reason: 'cancelled_by_request',
    payment: 'refunded',
  },
  {
    name: 'the confirmation fails until an operator retries it',
    steps: [held, captured, booked, 'fails', 'order.retry', sent],
    path: 'validating charging shipping confirming needsAttention confirming completed',
    payment: 'captured',
  },
];

for (const { name, steps, path, reason: code, payment } of stories) {
  test(`an order's life: ${name}`, (t) => {
    const { states, end } = tell(steps);
    t.is(states.join(' '), path);
    t.is(end.status, 'done');
    t.is(end.snapshot.context.reason?.code, code);
    t.is(end.snapshot.context.payment?.status, payment as 'captured');
    t.deepEqual([end.invocations, end.timers, end.allowedCommands], [[], [], []]);
    t.deepEqual(
      end.history.map(({ seq }) => seq),
      end.history.map((_, index) => index + 1),
    );
  });
}

test('every reachable state has a way to a final one, whatever fails on the way', (t) => {
  const outputs: Record<string, object[]> = {
    validation: [
      held,
      { type: 'order.refused', reason, heldSome: false },
      { type: 'order.refused', reason, heldSome: true },
    ],
    payment: [captured, { type: 'payment.declined', reason }],
    shipment: [booked, { type: 'shipment.refused', reason }],
    confirmation: [sent],
    recall: [recalled],
    refund: [undone, nothingUndone],
    release: [released],
  };
  const stepsFrom = (record: OrderRecord): Step[] => [
    ...record.invocations.flatMap(({ id }): Step[] => ['fails', ...(outputs[id] ?? [])]),
    ...record.timers.slice(0, 1).map((): Step => 'overdue'),
    ...record.allowedCommands.map((command) => command as Step),
  ];
  const nameOf = ({ state, snapshot }: OrderRecord) =>
    JSON.stringify([
      state,
      snapshot.context.ending,
      snapshot.context.stuckIn,
      snapshot.context.payment?.status,
    ]);
  const nodes = new Map<string, { final: boolean; next: Set<string> }>();
  const explore = (record: OrderRecord): string => {
    const name = nameOf(record);
    if (nodes.has(name)) return name;
    const node = { final: record.status === 'done', next: new Set<string>() };
    nodes.set(name, node);
    if (!node.final) for (const step of stepsFrom(record)) node.next.add(explore(take(record, step)));
    return name;
  };
  explore(placedOrder());
  const canEnd = new Set([...nodes].filter(([, { final }]) => final).map(([name]) => name));
  for (let grown = true; grown; ) {
    const more = [...nodes].filter(
      ([name, { next }]) => !canEnd.has(name) && [...next].some((to) => canEnd.has(to)),
    );
    for (const [name] of more) canEnd.add(name);
    grown = more.length > 0;
  }
  t.deepEqual(
    [...nodes.keys()].filter((name) => !canEnd.has(name)),
    [],
  );
  t.true(nodes.size > 20, `only ${nodes.size} situations were reached`);
});

test('a cancel is refused once the parcel is booked, and after the end', (t) => {
  const { end: confirming } = tell([held, captured, booked]);
  const { end: completed } = tell([held, captured, booked, sent]);
  for (const record of [confirming, completed]) {
    const decision = decide(definition, record, toStimulus(record, 'order.cancel'), START, leases);
    t.is(decision.kind, 'refused');
    t.false(record.allowedCommands.includes('order.cancel'));
  }
});
