/** A carrier over HTTP, in the API of the sandbox (`packages/sandbox/README.md`). */
import { z } from 'zod';
import type { Booking, Carrier } from '../ports/shipping.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';

const booking = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('booked'),
    shipmentId: z.string(),
    carrier: z.string(),
    trackingNumber: z.string(),
  }),
  z.object({ status: z.literal('refused'), reason: z.object({ code: z.string(), detail: z.string() }) }),
]);

const parcel = z.object({
  status: z.enum(['booked', 'pickedUp', 'inTransit', 'delivered', 'lost', 'recalled']),
});

/** The carrier at that address. */
export function createHttpCarrier(options: Omit<HttpClientOptions, 'name'>): Carrier {
  const { post, get } = createHttpClient({ ...options, name: 'the carrier' });
  return {
    book: (request) => post<Booking>(['parcels'], request, booking),
    async recall(key) {
      await post(['parcels', key, 'recall'], {}, parcel);
    },
    track: async (key) => (await get(['parcels', key], parcel))?.status,
  };
}
