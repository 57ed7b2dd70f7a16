import test from 'ava';
import { dueMinor, keptLines, unitsOf } from '../../src/machines/order-lines.ts';
import { allowedEventsFor, COMMAND_ROLES, type OrderRecord } from '../../src/machines/order-view.ts';
import type { OrderChanges } from '../support/orders.ts';
import { type Situation, walk } from './walk.ts';

const line = (sku: string, quantity: number, unitPriceMinor: number) => ({ sku, quantity, unitPriceMinor });
/** One unit a parcel. */
const policy = {
  paymentOverdueMs: 60_000,
  shippingOverdueMs: 60_000,
  unpaidExpiryMs: 60_000,
  parcelUnits: 1,
};
const two = { lines: [line('CUP', 1, 500), line('POT', 1, 1500)], amountMinor: 2000, policy };

const kinds: Record<string, OrderChanges> = {
  'two lines in two parcels, ended by a decline': two,
  'two units of one line in two parcels, waiting after a decline': {
    lines: [line('CUP', 2, 500)],
    amountMinor: 1000,
    policy,
    onDecline: 'wait',
  },
  'two lines sent by hand, paid later': { ...two, fulfilment: 'manual', paymentToken: undefined },
};

const walks = new Map<string, Map<string, Situation>>();
const walked = (kind: string): Map<string, Situation> => {
  const known = walks.get(kind) ?? walk(kinds[kind] ?? {});
  walks.set(kind, known);
  return known;
};

function faultOf({ record }: Situation): string | undefined {
  const { payment, returned, shipments = [], cancelled = [] } = record.snapshot.context;
  const context = { ...record.snapshot.context, input: record.input };
  const { capturedMinor, refundedMinor } = payment ?? { capturedMinor: 0, refundedMinor: 0 };
  const inParcels = shipments.reduce((sum, parcel) => sum + unitsOf(parcel.lines ?? keptLines(context)), 0);
  if (refundedMinor > capturedMinor) return 'more money given back than taken';
  if (
    unitsOf(cancelled) + unitsOf(returned ?? []) >
    unitsOf(keptLines({ input: record.input, cancelled: [] }))
  )
    return 'more units gone than were ordered';
  if (inParcels > unitsOf(keptLines(context))) return 'more units in parcels than are kept';
  if (record.state === 'delivered' && capturedMinor - refundedMinor > dueMinor(context))
    return 'delivered, and too much is paid';
  return undefined;
}

function waysOut({ record }: Situation): number {
  const { invocations, timers } = record;
  return invocations.length + timers.length + allowedEventsFor(record, 'operator').length;
}

for (const kind of Object.keys(kinds)) {
  test(`${kind}: from everywhere there is a way to an end, by work, deadline or operator`, (t) => {
    const situations = walked(kind);
    const canEnd = new Set(
      [...situations].filter(([, { record }]) => record.status === 'done').map(([n]) => n),
    );
    for (let before = 0; before < canEnd.size; ) {
      before = canEnd.size;
      for (const [name, { next }] of situations)
        if ([...next.values()].some((to) => canEnd.has(to))) canEnd.add(name);
    }
    const all = [...situations];
    t.deepEqual(
      all.filter(([name]) => !canEnd.has(name)).map(([name]) => name),
      [],
      'no way to an end',
    );
    t.deepEqual(
      all.filter(([, each]) => each.record.status !== 'done' && waysOut(each) === 0).map(([name]) => name),
      [],
      'nothing pending, and nothing that an operator can do',
    );
    t.true(situations.size > 1_000, `only ${situations.size} situations were reached`);
  });

  test(`${kind}: nowhere is more given back than taken, or more sent than kept`, (t) => {
    for (const [name, situation] of walked(kind)) t.is(faultOf(situation), undefined, name);
  });

  test(`${kind}: what is said to be allowed is taken in some form, what is not is refused in every form`, (t) => {
    for (const [name, { record, taken, refused }] of walked(kind))
      for (const command of Object.keys(COMMAND_ROLES)) {
        const allowed = record.allowedCommands.includes(command);
        if (allowed !== taken.has(command))
          t.fail(`${command} is ${allowed ? '' : 'not '}allowed in ${name}`);
        else if (!allowed && !refused.has(command)) t.fail(`${command} was not tried in ${name}`);
      }
    t.pass();
  });
}

/** The commands that each state takes in one situation or another. */
const TAKEN: Record<string, string> = {
  validating: 'cancel cancelLines hold',
  charging: 'cancel cancelLines hold',
  awaitingPayment: 'cancel cancelLines hold pay',
  settling: 'cancel',
  adjusting: 'cancel hold',
  onHold: 'cancel cancelLines resume',
  awaitingShipment: 'cancel cancelLines hold ship',
  shipping: 'cancel hold',
  locating: 'cancel hold',
  confirming: '',
  closing: '',
  completed: 'refund return',
  delivered: 'refund return',
  parcelLost: 'complete refund return',
  returning: '',
  concluding: '',
  acknowledging: '',
  returned: '',
  recalling: 'cancel',
  refunding: 'cancel',
  releasing: 'cancel',
  notifying: '',
  needsAttention: 'cancel cancelLines complete retry',
  rejected: '',
  declined: '',
  cancelled: '',
  expired: '',
};

test('each state takes these commands, and refuses all others', (t) => {
  const byState = new Map<string, { record: OrderRecord; commands: Set<string> }>();
  for (const kind of Object.keys(kinds))
    for (const { record, taken } of walked(kind).values()) {
      const known = byState.get(record.state) ?? { record, commands: new Set<string>() };
      byState.set(record.state, known);
      for (const type of taken)
        if (type.startsWith('order.')) known.commands.add(type.slice('order.'.length));
    }
  t.deepEqual(
    Object.fromEntries([...byState].map(([state, { commands }]) => [state, [...commands].sort().join(' ')])),
    TAKEN,
  );
});
