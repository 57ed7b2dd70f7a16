/** The outside world of a measured engine: idempotent, inside the process, at about 0 ms, as in peers/lib/shop.mjs. */

/**
 * What the workload needs of the gateway, the carrier and the notifier. Nothing can be undone here: a run in which
 * something has to be has failed.
 * @param {{onCharge: (orderId: string, token: string) => void, untilOpen: () => Promise<void>}} hooks `untilOpen`
 * is waited for before each capture, so that a part can hold orders in flight.
 */
export function createProviders({ onCharge, untilOpen }) {
  const charges = new Map();
  const bookings = new Map();
  return {
    gateway: {
      async capture({ key, orderId, amountMinor, paymentToken }) {
        await untilOpen();
        onCharge(orderId, paymentToken);
        const charge = charges.get(key) ?? {
          status: 'captured',
          paymentId: `ch_${key}`,
          amountMinor,
          refunds: [],
        };
        charges.set(key, charge);
        return charge;
      },
      lookUp: async (key) => charges.get(key),
    },
    carrier: {
      async book({ key }) {
        const shipmentId = `shp_${key}`;
        const booking = bookings.get(key) ?? {
          status: 'booked',
          shipmentId,
          carrier: 'sim',
          trackingNumber: `TRK${key}`,
        };
        bookings.set(key, booking);
        return booking;
      },
    },
    notifier: { send: async ({ key }) => ({ messageId: key }) },
    readers: {},
    close: () => undefined,
  };
}
