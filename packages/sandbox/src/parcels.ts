/** The carrier's decisions: pure functions from the parcel under a key, and a request, to what stands then. */
import { createHash } from 'node:crypto';
import { type Decision, type Reply, refuse } from './decision.ts';
import type { Move } from './events.ts';
import type { Reason } from './tokens.ts';

export interface ParcelRequest {
  key: string;
  orderId: string;
  address: { postalCode: string; country: string };
}

/** One key: of a parcel, or barred before its parcel was booked. */
export interface ParcelEntry {
  status: 'booked' | Move | 'recalled';
  /** Absent when the key was barred. */
  orderId?: string;
}

/** How far a parcel has come: it never goes back. */
const PROGRESS = { booked: 0, pickedUp: 1, inTransit: 2, delivered: 3, lost: 3, recalled: 4 } as const;

const RECALLED: Reason = {
  code: 'shipment_recalled',
  detail: 'The shipment was called back before it was booked.',
};

/** ISO 3166 keeps ZZ free for its users: here it is the country that nobody delivers to. */
const EMBARGOED_COUNTRY = 'ZZ';
const UNKNOWN_POSTAL_CODE = '00000';

function refusalOf({ postalCode, country }: ParcelRequest['address']): Reason | undefined {
  if (postalCode === UNKNOWN_POSTAL_CODE)
    return { code: 'undeliverable_address', detail: 'The carrier knows no such address.' };
  if (country === EMBARGOED_COUNTRY)
    return { code: 'embargoed_country', detail: `The carrier does not deliver to ${country}.` };
  return undefined;
}

/** The same key is the same parcel. */
export function labelOf(key: string): { shipmentId: string; carrier: string; trackingNumber: string } {
  const hash = createHash('sha256').update(key).digest('hex');
  return {
    shipmentId: `shp_${hash.slice(16, 48)}`,
    carrier: 'Sandbox Parcel',
    trackingNumber: `ORDO${hash.slice(0, 16).toUpperCase()}`,
  };
}

/** Where the parcel is; 404 where nothing is known of the key. */
export function viewParcel(key: string, entry: ParcelEntry | undefined): Reply {
  if (entry === undefined) return refuse(404, 'not-found', `There is no parcel under the key ${key}.`);
  return { status: 200, body: { status: entry.status } };
}

/** Books, once under that key. */
export function book(entry: ParcelEntry | undefined, request: ParcelRequest): Decision<ParcelEntry> {
  const { key, orderId, address } = request;
  const refused = (reason: Reason) => ({ reply: { status: 200, body: { status: 'refused', reason } } });
  const booked = { status: 200, body: { status: 'booked', ...labelOf(key) } };
  if (entry?.status === 'recalled') return refused(RECALLED);
  if (entry !== undefined) return { reply: booked };
  const reason = refusalOf(address);
  return reason ? refused(reason) : { entry: { status: 'booked', orderId }, reply: booked };
}

/** Calls the parcel back, wherever it is on its way, or bars the key; what has arrived or is lost it refuses. */
export function recall(key: string, entry: ParcelEntry | undefined): Decision<ParcelEntry> {
  if (entry?.status === 'delivered' || entry?.status === 'lost') {
    const detail = `The parcel ${key} cannot be called back: it is ${entry.status}.`;
    return { reply: refuse(409, 'conflict', detail) };
  }
  const recalled: ParcelEntry = { ...entry, status: 'recalled' };
  const reply = viewParcel(key, recalled);
  return entry?.status === 'recalled' ? { reply } : { entry: recalled, reply };
}

/** Moves the parcel on; a move that is behind where it is already changes nothing. */
export function advance(key: string, entry: ParcelEntry | undefined, move: Move): Decision<ParcelEntry> {
  if (entry?.orderId === undefined || PROGRESS[move] <= PROGRESS[entry.status])
    return { reply: viewParcel(key, entry) };
  const moved: ParcelEntry = { ...entry, status: move };
  const { shipmentId, trackingNumber } = labelOf(key);
  const data = { orderId: entry.orderId, parcelKey: key, shipmentId, trackingNumber };
  return { entry: moved, reply: viewParcel(key, moved), event: { type: `parcel.${move}`, data } };
}

/** Where a parcel that moves by itself gets to next; undefined at the end. */
export function nextMove(status: ParcelEntry['status']): Move | undefined {
  if (status === 'booked') return 'pickedUp';
  if (status === 'pickedUp') return 'inTransit';
  return status === 'inTransit' ? 'delivered' : undefined;
}
