/** Registers the customers of the invoices, and one more for all guests. */
import { randomBytes } from 'node:crypto';
import { type Api, expectOk } from './api.ts';
import type { Invoice } from './invoices.ts';
import { createLimit } from './limit.ts';

/** The engine's id for each customer of the file; the guests' stands under `undefined`. */
export type CustomerIds = Map<string | undefined, string>;

/** The customers of the invoices, each once; `undefined` for the guests. */
export function customersOf(invoices: Invoice[]): (string | undefined)[] {
  return [...new Set(invoices.map(({ customer }) => customer))];
}

/**
 * Registers them under names of this run, for nobody knows the passwords of an earlier one.
 * @throws Error when the engine refuses one.
 */
export async function registerCustomers(
  api: Api,
  runId: string,
  customers: (string | undefined)[],
  concurrency: number,
  onDone: () => void,
): Promise<CustomerIds> {
  const limit = createLimit(concurrency);
  const registerOne = async (customer: string | undefined): Promise<[string | undefined, string]> => {
    const username = `${customer === undefined ? 'guests' : `c${customer}`}-${runId}`;
    const email = `${username}@replay.example`;
    const password = randomBytes(24).toString('base64url');
    const registered = await api.send<Registered>('POST', '/auth/register', { email, username, password });
    // A conflict is our own first try, whose answer was lost: the run's names are nobody else's.
    const conflict = !registered.ok && registered.status === 409;
    const { user } = expectOk(
      `Customer ${username}`,
      conflict ? await api.send<Registered>('POST', '/auth/login', { email, password }) : registered,
    );
    onDone();
    return [customer, user.id];
  };
  return new Map(await Promise.all(customers.map((customer) => limit(() => registerOne(customer)))));
}

interface Registered {
  user: { id: string };
}
