/** Makes a shipping address out of the little that the data set tells: a country and a customer. */
import type { Address } from '../../src/machines/order-types.ts';

// ISO 3166-1 alpha-2, and a postal code that the country really has, for the engine checks its form.
const COUNTRIES: Readonly<Record<string, readonly [code: string, postalCode: string]>> = {
  Australia: ['AU', '2000'],
  Austria: ['AT', '1010'],
  Bahrain: ['BH', '317'],
  Belgium: ['BE', '1000'],
  Brazil: ['BR', '01310-100'],
  Canada: ['CA', 'K1A 0B1'],
  // The Channel Islands have no code in common; Jersey is the largest.
  'Channel Islands': ['JE', 'JE2 3NF'],
  Cyprus: ['CY', '1010'],
  'Czech Republic': ['CZ', '110 00'],
  Denmark: ['DK', '1050'],
  EIRE: ['IE', 'D02 AF30'],
  Finland: ['FI', '00100'],
  France: ['FR', '75001'],
  Germany: ['DE', '10115'],
  Greece: ['GR', '105 57'],
  'Hong Kong': ['HK', '999077'],
  Iceland: ['IS', '101'],
  Israel: ['IL', '9100001'],
  Italy: ['IT', '00184'],
  Japan: ['JP', '100-0001'],
  Lebanon: ['LB', '1107'],
  Lithuania: ['LT', 'LT-01100'],
  Malta: ['MT', 'VLT 1117'],
  Netherlands: ['NL', '1012 AB'],
  Norway: ['NO', '0150'],
  Poland: ['PL', '00-001'],
  Portugal: ['PT', '1000-001'],
  RSA: ['ZA', '8001'],
  'Saudi Arabia': ['SA', '11564'],
  Singapore: ['SG', '018956'],
  Spain: ['ES', '28001'],
  Sweden: ['SE', '111 20'],
  Switzerland: ['CH', '8001'],
  'United Arab Emirates': ['AE', '00000'],
  'United Kingdom': ['GB', 'EC1A 1BB'],
  USA: ['US', '10001'],
};

/** The address of a customer (absent: a guest); a country that is not known goes as it stands, to be refused. */
export function addressOf(country: string, customer: string | undefined): Address {
  const [code, postalCode] = COUNTRIES[country] ?? [country, '00000'];
  return {
    name: customer === undefined ? 'Guest' : `Customer ${customer}`,
    street: '1 High Street',
    city: country,
    postalCode,
    country: code,
  };
}
