/** Retail lines become invoices: grouped, in order of arrival, and not mended. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import {
  chooseInvoices,
  groupInvoices,
  isCredit,
  type RetailRow,
  readRetailFile,
} from '../../tools/replay/invoices.ts';

const row = (fields: Partial<RetailRow>): RetailRow => ({
  InvoiceNo: '1',
  StockCode: '10001',
  Description: 'A LAMP',
  Quantity: '1',
  InvoiceDate: '2010-12-01 08:00:00',
  UnitPrice: '2.55',
  CustomerID: '17850.0',
  Country: 'United Kingdom',
  ...fields,
});

test('lines of one invoice come together, wherever they stand', (t) => {
  const invoices = groupInvoices([
    row({ StockCode: 'a' }),
    row({ InvoiceNo: '2' }),
    row({ StockCode: 'b' }),
    row({ StockCode: 'a' }),
  ]);
  t.deepEqual(
    invoices.map(({ invoiceNo, lines }) => [invoiceNo, lines.map(({ sku }) => sku)]),
    [
      ['1', ['a', 'b', 'a']],
      ['2', ['10001']],
    ],
  );
});

test('order of arrival is the date of the first line, then the place in the file', (t) => {
  const invoices = groupInvoices([
    row({ InvoiceNo: '9', InvoiceDate: '2010-12-02 10:00:00' }),
    row({ InvoiceNo: '7', InvoiceDate: '2010-12-01 10:00:00' }),
    row({ InvoiceNo: '5', InvoiceDate: '2010-12-01 10:00:00' }),
    row({ InvoiceNo: '9', InvoiceDate: '2010-11-30 10:00:00' }),
  ]);
  t.deepEqual(
    invoices.map(({ invoiceNo }) => invoiceNo),
    ['7', '5', '9'],
  );
});

test('credit invoices stand among the others, by their date', (t) => {
  const invoices = groupInvoices([
    row({ InvoiceNo: 'C1', InvoiceDate: '2010-12-02 10:00:00' }),
    row({ InvoiceNo: '1' }),
    row({ InvoiceNo: 'C1', InvoiceDate: '2010-12-02 10:00:00' }),
    row({ InvoiceNo: '2', InvoiceDate: '2010-12-03 10:00:00' }),
  ]);
  t.deepEqual(
    invoices.map((invoice) => [invoice.invoiceNo, isCredit(invoice)]),
    [
      ['1', false],
      ['C1', true],
      ['2', false],
    ],
  );
});

test('the first so many ordinary invoices come with the credits before the next one', (t) => {
  const invoices = groupInvoices(
    ['1', 'C1', '2', 'C2', 'C3', '3', 'C4'].map((InvoiceNo) => row({ InvoiceNo })),
  );
  const chosen = (count: number) => chooseInvoices(invoices, count).map(({ invoiceNo }) => invoiceNo);
  t.deepEqual(chosen(1), ['1', 'C1']);
  t.deepEqual(chosen(2), ['1', 'C1', '2', 'C2', 'C3']);
  t.is(chosen(3).length, 7);
  t.is(chosen(Number.POSITIVE_INFINITY).length, 7);
});

test('prices are exact pence, and what makes no sense stays as it stands', (t) => {
  const invoices = groupInvoices([
    row({ UnitPrice: '2.55', Quantity: '-3' }),
    row({ UnitPrice: '0.0' }),
    row({ UnitPrice: '-11062.06' }),
    row({ UnitPrice: '0.001' }),
  ]);
  t.deepEqual(
    invoices[0]?.lines.map(({ quantity, unitPriceMinor }) => [quantity, unitPriceMinor]),
    [
      [-3, 255],
      [1, 0],
      [1, -1_106_206],
      [1, 0.1],
    ],
  );
});

test('a customer is a number without its decimal point, and a guest has none', (t) => {
  const invoices = groupInvoices([row({}), row({ InvoiceNo: '2', CustomerID: '' })]);
  t.deepEqual(
    invoices.map(({ customer }) => customer),
    ['17850', undefined],
  );
});

test('a file is read gzipped or plain; one without a column is refused by the name of the column', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordo-invoices-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const header = Object.keys(row({})).join(',');
  const csv = `${header}\n1,10001,"LAMP, RED",6,2010-12-01 08:26:00,2.55,,Norway\n`;
  await writeFile(path.join(folder, 'a.csv.gz'), gzipSync(csv));
  await writeFile(path.join(folder, 'a.csv'), `\uFEFF${csv}`);
  const zipped = await readRetailFile(path.join(folder, 'a.csv.gz'));
  t.deepEqual(zipped, await readRetailFile(path.join(folder, 'a.csv')));
  t.is(zipped[0]?.lines[0]?.description, 'LAMP, RED');

  await writeFile(path.join(folder, 'b.csv'), csv.replace('UnitPrice', 'Price'));
  await t.throwsAsync(readRetailFile(path.join(folder, 'b.csv')), {
    message: /lacks the columns UnitPrice; found/,
  });
});
