/** A socket's subscriptions to single orders. */
import { mayWatch } from '../machines/order-access.ts';
import { transitionsAfter } from '../machines/order-history.ts';
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { ViewerSocket } from './authenticate.ts';
import { refuse, type SubscribeReply } from './messages.ts';
import type { OrderStream } from './order-stream.ts';

const ROOM_PREFIX = 'order/';

/** The room of those who watch that order. */
export const orderRoom = (orderId: string): string => ROOM_PREFIX + orderId;

/** The order whose room it is; undefined when it is another one. */
export function orderOfRoom(room: string): string | undefined {
  return room.startsWith(ROOM_PREFIX) ? room.slice(ROOM_PREFIX.length) : undefined;
}

/** Answers with the order and what was missed, and lets the socket into the order's room in the same step. */
export async function subscribeToOrder(
  socket: ViewerSocket,
  { orderId, afterSeq }: { orderId: string; afterSeq: number },
  { stream, logger }: { stream: OrderStream; logger: Logger },
  reply: (answer: SubscribeReply) => void,
): Promise<void> {
  // The answer repeats what the client has not seen; nothing may come before it.
  socket.leave(orderRoom(orderId));
  const begin = (record: OrderRecord | undefined) => {
    const { viewer } = socket.data;
    if (!socket.connected) return;
    if (!record || !mayWatch(viewer, record))
      return reply(refuse('not-found', `There is no order ${orderId}.`));
    reply({
      ok: true,
      order: viewOrder(record, viewer.role),
      machineVersion: record.machine.version,
      role: viewer.role,
      transitions: transitionsAfter(record, afterSeq),
    });
    socket.join(orderRoom(orderId));
  };
  try {
    await stream.join(orderId, begin);
  } catch (error) {
    logger.warn({ orderId, error: messageOf(error) }, 'a subscription failed');
    reply(refuse('unavailable', 'The order cannot be read at the moment; subscribe again in a while.'));
  }
}
