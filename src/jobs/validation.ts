/** What makes an order one that can be taken: pure. */
import validator from 'validator';
import type { Address, OrderInput, Reason } from '../machines/order-types.ts';
import type { Shortfall, StockClaim } from '../ports/stock.ts';

const countryNames = new Intl.DisplayNames('en', { type: 'region' });

/** The reason why nothing can be sent to that address; undefined when it looks right. */
export function checkAddress({ country, postalCode }: Address): Reason | undefined {
  const refuse = (detail: string): Reason => ({ code: 'bad_address', detail });
  if (!validator.isISO31661Alpha2(country))
    return refuse(`There is no country with the code ${country} (ISO 3166-1).`);
  const locale = country as validator.PostalCodeLocale;
  if (validator.isPostalCodeLocales.includes(locale) && !validator.isPostalCode(postalCode, locale))
    return refuse(`"${postalCode}" is not a postal code of ${countryNames.of(country)}.`);
  return undefined;
}

/** The units that an order wants of each product; lines of the same product are one claim. */
export function claimsOf({ lines, currency, pricing }: OrderInput): StockClaim[] {
  const claims = new Map<string, { quantity: number; prices: Set<number> }>();
  for (const { sku, quantity, unitPriceMinor } of lines) {
    const claim = claims.get(sku) ?? { quantity: 0, prices: new Set<number>() };
    claim.quantity += quantity;
    claim.prices.add(unitPriceMinor);
    claims.set(sku, claim);
  }
  return [...claims].map(([sku, { quantity, prices }]) => ({
    sku,
    quantity,
    currency,
    pricesMinor: pricing === 'agreed' ? undefined : [...prices],
  }));
}

/** One sentence on why a product cannot be held. */
function explain(shortfall: Shortfall): string {
  const { sku, code } = shortfall;
  switch (code) {
    case 'unknown_product':
      return `There is no product ${sku}.`;
    case 'not_goods':
      return `${sku} is a charge, not goods that can be ordered.`;
    case 'currency_changed':
      return `${sku} is sold in ${shortfall.currency}.`;
    case 'price_changed':
      return `${sku} costs ${shortfall.priceMinor} now (minor units).`;
    case 'out_of_stock':
      return `Of ${sku}, ${shortfall.available} are available.`;
  }
}

/** The reason of a refusal: its code is the first product's, its lines name them all. */
export function refusalOf(shortfalls: Shortfall[]): Reason {
  const lines = shortfalls.map((shortfall) => ({ sku: shortfall.sku, detail: explain(shortfall) }));
  return {
    code: shortfalls[0]?.code ?? 'out_of_stock',
    detail: lines.map(({ detail }) => detail).join(' '),
    lines,
  };
}
