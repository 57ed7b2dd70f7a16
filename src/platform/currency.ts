/** Minor units of currencies, as ISO 4217 has them, and amounts as people write them. */

/**
 * How many decimals a currency's minor unit stands for, where they are not two. `Intl` cannot be asked: it knows how
 * people write a currency (forints and Indonesian rupiahs without decimals), not what its minor unit is.
 */
const DECIMALS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  }).flatMap(([decimals, codes]) => codes.split(' ').map((code) => [code, Number(decimals)] as const)),
);

/**
 * The amount in minor units, exactly; undefined where the currency has no such fractions.
 * @param amount in major units, as digits with or without a point: `19.99`
 */
export function toMinor(amount: string, currency: string): number | undefined {
  const decimals = DECIMALS.get(currency) ?? 2;
  const [whole = '', fraction = ''] = amount.split('.');
  const digits = fraction.replace(/0+$/, '');
  return digits.length > decimals ? undefined : Number(whole + digits.padEnd(decimals, '0'));
}

/** One a language and currency: making one costs more than all the rest of a letter. */
const formats = new Map<string, Intl.NumberFormat>();

/**
 * The amount as people of that language write it, with all the decimals of its minor unit.
 * @param currency three capital letters of ISO 4217
 * @param language a BCP 47 tag
 */
export function formatMoney(amountMinor: number, currency: string, language: string): string {
  const decimals = DECIMALS.get(currency) ?? 2;
  const name = `${language} ${currency}`;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const format =
    formats.get(name) ?? new Intl.NumberFormat(language, { style: 'currency', currency, ...digits });
  formats.set(name, format);
  // As a text, which is read exactly: a division loses the last digit of great amounts.
  return format.format(`${amountMinor}E-${decimals}` as `${number}`);
}
