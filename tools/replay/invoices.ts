/** Reads a file of retail lines as invoices: each is an order to be, in the order of its arrival. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';

const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;

/** One line of the file, as text. */
export type RetailRow = Record<(typeof COLUMNS)[number], string>;

/** One line of an invoice, as it stands in the file: nothing is mended, so any number may be senseless. */
export interface InvoiceLine {
  sku: string;
  description: string;
  quantity: number;
  /** Pence; not a whole number where the file has parts of a penny. */
  unitPriceMinor: number;
}

/** An invoice of the file. */
export interface Invoice {
  invoiceNo: string;
  /** Sortable text, such as `2010-12-01 08:26:00`. */
  date: string;
  /** Absent for a guest. */
  customer?: string;
  country: string;
  lines: InvoiceLine[];
}

/** Whether an invoice takes back what earlier ones sold: those that begin with C, with negative quantities. */
export const isCredit = ({ invoiceNo }: Invoice): boolean => invoiceNo.startsWith('C');

/** The first so many ordinary invoices, and the credits that came before the next one. */
export function chooseInvoices(invoices: Invoice[], ordinary: number): Invoice[] {
  const next = invoices.filter((invoice) => !isCredit(invoice))[ordinary];
  return next === undefined ? invoices : invoices.slice(0, invoices.indexOf(next));
}

/**
 * Reads a CSV file, gzipped when its name ends in `.gz`.
 * @throws Error when the file cannot be read or lacks a column.
 */
export async function readRetailFile(file: string): Promise<Invoice[]> {
  const rows: RetailRow[] = [];
  const collect = async (source: AsyncIterable<RetailRow>) => {
    for await (const row of source) rows.push(row);
  };
  const parser = parse({ bom: true, columns: checkColumns });
  if (file.endsWith('.gz')) await pipeline(createReadStream(file), createGunzip(), parser, collect);
  else await pipeline(createReadStream(file), parser, collect);
  return groupInvoices(rows);
}

function checkColumns(header: string[]): string[] {
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  throw new Error(`The file lacks the columns ${missing.join(', ')}; found ${header.join(', ')}.`);
}

/**
 * Groups the lines by invoice, wherever they stand; an invoice's date is its first line's. The invoices, credits
 * among them, are in the order of their date, then of their place in the file.
 */
export function groupInvoices(rows: RetailRow[]): Invoice[] {
  const invoices = new Map<string, Invoice>();
  for (const row of rows) {
    const known = invoices.get(row.InvoiceNo);
    const invoice = known ?? startInvoice(row);
    if (!known) invoices.set(row.InvoiceNo, invoice);
    invoice.lines.push({
      sku: row.StockCode,
      description: row.Description.trim(),
      quantity: Number(row.Quantity),
      unitPriceMinor: toMinor(row.UnitPrice),
    });
  }
  return [...invoices.values()].sort((a, b) => (a.date < b.date ? -1 : Number(a.date > b.date)));
}

function startInvoice({ InvoiceNo, InvoiceDate, CustomerID, Country }: RetailRow): Invoice {
  const customer = CustomerID.replace(/\.0$/, '');
  return {
    invoiceNo: InvoiceNo,
    date: InvoiceDate,
    ...(customer !== '' && { customer }),
    country: Country,
    lines: [],
  };
}

/** Shifts the decimal point in the text, for 2.55 * 100 is not 255. */
function toMinor(price: string): number {
  return Number(`${price}e2`);
}
