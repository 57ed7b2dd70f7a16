/** The sandbox carrier: it plays a parcel service, with a ledger that orders bookings and recalls. */
import { createHash } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Address, Reason } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import type { Booking, Carrier } from '../ports/shipping.ts';
import { type LedgerEntry, openLedger } from './sandbox-ledger.ts';

/** One parcel; once recalled it stays recalled. */
interface ParcelEntry extends LedgerEntry {
  status: 'booked' | 'recalled';
  /** Absent when the key was recalled before it was booked. */
  orderId?: string;
  at: Date;
}

/** What the sandbox carrier needs. */
export interface SandboxCarrierOptions {
  /** To a database of the carrier's own. */
  connection: Connection;
  clock: Clock;
}

const RECALLED: Reason = {
  code: 'shipment_recalled',
  detail: 'The shipment was called back before it was booked.',
};

/** ISO 3166 keeps ZZ free for its users: here it is the country that nobody delivers to. */
const EMBARGOED_COUNTRIES: readonly string[] = ['ZZ'];

function refusal({ postalCode, country }: Address): Reason | undefined {
  if (postalCode === '00000')
    return { code: 'undeliverable_address', detail: 'The carrier knows no such address.' };
  if (EMBARGOED_COUNTRIES.includes(country))
    return { code: 'embargoed_country', detail: `The carrier does not deliver to ${country}.` };
  return undefined;
}

/** The same key is the same parcel, in every process. */
function bookingOf(key: string): Booking {
  const hash = createHash('sha256').update(key).digest('hex');
  const trackingNumber = `ORDO${hash.slice(0, 16).toUpperCase()}`;
  return {
    status: 'booked',
    shipmentId: `shp_${hash.slice(16, 48)}`,
    carrier: 'Sandbox Parcel',
    trackingNumber,
  };
}

/**
 * The sandbox carrier on that ledger; a booking costs one insert. It refuses the postal code `00000` and
 * the country `ZZ`, so that people can see a refusal.
 */
export function createSandboxCarrier({ connection, clock }: SandboxCarrierOptions): Carrier {
  const parcels = openLedger<ParcelEntry>(connection, 'parcels');
  return {
    async book({ key, orderId, address }) {
      const reason = refusal(address);
      if (reason) return { status: 'refused', reason };
      if (await parcels.insert({ _id: key, status: 'booked', orderId, at: clock.now() }))
        return bookingOf(key);
      const parcel = await parcels.find(key);
      return parcel?.status === 'booked' ? bookingOf(key) : { status: 'refused', reason: RECALLED };
    },
    async recall(key) {
      const recalled = { status: 'recalled', at: clock.now() } as const;
      if (await parcels.insert({ _id: key, ...recalled })) return;
      await parcels.change({ _id: key }, { $set: recalled });
    },
  };
}
