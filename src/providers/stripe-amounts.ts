/** Amounts as Stripe counts them: in ISO 4217's minor units, but for a few currencies. */
import { TerminalError } from '../platform/errors.ts';

/** Stripe's units in one minor unit. The króna has no minor unit, but Stripe counts in hundredths of it. */
const UNITS: Readonly<Record<string, number>> = { ISK: 100 };

/** Counted by Stripe otherwise than by ISO 4217, or not clearly so: a charge would be a hundred times off. */
const UNSUPPORTED: readonly string[] = ['MGA', 'UGX'];

const unitsOf = (currency: string) => UNITS[currency.toUpperCase()] ?? 1;

/**
 * The amount in Stripe's units.
 * @throws TerminalError `invalid-request` for a currency that this adapter does not charge.
 */
export function toStripeAmount(amountMinor: number, currency: string): number {
  if (!UNSUPPORTED.includes(currency.toUpperCase())) return amountMinor * unitsOf(currency);
  throw new TerminalError(
    'invalid-request',
    `${currency} cannot be charged by Stripe; use another currency.`,
  );
}

/** The amount in minor units of an amount that Stripe tells. */
export function fromStripeAmount(amount: number, currency: string): number {
  return amount / unitsOf(currency);
}
