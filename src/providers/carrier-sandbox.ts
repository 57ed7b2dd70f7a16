/** The sandbox carrier: it plays a parcel service, with a ledger that orders bookings and recalls. */
import { createHash } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Address, ParcelStatus, Reason } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Booking, Carrier } from '../ports/shipping.ts';
import { type LedgerEntry, openLedger } from './sandbox-ledger.ts';

/** One parcel; it moves on and never back, and once recalled it stays recalled. */
interface ParcelEntry extends LedgerEntry {
  status: ParcelStatus | 'recalled';
  /** Absent when the key was recalled before it was booked. */
  orderId?: string;
  at: Date;
}

/** The carrier, and what moves its parcels. */
export interface SandboxCarrier extends Carrier {
  /** Moves a parcel on; a move that is behind where it is already changes nothing. */
  advance(key: string, status: Exclude<ParcelStatus, 'booked'>): Promise<void>;
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

/** From where a parcel can get there. */
const BEFORE: Readonly<Record<Exclude<ParcelStatus, 'booked'>, ParcelStatus[]>> = {
  pickedUp: ['booked'],
  inTransit: ['booked', 'pickedUp'],
  delivered: ['booked', 'pickedUp', 'inTransit'],
  lost: ['booked', 'pickedUp', 'inTransit'],
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
export function createSandboxCarrier({ connection, clock }: SandboxCarrierOptions): SandboxCarrier {
  const parcels = openLedger<ParcelEntry>(connection, 'parcels', clock);
  return {
    async book({ key, orderId, address }) {
      const reason = refusal(address);
      if (reason) return { status: 'refused', reason };
      if (await parcels.insert({ _id: key, status: 'booked', orderId, at: clock.now() }))
        return bookingOf(key);
      const parcel = await parcels.find(key);
      return parcel?.status === 'recalled' ? { status: 'refused', reason: RECALLED } : bookingOf(key);
    },
    async recall(key) {
      const recalled = { status: 'recalled', at: clock.now() } as const;
      if (await parcels.insert({ _id: key, ...recalled })) return;
      const onItsWay = { _id: key, status: { $nin: ['delivered', 'lost'] } } as const;
      if (await parcels.change(onItsWay, { $set: recalled })) return;
      throw new TerminalError(
        'conflict',
        `The parcel ${key} has arrived or is lost: it cannot be called back.`,
      );
    },
    async track(key) {
      return (await parcels.find(key))?.status;
    },
    async advance(key, status) {
      await parcels.change({ _id: key, status: { $in: BEFORE[status] } }, { $set: { status } });
    },
  };
}
