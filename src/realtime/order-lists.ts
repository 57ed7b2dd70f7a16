/** Lists of orders: whose transitions belong to them, and what of them was missed since a cursor. */
import { seqAt, transitionsAfter } from '../machines/order-history.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import type { FeedTransition } from '../ports/order-actors.ts';
import type { OrderChanges } from '../ports/order-changes.ts';
import { type Cursor, writeCursor } from './cursor.ts';
import type { ListTransition } from './messages.ts';
import { SETTLE_MS } from './order-stream.ts';

/** The orders of one customer, those that enter or leave one state, or both; of all without either. */
export interface ListFilter {
  customerId?: string;
  state?: string;
}

/** Records of one page of what was missed. */
const PAGE = 200;

const room = (customerId = '*', state = '*') => `orders/${customerId}/${state}`;

/** The room of those who watch that list. */
export function roomOf({ customerId, state }: ListFilter): string {
  return room(customerId, state);
}

/** The rooms of all lists that the transition belongs to. */
export function roomsOf({ customerId, transition: { from, to } }: FeedTransition): string[] {
  return [
    room(),
    room(undefined, from),
    room(undefined, to),
    room(customerId),
    room(customerId, from),
    room(customerId, to),
  ];
}

/** Whether the transition belongs to the list. */
export function belongsTo({ customerId, state }: ListFilter, entry: FeedTransition): boolean {
  const { from, to } = entry.transition;
  return (
    (customerId === undefined || customerId === entry.customerId) &&
    (state === undefined || state === from || state === to)
  );
}

/** The transition as lists tell it. */
export function toListTransition({ customerId, transition }: FeedTransition): ListTransition {
  return { ...transition, customerId };
}

/** One page of what was missed, and the cursor behind it. */
export interface MissedPage {
  transitions: ListTransition[];
  cursor: string;
}

function missedOf(record: OrderRecord, filter: ListFilter, after: Date): ListTransition[] {
  const { customerId } = record.input;
  return transitionsAfter(record, seqAt(record, after))
    .map((transition) => ({ customerId, transition }))
    .filter((entry) => belongsTo(filter, entry))
    .map(toListTransition);
}

/**
 * What was missed of the list since the cursor, as far as it is committed: in order per order. It may repeat
 * what came in the last seconds before the cursor was lost; the seq tells. @throws what reading the changes throws
 */
export async function* missedSince(
  changes: OrderChanges,
  filter: ListFilter,
  { after, position }: Cursor,
  now: () => Date,
): AsyncGenerator<MissedPage> {
  let place = position ?? { updatedAt: after, orderId: '' };
  for (;;) {
    const records = await changes.recordsAfter(place, PAGE, filter.customerId);
    const last = records.at(-1);
    if (last) place = { updatedAt: last.updatedAt, orderId: last._id };
    // Behind this time an order with an earlier date may still turn up.
    const settled = new Date(now().getTime() - SETTLE_MS);
    const next = place.updatedAt < settled ? place : { updatedAt: settled, orderId: '' };
    yield {
      transitions: records.flatMap((record) => missedOf(record, filter, after)),
      cursor: writeCursor({ after, ...(next.updatedAt > after && { position: next }) }),
    };
    if (records.length < PAGE) return;
  }
}
