/** The command line of `npm run replay`. */
import { parseArgs } from 'node:util';

/** What `--help` prints. */
export const USAGE = `npm run replay -- FILE.csv.gz [options]

Runs the invoices of FILE as orders through an engine, by its public API and feed alone. A credit invoice (C) returns
what its customer bought before: of the latest purchase of the product first, as soon as that order is completed.

  --url URL          the engine, such as http://127.0.0.1:3000; without it, one is started for the run
  --email E          an operator's email (or ORDO_OPERATOR_EMAIL)
  --password P       and password (or ORDO_OPERATOR_PASSWORD); not needed for an engine of its own
  --orders N         the first N ordinary invoices only, and the credit invoices that came before the next
  --rate R           place R orders a second; without it, as fast as the engine answers
  --concurrency C    requests at once (16)
  --stock N          units of each product; without it, as many as the invoices need
  --timeout S        seconds that a request is tried again, and that the last order is waited for (120)
  --json FILE        write the report there, too

Exit code 0: no order is stuck and the conservation of stock and money is exact; 1 otherwise.`;

/** Who the tool acts as. */
export interface Credentials {
  email: string;
  password: string;
}

/** The command line, read and checked. */
export interface Options {
  file: string;
  /** Absent: start an engine for the run. */
  url?: string;
  operator?: Credentials;
  orders: number;
  /** Orders a second. */
  rate?: number;
  concurrency: number;
  stock?: number;
  timeoutMs: number;
  json?: string;
}

/** A command line that cannot be used; its message says what to do. */
export class UsageError extends Error {}

/**
 * Reads the arguments; undefined when help is asked for.
 * @throws UsageError on an option that does not exist or has a senseless value.
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError(`Expected one file, got ${positionals.length}. See --help.`);
  const email = values.email ?? env.ORDO_OPERATOR_EMAIL;
  const password = values.password ?? env.ORDO_OPERATOR_PASSWORD;
  const operator = email !== undefined && password !== undefined ? { email, password } : undefined;
  if (values.url !== undefined && !operator)
    throw new UsageError('A running engine needs an operator: give --email and --password.');
  return {
    file,
    ...(values.url !== undefined && { url: readUrl(values.url) }),
    ...(operator && { operator }),
    orders: readNumber('orders', values.orders, 1) ?? Number.POSITIVE_INFINITY,
    ...given('rate', readNumber('rate', values.rate, 0.001, false)),
    concurrency: readNumber('concurrency', values.concurrency, 1) ?? 16,
    ...given('stock', readNumber('stock', values.stock, 0)),
    timeoutMs: (readNumber('timeout', values.timeout, 1) ?? 120) * 1000,
    ...(values.json !== undefined && { json: values.json }),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        url: text,
        email: text,
        password: text,
        orders: text,
        rate: text,
        concurrency: text,
        stock: text,
        timeout: text,
        json: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message} See --help.`);
  }
}

function readUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new UsageError(`--url: expected something like http://127.0.0.1:3000, got ${text}.`);
  return new URL(text).origin;
}

function readNumber(
  name: string,
  text: string | undefined,
  minimum: number,
  whole = true,
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= minimum && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw new UsageError(`--${name}: expected ${kind} from ${minimum}, got "${text}".`);
}

function given<K extends string>(name: K, value: number | undefined): { [key in K]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: number });
}
