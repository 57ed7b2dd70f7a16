/** What people may ask of an order, as a request gives it: one strict shape a command. */
import { z } from 'zod';
import type { OrderCommand } from '../machines/order-types.ts';
import { LINES_MAX, PRICE_MINOR_MAX, QUANTITY_MAX, text } from './schemas.ts';

const reason = text(500).exactOptional();

const lines = z
  .array(z.strictObject({ line: z.int().min(1).max(LINES_MAX), quantity: z.int().min(1).max(QUANTITY_MAX) }))
  .min(1)
  .max(LINES_MAX);

const tracking = { carrier: text(100), trackingNumber: text(100) };

/** A body that may be left out. */
export const cancelBody = z.strictObject({ reason });

/** Any command. */
export const commandBody = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('order.cancel'), reason }),
    z.strictObject({ type: z.literal('order.cancelLines'), lines, reason }),
    z.strictObject({ type: z.literal('order.pay'), token: text(200) }),
    z.strictObject({ type: z.literal('order.hold'), reason: text(500) }),
    z.strictObject({ type: z.literal('order.resume') }),
    z.strictObject({ type: z.literal('order.retry') }),
    z.strictObject({ type: z.literal('order.ship'), ...tracking, lines: lines.exactOptional() }),
    z.strictObject({ type: z.literal('order.complete') }),
    z.strictObject({ type: z.literal('order.return'), lines, restock: z.boolean().default(true), reason }),
    z.strictObject({
      type: z.literal('order.refund'),
      amountMinor: z.int().min(1).max(PRICE_MINOR_MAX),
      reason,
    }),
  ])
  .meta({ id: 'Command' });

/** What would happen if: nothing does. */
export const simulationBody = z.strictObject({ event: commandBody });

/** The statuses of the older APIs, in capitals or not. */
const STATUSES = ['CANCELLED', 'ON_HOLD', 'PROCESSING', 'SHIPPED', 'COMPLETED'] as const;

/** `PUT /orders/:id/status`, as the older APIs have it. */
export const statusBody = z
  .strictObject({
    status: z
      .string()
      .max(20)
      .meta({ examples: STATUSES, description: 'In capitals or not.' })
      .transform((status) => status.toUpperCase())
      .pipe(z.enum(STATUSES)),
    reason,
    trackingNumber: tracking.trackingNumber.exactOptional(),
    carrier: tracking.carrier.exactOptional(),
  })
  .refine(({ status, trackingNumber }) => (status === 'SHIPPED') === (trackingNumber !== undefined), {
    message: 'tracking_number_with_shipped_alone',
    path: ['trackingNumber'],
  });

/** The command that a status of the older APIs asks for; `allowed` are the commands that the order takes now. */
export function commandOfStatus(
  { status, reason: given, trackingNumber, carrier }: z.output<typeof statusBody>,
  allowed: readonly string[],
): OrderCommand {
  switch (status) {
    case 'CANCELLED':
      return { type: 'order.cancel', ...(given !== undefined && { reason: given }) };
    case 'ON_HOLD':
      return { type: 'order.hold', reason: given ?? 'Held by an operator.' };
    case 'PROCESSING':
      return { type: allowed.includes('order.retry') ? 'order.retry' : 'order.resume' };
    case 'SHIPPED':
      return { type: 'order.ship', carrier: carrier ?? 'other', trackingNumber: trackingNumber ?? '' };
    case 'COMPLETED':
      return { type: 'order.complete' };
  }
}
