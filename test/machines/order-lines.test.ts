import test from 'ava';
import {
  addLines,
  amountOf,
  bySku,
  dueMinor,
  keptLines,
  nextParcel,
  paidMinor,
  returnableLines,
  unitsOf,
  unsentLines,
  within,
} from '../../src/machines/order-lines.ts';
import type { LineQuantity, OrderContext, OrderInput } from '../../src/machines/order-types.ts';
import {
  adjustmentInput,
  afterReturn,
  booked,
  bookingInput,
  receive,
  refunded,
  returnOf,
  takeBackInput,
} from '../../src/machines/order-work.ts';
import { createRandom } from '../simulation/scheduler.ts';
import { placedOrder } from '../support/orders.ts';

const CASES = 300;

interface Lot {
  context: OrderContext;
  below(limit: number): number;
}

/** An order of one to four lines of one to five units, paid, with parcels of one to six units. */
function draw(seed: number): Lot {
  const random = createRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const lines = Array.from({ length: 1 + below(4) }, () => ({
    sku: `S${below(3)}`,
    quantity: 1 + below(5),
    unitPriceMinor: below(1_000),
  }));
  const amountMinor = lines.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0);
  const { policy } = placedOrder().input;
  const changes = { lines, amountMinor, policy: { ...policy, parcelUnits: 1 + below(6) } };
  const { input } = placedOrder('order-1', changes);
  return {
    context: { input, chargeAttempt: 1, payment: receive({ paymentId: 'p', amountMinor }) },
    below,
  };
}

/** Some of what is available: never nothing. */
function someOf(available: LineQuantity[], { below }: Lot): LineQuantity[] {
  const some = available
    .map(({ line, quantity }) => ({ line, quantity: below(quantity + 1) }))
    .filter(({ quantity }) => quantity > 0);
  return some.length > 0 ? some : available.slice(0, 1);
}

const ordered = (input: OrderInput) => keptLines({ input, cancelled: [] });

function eachLot(run: (lot: Lot) => void): void {
  for (let seed = 1; seed <= CASES; seed += 1) run(draw(seed));
}

test('each unit goes into one parcel, and no parcel holds more than it may', (t) => {
  eachLot((lot) => {
    let { context } = lot;
    if (lot.below(2) === 1 && unitsOf(ordered(context.input)) > 1)
      context = { ...context, cancelled: [{ line: 1, quantity: 1 }] };
    while (unsentLines(context).length > 0) {
      const { lines = keptLines(context) } = bookingInput(context);
      t.true(
        unitsOf(lines) >= 1 &&
          unitsOf(lines) <= (context.input.policy.parcelUnits ?? Number.POSITIVE_INFINITY),
      );
      t.true(within(lines, unsentLines(context)));
      const booking = {
        type: 'shipment.booked' as const,
        shipmentId: 's',
        carrier: 'c',
        trackingNumber: 't',
      };
      context = { ...context, shipments: booked(context, booking) };
    }
    const inParcels = (context.shipments ?? []).reduce<LineQuantity[]>(
      (all, { lines }) => addLines(all, lines ?? keptLines(context)),
      [],
    );
    t.deepEqual(inParcels, keptLines(context));
  });
});

test('whatever is cancelled, units and money are what is kept and what is given back', (t) => {
  eachLot((lot) => {
    let { context } = lot;
    const { input } = context;
    let backMinor = 0;
    for (let round = 0; round < 4 && unitsOf(keptLines(context)) > 1; round += 1) {
      context = { ...context, cancelled: addLines(context.cancelled, someOf(unsentLines(context), lot)) };
      const { keep, refund } = adjustmentInput(context);
      t.deepEqual(
        keep.filter(({ quantity }) => quantity > 0),
        bySku(input, keptLines(context)).sort(
          (a, b) =>
            input.lines.findIndex(({ sku }) => sku === a.sku) -
            input.lines.findIndex(({ sku }) => sku === b.sku),
        ),
      );
      backMinor += refund?.amountMinor ?? 0;
      context = { ...context, ...refunded(context, refund?.amountMinor ?? 0), refunds: round + 1 };
      t.is(paidMinor(context.payment), dueMinor(context));
      t.is(unitsOf(keptLines(context)) + unitsOf(context.cancelled ?? []), unitsOf(ordered(input)));
    }
    t.is(backMinor + dueMinor(context), input.amountMinor);
  });
});

test('whatever comes back, never more than was bought, and never more money than was paid', (t) => {
  eachLot((lot) => {
    let { context } = lot;
    for (let round = 1; round <= 12; round += 1) {
      const left = returnableLines(context);
      const paid = paidMinor(context.payment);
      const lines = someOf(left, lot);
      const command =
        left.length === 0 || lot.below(3) === 0
          ? { type: 'order.refund' as const, amountMinor: lot.below(paid + 1) }
          : { type: 'order.return' as const, lines, restock: lot.below(2) === 1 };
      context = { ...context, refunds: round, returning: returnOf(context, command) };
      const { refund, restock } = takeBackInput(context);
      const back = refund?.amountMinor ?? 0;
      t.true(back <= paid);
      if (command.type === 'order.return') {
        t.is(back, Math.min(paid, amountOf(context.input, lines)));
        t.deepEqual(restock, command.restock ? bySku(context.input, lines) : []);
      }
      context = { ...context, ...afterReturn(context, back) };
    }
    t.true(within(context.returned ?? [], ordered(context.input)) || context.returned === undefined);
    t.true(paidMinor(context.payment) >= 0);
  });
});

test('what is asked for must name lines once, and no more than is there', (t) => {
  const available = [
    { line: 1, quantity: 2 },
    { line: 3, quantity: 1 },
  ];
  const cases: [LineQuantity[], boolean][] = [
    [[{ line: 1, quantity: 2 }], true],
    [available, true],
    [[], false],
    [[{ line: 1, quantity: 3 }], false],
    [[{ line: 2, quantity: 1 }], false],
    [[{ line: 3, quantity: 0 }], false],
    [
      [
        { line: 1, quantity: 1 },
        { line: 1, quantity: 1 },
      ],
      false,
    ],
  ];
  for (const [asked, holds] of cases) t.is(within(asked, available), holds, JSON.stringify(asked));
});

test('a parcel that holds the whole order as placed names no lines', (t) => {
  const { context } = draw(1);
  const roomy = {
    ...context,
    input: { ...context.input, policy: { ...context.input.policy, parcelUnits: 99 } },
  };
  t.is(nextParcel(roomy), undefined);
  t.deepEqual(unsentLines({ ...roomy, shipments: [] }), ordered(context.input));
});
