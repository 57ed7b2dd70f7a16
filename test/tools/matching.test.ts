/** What a credit invoice takes back: of its customer's earlier purchases, and never more than is left of them. */
import test from 'ava';
import type { Invoice } from '../../tools/replay/invoices.ts';
import { type BoughtLine, matchCredit, type Purchase } from '../../tools/replay/matching.ts';

const bought = (sku: string, left: number, unitPriceMinor = 100): BoughtLine => ({
  sku,
  left,
  unitPriceMinor,
});
const sold = (orderId: string, ...lines: BoughtLine[]): Purchase => ({ outcome: 'sold', orderId, lines });
const credit = (...lines: [sku: string, quantity: number][]): Invoice => ({
  ...{ invoiceNo: 'C1', date: '', customer: '17850', country: 'EIRE' },
  lines: lines.map(([sku, quantity]) => ({ sku, description: '', quantity, unitPriceMinor: 1 })),
});

const shown = (invoice: Invoice, earlier: Purchase[]) => {
  const { returns, unmatched } = matchCredit(invoice, earlier);
  return {
    returns: returns.map(({ orderId, lines }) => [
      orderId,
      ...lines.map(({ line, quantity }) => [line, quantity]),
    ]),
    unmatched: unmatched.map(({ reason, units }) => `${reason} ${units}`),
  };
};

test('the latest purchase comes back first, then the ones before it', (t) => {
  const earlier = [
    sold('a', bought('10001', 5)),
    sold('b', bought('20002', 5)),
    sold('c', bought('10001', 2)),
  ];
  t.deepEqual(shown(credit(['10001', -2]), earlier), { returns: [['c', [1, 2]]], unmatched: [] });
  t.deepEqual(shown(credit(['10001', -4]), earlier), {
    returns: [
      ['a', [1, 2]],
      ['c', [1, 2]],
    ],
    unmatched: [],
  });
});

test('lines of one product share what was bought, in the credit and in the order', (t) => {
  const earlier = [sold('a', bought('10001', 1), bought('20002', 9), bought('10001', 3))];
  t.deepEqual(shown(credit(['10001', -2], ['20002', -1], ['10001', -1]), earlier), {
    returns: [['a', [1, 1], [2, 1], [3, 2]]],
    unmatched: [],
  });
});

test('never more than was bought and is left', (t) => {
  const earlier = [sold('a', bought('10001', 3)), sold('b', bought('10001', 0))];
  t.deepEqual(shown(credit(['10001', -2], ['10001', -5]), earlier), {
    returns: [['a', [1, 3]]],
    unmatched: ['more_than_bought 4'],
  });
});

test('each line that goes with no purchase says why', (t) => {
  const refused: Purchase = { outcome: 'refused', lines: [bought('30003', 3)] };
  const unfinished: Purchase = { outcome: 'unfinished', lines: [bought('40004', 3)] };
  const lines: [string, number][] = [
    ['10001', -2],
    ['30003', -1],
    ['40004', -1],
    ['POST', -1],
    ['20002', 4],
    ['20002', -0.5],
  ];
  t.deepEqual(shown(credit(...lines), [refused, unfinished]), {
    returns: [],
    unmatched: [
      'never_bought 2',
      'purchase_refused 1',
      'purchase_unfinished 1',
      'not_goods 1',
      'quantity_not_negative 4',
      'quantity_not_negative 0.5',
    ],
  });
});

test('a guest’s credit belongs to nobody', (t) => {
  const { customer: _, ...guest } = credit(['10001', -2], ['D', -1]);
  t.deepEqual(shown(guest, []), { returns: [], unmatched: ['no_customer 2', 'not_goods 1'] });
});

test('matching alone changes nothing: what is left is the caller’s to lower', (t) => {
  const line = bought('10001', 3);
  matchCredit(credit(['10001', -2]), [sold('a', line)]);
  t.is(line.left, 3);
});
