/** Who may see an order, and how it is shown. */
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { type Context, isOperator, viewerIn } from './context.ts';

/**
 * The order, if whoever asks may see it.
 * @throws TerminalError `not-found`: somebody else's order and a missing one are refused alike, to the byte
 */
export async function visible(
  orders: Pick<OrderActors, 'read'>,
  ctx: Context,
  orderId: string,
): Promise<OrderRecord> {
  const viewer = viewerIn(ctx);
  const record = await orders.read(orderId);
  if (!record || (!isOperator(viewer) && record.input.customerId !== viewer.userId)) {
    throw new TerminalError('not-found', 'There is no such order.');
  }
  return record;
}

/** Answers with the order, and its seq as `ETag`. */
export function answer(ctx: Context, record: OrderRecord): void {
  ctx.set('ETag', `"${record.seq}"`);
  ctx.body = viewOrder(record, viewerIn(ctx).role);
}

/**
 * Whose orders may be listed: the customer asked for; else one's own, or, for operators, everybody's (undefined).
 * @throws TerminalError `forbidden`
 */
export function whose(ctx: Context, customerId: string | undefined): string | undefined {
  const viewer = viewerIn(ctx);
  if (isOperator(viewer)) return customerId;
  if (customerId === undefined || customerId === viewer.userId) return viewer.userId;
  throw new TerminalError('forbidden', 'Only operators may list the orders of others.');
}
