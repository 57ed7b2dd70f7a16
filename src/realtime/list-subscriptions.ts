/** A socket's subscriptions to lists of orders. */
import { viewOrder } from '../machines/order-view.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { FeedTransition } from '../ports/order-actors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import type { Viewer, ViewerSocket } from './authenticate.ts';
import { type Cursor, writeCursor } from './cursor.ts';
import type { LiveFeed } from './live-orders.ts';
import { type ListSubscribeReply, type Refusal, refuse } from './messages.ts';
import { belongsTo, type ListFilter, missedSince, roomOf, toListTransition } from './order-lists.ts';

/** Everybody in the room of a list is in this one too. */
export const LISTS_ROOM = 'orders';

/** Orders that an answer shows as they stand, the newest. */
const SHOWN = 50;

/** Live transitions that may wait for the end of a resume. */
const MAX_HELD = 20_000;

/** What a list's subscription needs. */
export interface ListParts {
  live: Pick<LiveFeed, 'stream' | 'changes'>;
  queries: Pick<OrderQueries, 'list'>;
  /** Resolves when the client has read what it was sent; false when it is gone. */
  drained: () => Promise<boolean>;
  now: () => Date;
  logger: Logger;
}

/** The list that the viewer gets when they ask for that one: a customer, of their own orders alone. */
export function listFor({ role, userId }: Viewer, filter: ListFilter): ListFilter | Refusal {
  if (role !== 'customer') return filter;
  if (filter.customerId !== undefined && filter.customerId !== userId)
    return refuse('forbidden', 'Only operators may watch the orders of others.');
  return { ...filter, customerId: userId };
}

/** Tells what was missed page by page, as fast as the client reads; false when it is gone, or too slow. */
async function tellMissed(
  socket: ViewerSocket,
  { live, drained, now }: ListParts,
  { id, filter, cursor }: { id: string; filter: ListFilter; cursor: Cursor },
  held: FeedTransition[],
): Promise<boolean> {
  for await (const page of missedSince(live.changes, filter, cursor, now)) {
    if (held.length > MAX_HELD) return false;
    socket.emit('orders.missed', { id, ...page });
    if (!(await drained())) return false;
  }
  return true;
}

/**
 * Tells what was missed since the cursor, answers, and lets the socket into the list's room in the same step.
 * Live transitions are kept back meanwhile.
 */
export async function subscribeToList(
  socket: ViewerSocket,
  request: { id: string; filter: ListFilter; cursor?: Cursor },
  parts: ListParts,
  reply: (answer: ListSubscribeReply) => void,
): Promise<void> {
  const { role } = socket.data.viewer;
  const { live, queries, logger } = parts;
  const { filter, cursor } = request;
  const held: FeedTransition[] = [];
  const endHolding = live.stream.listenToAll((entry) => {
    if (held.length <= MAX_HELD && belongsTo(filter, entry)) held.push(entry);
  });
  try {
    await live.stream.ready;
    const isTold = cursor === undefined || (await tellMissed(socket, parts, { ...request, cursor }, held));
    const newest = cursor === undefined ? await queries.list(filter, { limit: SHOWN }) : undefined;
    if (!socket.connected) return;
    if (!isTold || held.length > MAX_HELD)
      return reply(
        refuse('unavailable', 'The list moves too fast to resume now; ask again from its cursor.'),
      );
    reply({
      ok: true,
      cursor: writeCursor({ after: live.stream.settled }),
      ...(newest && { orders: newest.map((record) => viewOrder(record, role)) }),
    });
    socket.join([roomOf(filter), LISTS_ROOM]);
    for (const entry of held) socket.emit('orders.transition', toListTransition(entry));
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'the subscription of a list failed');
    reply(refuse('unavailable', 'The orders cannot be read at the moment; subscribe again in a while.'));
  } finally {
    endHolding();
  }
}
