/** What is answered about orders: whose they are to see, and in which form. */
import { z } from 'zod';
import type { Role } from '../machines/order-types.ts';
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors, Simulation } from '../ports/order-actors.ts';
import { historyEntryView, orderView, transitionView } from '../ports/order-views.ts';
import { type Context, isOperator, viewerIn } from './context.ts';
import type { Answer } from './route.ts';

/** The tag of all that is about orders. */
export const ORDER_TAGS = ['Orders'];

/** An order with its version. */
export const shownOrder: Answer = {
  description: 'The order as its asker may see it.',
  body: orderView,
  headers: ['ETag'],
};

const count = z.int().min(0);

/** Orders after a cursor, and the next one. */
export const ordersAnswer = z.strictObject({
  items: z.array(orderView),
  skip: count,
  limit: count,
  next: z.string().nullable().meta({ description: 'The `after` of the next page; null on the last one.' }),
});

/** A numbered page of orders, and how many there are of both. */
export const orderPageAnswer = z.strictObject({
  items: z.array(orderView),
  page: count,
  limit: count,
  total: count,
  pages: count,
});

/** The transitions after a seq, and the seq that the order is at. */
export const transitionsAnswer = z.strictObject({ items: z.array(transitionView), seq: z.int() });

/** An order's whole past; with `verify=true`, also whether the entries are what they were, and where not. */
export const historyAnswer = z.strictObject({
  items: z.array(historyEntryView),
  intact: z.boolean().exactOptional(),
  brokenAt: z.int().exactOptional().meta({ description: 'The first seq that is not what it was.' }),
  chainedFrom: z.int().exactOptional().meta({ description: 'The first seq that has a hash.' }),
});

const deadline = z.strictObject({ id: z.string(), dueAt: z.iso.datetime() });

export const simulationAnswer = z.discriminatedUnion('taken', [
  z.strictObject({
    taken: z.literal(true),
    order: orderView,
    starts: z.array(z.string()).meta({ description: 'The work that would begin.' }),
    ends: z.array(z.string()).meta({ description: 'The pending work that would be given up.' }),
    deadlines: z.array(deadline),
  }),
  z.strictObject({
    taken: z.literal(false),
    detail: z.string(),
    state: z.string().exactOptional(),
    allowedEvents: z.array(z.string()).exactOptional(),
  }),
]);

/**
 * Somebody else's order and a missing one are refused alike, to the byte.
 * @throws TerminalError `not-found`
 */
export async function visibleOrder(orders: OrderActors, ctx: Context, orderId: string): Promise<OrderRecord> {
  const viewer = viewerIn(ctx);
  const record = await orders.read(orderId);
  if (!record || (!isOperator(viewer) && record.input.customerId !== viewer.userId)) {
    throw new TerminalError('not-found', 'There is no such order.');
  }
  return record;
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

/** Answers with the order as the asker may see it, and its seq as `ETag`. */
export function answerOrder(ctx: Context, record: OrderRecord): void {
  ctx.set('ETag', `"${record.seq}"`);
  ctx.body = viewOrder(record, viewerIn(ctx).role);
}

/** What a command would do, as an asker of that role may see it. */
export function viewSimulation(simulation: Simulation, role: Role): z.output<typeof simulationAnswer> {
  if (!simulation.taken) {
    const { message: detail, fields } = simulation.refusal;
    const { state, allowedEvents } = fields;
    return {
      taken: false,
      detail,
      ...(state !== undefined && { state }),
      ...(allowedEvents && { allowedEvents }),
    };
  }
  const { before, after } = simulation;
  const isNew = ({ seq }: { seq: number }) => seq === after.seq;
  const isGone = ({ id, seq }: { id: string; seq: number }) =>
    !after.invocations.some((kept) => kept.id === id && kept.seq === seq);
  return {
    taken: true,
    order: viewOrder(after, role),
    starts: after.invocations.filter(isNew).map(({ src }) => src),
    ends: before.invocations.filter(isGone).map(({ src }) => src),
    deadlines: after.timers.filter(isNew).map(({ id, dueAt }) => ({ id, dueAt: dueAt.toISOString() })),
  };
}
