/** What people see of an order, as schemas: REST and the feed are documented by them, and their answers held to them. */
import { z } from 'zod';
import type { OrderView, TransitionView } from '../machines/order-view.ts';

const reason = z
  .strictObject({
    code: z.string(),
    detail: z.string(),
    lines: z.array(z.strictObject({ sku: z.string(), detail: z.string() })).exactOptional(),
  })
  .meta({ id: 'Reason', description: 'Why an order did not complete: in a word, and in a sentence.' });

const count = z.int().min(0);
const quantity = z.int().min(1);
const lineNumber = z.int().min(1).meta({ description: 'Counted from 1, as the lines of the order stand.' });

const line = z.strictObject({
  line: lineNumber,
  sku: z.string(),
  quantity,
  unitPriceMinor: count,
  cancelled: quantity.exactOptional(),
  returned: quantity.exactOptional(),
});

const shipment = z.strictObject({
  shipmentId: z.string(),
  carrier: z.string(),
  trackingNumber: z.string(),
  status: z.enum(['booked', 'pickedUp', 'inTransit', 'delivered', 'lost']),
  lines: z.array(z.strictObject({ line: lineNumber, quantity })).exactOptional(),
  settled: z.boolean().exactOptional(),
});

const payment = z.strictObject({
  paymentId: z.string(),
  status: z.enum(['pending', 'captured', 'partlyRefunded', 'refunded']),
  capturedMinor: count,
  refundedMinor: count,
  byHandMinor: count
    .exactOptional()
    .meta({ description: 'Of what is refunded: given back by operators, by other means than the gateway.' }),
});

/** An order. */
export const orderView = z
  .strictObject({
    id: z.string(),
    state: z.string(),
    final: z.boolean(),
    seq: z.int().min(1).meta({ description: 'Its version: one more at every transition.' }),
    customerId: z.string(),
    reference: z.string().exactOptional(),
    currency: z.string().meta({ description: 'ISO 4217.' }),
    amountMinor: count.meta({ description: "In the currency's minor unit." }),
    dueMinor: count.meta({ description: 'What is to be paid for what is not cancelled.' }),
    refundableMinor: count.meta({ description: 'What is paid and not given back: no refund can be more.' }),
    lines: z.array(line),
    shippingAddress: z.strictObject({
      name: z.string(),
      street: z.string(),
      city: z.string(),
      postalCode: z.string(),
      country: z.string(),
    }),
    fulfilment: z.enum(['automatic', 'manual']),
    payment: payment.exactOptional(),
    shipments: z.array(shipment).meta({ description: 'The parcels, in the order of their booking.' }),
    hold: z.strictObject({ reason: z.string() }).exactOptional(),
    reason: reason.exactOptional(),
    trouble: z
      .string()
      .exactOptional()
      .meta({ description: 'For operators, while it needs attention: what the last attempt failed of.' }),
    allowedEvents: z.array(z.string()).meta({ description: 'The commands that the viewer may send now.' }),
    machineVersion: z
      .string()
      .exactOptional()
      .meta({ description: 'For operators: the version of the machine that runs it.' }),
    placedAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    archivedAt: z.iso.datetime().exactOptional().meta({ description: 'Since when it is out of the lists.' }),
  })
  .meta({ id: 'Order' }) satisfies z.ZodType<OrderView>;

/** One transition of an order. */
export const transitionView = z
  .strictObject({
    orderId: z.string(),
    seq: z.int().min(1),
    at: z.iso.datetime(),
    type: z.string().meta({ description: 'What happened: a past-tense fact or a command.' }),
    from: z.string(),
    to: z.string(),
    final: z.boolean(),
    by: z.string().meta({ description: 'Who caused it: a role, or `system`.' }),
    lines: z
      .array(z.strictObject({ line: lineNumber, quantity }))
      .exactOptional()
      .meta({ description: 'The units that it is about: cancelled, sent or returned.' }),
    amountMinor: count.exactOptional().meta({
      description: 'The money that came in or was given back by it, or that it asks to be given back.',
    }),
    reason: reason.exactOptional(),
  })
  .meta({ id: 'Transition' }) satisfies z.ZodType<TransitionView>;

/** One transition as the history tells it. */
export const historyEntryView = transitionView
  .extend({
    byId: z.string().exactOptional().meta({ description: 'For operators: which user, or which provider.' }),
    trouble: z
      .string()
      .exactOptional()
      .meta({ description: 'For operators: what the last attempt failed of.' }),
    hash: z
      .string()
      .exactOptional()
      .meta({ description: 'Over this entry and the hash of the one before; absent in older entries.' }),
  })
  .meta({ id: 'HistoryEntry' });
