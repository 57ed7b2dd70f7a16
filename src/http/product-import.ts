/** Brings in a CSV file of products as it streams by: never more of it in memory than a batch of rows. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { CsvError, type Parser, parse } from 'csv-parse';
import { TerminalError } from '../platform/errors.ts';
import type { Imported, NewProduct, ProductRepository } from '../ports/products.ts';
import { type Fault, InvalidRequest } from './faults.ts';
import { NEEDED_COLUMNS, productRow } from './product-schemas.ts';
import { validate } from './validate.ts';

/** What became of a file; `errors` holds the first hundred faults. */
export interface ImportReport extends Imported {
  rows: number;
  failed: number;
  errors: Fault[];
}

const BATCH_ROWS = 500;
const ROW_MAX_BYTES = 65_536;
const ERRORS_MAX = 100;

/** What an import needs: where the products go, and how many rows it may have. */
export interface ImportParts {
  products: Pick<ProductRepository, 'importAll'>;
  now: Date;
  maxRows: number;
}

/**
 * Imports what is sound and reports what is not, row by row. The rows before a fault that stops it are imported
 * all the same: sending the file again does no harm.
 * @throws TerminalError `malformed-body` when it is no CSV, or has not the columns; `body-too-large` beyond the rows
 */
export async function importProducts(request: IncomingMessage, parts: ImportParts): Promise<ImportReport> {
  const report: ImportReport = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, errors: [] };
  try {
    await importRows(openCsv(request, parts.maxRows), parts, report);
  } catch (error) {
    if (request.destroyed && !request.complete)
      throw new TerminalError('malformed-body', 'The file broke off before its end.', { cause: error });
    // What is still on its way is let in and forgotten, so that the client gets to read the answer.
    request.resume();
    if (!(error instanceof CsvError)) throw error;
    const detail = `After ${report.rows} rows, which are imported: ${error.message.slice(0, 300)}`;
    throw new TerminalError('malformed-body', detail, { cause: error });
  }
  return report;
}

function openCsv(request: IncomingMessage, maxRows: number): Parser {
  const parser = parse({
    bom: true,
    columns: checkedColumns,
    skip_empty_lines: true,
    trim: true,
    max_record_size: ROW_MAX_BYTES,
    // One more than is taken shows that there are too many; the others cost nothing.
    to: maxRows + 1,
  });
  // Not the request itself: a pipeline destroys its source, and with it the connection that waits for the answer.
  pipeline(request.iterator({ destroyOnReturn: false }), parser, () => {});
  return parser;
}

/** @throws TerminalError `malformed-body` when the header is not one of products */
function checkedColumns(header: string[]): string[] {
  const missing = NEEDED_COLUMNS.filter((column) => !header.includes(column));
  const unknown = header.filter((column) => !Object.hasOwn(productRow.shape, column));
  if (missing.length === 0 && unknown.length === 0 && new Set(header).size === header.length) return header;
  const known = Object.keys(productRow.shape).join(', ');
  throw new TerminalError(
    'malformed-body',
    `Expected a first row with the columns ${NEEDED_COLUMNS.join(', ')}, each once, and of others only ${known}.`,
  );
}

async function importRows(rows: Parser, parts: ImportParts, report: ImportReport): Promise<void> {
  const { products, now, maxRows } = parts;
  const seen = new Set<string>();
  let batch: NewProduct[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const { created, updated, unchanged } = await products.importAll(batch, now);
    report.created += created;
    report.updated += updated;
    report.unchanged += unchanged;
    batch = [];
  };
  for await (const row of rows) {
    if (report.rows === maxRows) {
      await flush();
      const detail = `At most ${maxRows} rows are taken at once. So many are imported; send the others by themselves.`;
      throw new TerminalError('body-too-large', detail);
    }
    const pointer = `/rows/${report.rows}`;
    report.rows += 1;
    const product = productIn(row, pointer, report);
    if (product === undefined) continue;
    if (seen.has(product.sku)) fail(report, [{ pointer: `${pointer}/sku`, code: 'duplicate' }]);
    else batch.push(product);
    seen.add(product.sku);
    if (batch.length === BATCH_ROWS) await flush();
  }
  await flush();
}

function productIn(
  row: Record<string, string>,
  pointer: string,
  report: ImportReport,
): NewProduct | undefined {
  const cells = Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== ''));
  try {
    return validate(productRow, cells, pointer);
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    fail(report, error.faults);
    return undefined;
  }
}

function fail(report: ImportReport, faults: Fault[]): void {
  report.failed += 1;
  report.errors.push(...faults.slice(0, ERRORS_MAX - report.errors.length));
}
