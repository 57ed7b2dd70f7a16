/** The catalogue that a file of invoices implies. */
import test from 'ava';
import type { Invoice, InvoiceLine } from '../../tools/replay/invoices.ts';
import { deriveProducts, kindOf } from '../../tools/replay/products.ts';

const line = (sku: string, quantity: number, unitPriceMinor: number, description = ''): InvoiceLine => ({
  ...{ sku, quantity, unitPriceMinor, description },
});
const invoice = (...lines: InvoiceLine[]): Invoice => ({ invoiceNo: '1', date: '', country: 'EIRE', lines });

test('goods are known by the shape of their code, all else is a charge', (t) => {
  for (const sku of ['85123A', '71053', '79323GR', '15056bl', 'DCGS0076', 'gift_0001_40'])
    t.is(kindOf(sku), 'goods', sku);
  for (const sku of ['POST', 'DOT', 'M', 'm', 'C2', 'D', 'S', 'AMAZONFEE', 'BANK CHARGES', '123', '123456'])
    t.is(kindOf(sku), 'charge', sku);
});

test('name and price come from the whole file, the stock from the chosen invoices', (t) => {
  const chosen = invoice(line('10001', 3, 0), line('10001', -2, 250), line('10001', 4, 300));
  const other = invoice(line('10001', 9, 300, 'A LAMP'), line('20002', 1, 100, 'A BELL'));
  t.deepEqual(deriveProducts([chosen, other], [chosen]), [
    { sku: '10001', name: 'A LAMP', kind: 'goods', priceMinor: 300, currency: 'GBP', stock: 7 },
  ]);
});

test('of prices that are equally common the first is taken; without any, 0, and the code for a name', (t) => {
  const all = [invoice(line('10001', 1, 200), line('10001', 1, 100), line('M', 1, 0), line('M', 1, -5))];
  t.deepEqual(
    deriveProducts(all, all).map(({ name, priceMinor }) => [name, priceMinor]),
    [
      ['10001', 200],
      ['M', 0],
    ],
  );
});

test('a stock that is given holds for every product', (t) => {
  const all = [invoice(line('10001', 5, 200), line('20002', 1, 100))];
  t.deepEqual(
    deriveProducts(all, all, 2).map(({ stock }) => stock),
    [2, 2],
  );
});
