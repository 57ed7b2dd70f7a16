import test from 'ava';
import { formatMoney, toMinor } from '../../src/platform/currency.ts';

/** Intl's blanks are not all the same. */
const plain = (text: string) => text.replaceAll(/\s/g, ' ');

for (const [amountMinor, currency, language, expected] of [
  [1_999, 'USD', 'en', '$19.99'],
  [1_999_000, 'VND', 'vi', '1.999.000 ₫'],
  [1_999_000, 'VND', 'en', '₫1,999,000'],
  [1_999, 'EUR', 'vi', '19,99 €'],
  [1_999, 'JPY', 'en', '¥1,999'],
  [1_999, 'KWD', 'en', 'KWD 1.999'],
  // People write these without decimals; their minor unit has two all the same, and IQD's three.
  [1_999, 'HUF', 'en', 'HUF 19.99'],
  [1_999, 'IDR', 'en', 'IDR 19.99'],
  [1_999, 'IQD', 'en', 'IQD 1.999'],
  [Number.MAX_SAFE_INTEGER, 'USD', 'en', '$90,071,992,547,409.91'],
  [0, 'USD', 'en', '$0.00'],
] as const)
  test(`${amountMinor} of ${currency} in ${language} is ${expected}`, (t) => {
    t.is(plain(formatMoney(amountMinor, currency, language)), expected);
  });

for (const [amount, currency, expected] of [
  ['19.99', 'USD', 1_999],
  ['0.29', 'USD', 29],
  ['19.9', 'EUR', 1_990],
  ['19', 'EUR', 1_900],
  ['19.990', 'EUR', 1_999],
  ['19.999', 'EUR', undefined],
  ['1.999', 'KWD', 1_999],
  ['45000', 'VND', 45_000],
  ['45000.00', 'VND', 45_000],
  ['45000.5', 'VND', undefined],
  ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
] as const)
  test(`${amount} ${currency} is ${expected} in minor units`, (t) =>
    t.is(toMinor(amount, currency), expected));
