import test from 'ava';
import { whyNot } from '../../src/machines/order-refusals.ts';
import type { OrderCommand } from '../../src/machines/order-types.ts';
import { decideOn, live, type Step, steps } from './life.ts';

const { held, captured, booked, sent, ship, cancelLines, giveBack, refund, tracked } = steps;
const sale = [held, captured(), booked(), sent];
const byHand = { fulfilment: 'manual' as const };

const refusals: { of: Step; after: Step[]; says: RegExp; changes?: object }[] = [
  { of: cancelLines(1, 3), after: [held], says: /^Of line 1, 2 can be cancelled, not 3/ },
  { of: cancelLines(3, 1), after: [held], says: /^Of line 3, 0 can be cancelled/ },
  {
    of: { say: { type: 'order.cancelLines', lines: [1, 1].map((line) => ({ line, quantity: 1 })) } },
    after: [held],
    says: /^Line 1 is named twice/,
  },
  {
    of: {
      say: {
        type: 'order.cancelLines',
        lines: [
          { line: 1, quantity: 2 },
          { line: 2, quantity: 1 },
        ],
      },
    },
    after: [held],
    says: /send order\.cancel instead/,
  },
  {
    of: ship('V2', 1, 2),
    after: [held, captured(), ship('V1', 1)],
    changes: byHand,
    says: /^Of line 1, 1 can be sent, not 2/,
  },
  {
    of: giveBack(1, 2),
    after: [...sale, giveBack(1, 1), steps.takenBack(500), 'fails'],
    says: /^Of line 1, 1 can be returned, not 2/,
  },
  { of: refund(2501), after: sale, says: /^2500 can be refunded, not 2501/ },
  {
    of: cancelLines(1, 1),
    after: [held, captured(), booked(), tracked('pickedUp'), 'fails'],
    changes: { policy: { paymentOverdueMs: 1, shippingOverdueMs: 1, unpaidExpiryMs: 1, parcelUnits: 1 } },
    says: /cancel all that is not sent/,
  },
];

for (const { of, after, says, changes = {} } of refusals)
  test(`a refusal for what is asked says so: ${says.source}`, (t) => {
    const { end } = live(after, { changes });
    t.is(decideOn(end, of).kind, 'refused');
    const { say } = of as { say: OrderCommand };
    t.regex(whyNot(end, say) ?? '', says);
  });

test('a refusal for the state has no other words', (t) => {
  t.is(whyNot(live(sale).end, { type: 'order.cancel' }), undefined);
});
