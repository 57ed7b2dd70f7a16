/** A notice to tell, with changes. */
import type { OrderView } from '../../src/machines/order-view.ts';
import type { Notice, NoticeTemplate } from '../../src/ports/notifier.ts';
import type { User } from '../../src/ports/users.ts';

let orders = 0;

const ADA: User = {
  id: 'u1',
  email: 'ada@shop.example',
  username: 'Ada Lovelace',
  role: 'customer',
  createdAt: new Date('2026-01-01T00:00:00Z'),
};

/** A notice of a key of its own, about an order of two mugs on its way. */
export function newNotice(
  template: NoticeTemplate = 'confirmation',
  recipient: Partial<User> = {},
  order: Partial<OrderView> = {},
): Notice {
  const id = `order-${process.pid}-${++orders}`;
  return {
    key: `${id}.${template}`,
    template,
    recipient: { ...ADA, ...recipient },
    order: {
      id,
      state: 'completed',
      final: true,
      seq: 5,
      customerId: ADA.id,
      currency: 'USD',
      amountMinor: 3_998,
      dueMinor: 3_998,
      refundableMinor: 3_998,
      lines: [{ line: 1, sku: 'MUG', quantity: 2, unitPriceMinor: 1_999 }],
      fulfilment: 'automatic',
      shippingAddress: { name: 'Ada', street: '1 Main', city: 'Graz', postalCode: '8010', country: 'AT' },
      payment: { paymentId: 'p1', status: 'captured', capturedMinor: 3_998, refundedMinor: 0 },
      shipments: [
        {
          shipmentId: 's1',
          carrier: 'Parcel Co',
          trackingNumber: 'TRK-1',
          status: 'booked',
          lines: [{ line: 1, quantity: 2 }],
        },
      ],
      allowedEvents: [],
      placedAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:01.000Z',
      ...order,
    },
  };
}
