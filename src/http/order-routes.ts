/** Orders: placed, read, listed, and commanded; one's own, or everybody's for operators. */
import type { OrderCommand, Role } from '../machines/order-types.ts';
import { type OrderRecord, viewOrder, viewTransition } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors, Simulation } from '../ports/order-actors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import type { UserRepository } from '../ports/users.ts';
import { cancelBody, commandBody, commandOfStatus, simulationBody, statusBody } from './command-schemas.ts';
import { type Context, isOperator, viewerIn } from './context.ts';
import { createPlacing } from './order-placing.ts';
import { linkToNext } from './paging.ts';
import { idempotencyKeyIn, matchingSeq } from './preconditions.ts';
import { type Route, route } from './route.ts';
import { atQuery, idParams, orderBody, ordersQuery } from './schemas.ts';

/** What these routes stand on. */
export interface OrderParts {
  orders: OrderActors;
  queries: OrderQueries;
  users: UserRepository;
  newId: () => string;
}

/** POST and GET /orders; GET /orders/:id and its history; commands: POST /orders/:id/events, cancel and retry; PUT status. */
export function orderRoutes(parts: OrderParts): Route[] {
  return [...readingRoutes(parts), ...writingRoutes(parts)];
}

function readingRoutes({ orders, queries }: OrderParts): Route[] {
  return [
    route({
      methods: ['get'],
      path: '/orders',
      access: 'user',
      query: ordersQuery,
      async handle({ ctx, query: { limit, after, state, customerId } }) {
        const viewer = viewerIn(ctx);
        if (!isOperator(viewer) && customerId !== undefined && customerId !== viewer.userId) {
          throw new TerminalError('forbidden', 'Only operators may list the orders of others.');
        }
        const whose = isOperator(viewer) ? customerId : viewer.userId;
        const filter = {
          ...(whose !== undefined && { customerId: whose }),
          ...(state !== undefined && { state }),
        };
        // One more than asked tells whether there is a next page.
        const found = await queries.list(filter, { limit: limit + 1, ...(after !== undefined && { after }) });
        const page = found.slice(0, limit);
        const next = found.length > limit ? (page.at(-1)?._id ?? null) : null;
        if (next !== null) linkToNext(ctx, next);
        ctx.body = { items: page.map((record) => viewOrder(record, viewer.role)), next };
      },
    }),
    route({
      methods: ['get'],
      path: '/orders/:id',
      access: 'user',
      params: idParams,
      query: atQuery,
      async handle({ ctx, params, query }) {
        const record = await visible(orders, ctx, params.id);
        answer(ctx, query.at === undefined ? record : await past(orders, params.id, query.at));
        ctx.set('Cache-Control', 'private, no-cache');
        if (ctx.fresh) ctx.status = 304;
      },
    }),
    route({
      methods: ['get'],
      path: '/orders/:id/history',
      access: 'user',
      params: idParams,
      async handle({ ctx, params }) {
        const record = await visible(orders, ctx, params.id);
        ctx.body = { items: record.history.map((entry) => viewTransition(record._id, entry)) };
      },
    }),
  ];
}

function writingRoutes({ orders, users, newId }: OrderParts): Route[] {
  const place = createPlacing(orders, users);
  const command = async (ctx: Context, orderId: string, event: OrderCommand) => {
    const record = await visible(orders, ctx, orderId);
    const { role, userId } = viewerIn(ctx);
    const expectedSeq = matchingSeq(ctx.get('if-match'), record.seq);
    // With a key of the client's, a repetition after a lost reply finds its command done.
    const commandId = `${event.type}/${idempotencyKeyIn(ctx) ?? newId()}`;
    const options = { by: { role, userId }, commandId, ...(expectedSeq !== undefined && { expectedSeq }) };
    answer(ctx, await orders.send(orderId, event, options));
  };
  return [
    route({
      methods: ['post'],
      path: '/orders',
      access: 'user',
      body: orderBody,
      async handle({ ctx, body }) {
        const { record, replayed } = await place(viewerIn(ctx), idempotencyKeyIn(ctx), body);
        ctx.status = 201;
        ctx.set('Location', `/api/v1/orders/${record._id}`);
        if (replayed) ctx.set('Idempotent-Replayed', 'true');
        answer(ctx, record);
      },
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/cancel',
      access: 'user',
      params: idParams,
      body: cancelBody,
      handle: ({ ctx, params, body }) => command(ctx, params.id, { type: 'order.cancel', ...body }),
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/retry',
      access: 'operator',
      params: idParams,
      handle: ({ ctx, params }) => command(ctx, params.id, { type: 'order.retry' }),
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/events',
      access: 'user',
      params: idParams,
      body: commandBody,
      handle: ({ ctx, params, body }) => command(ctx, params.id, body),
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/simulate',
      access: 'user',
      params: idParams,
      body: simulationBody,
      async handle({ ctx, params, body }) {
        await visible(orders, ctx, params.id);
        const { role } = viewerIn(ctx);
        ctx.body = viewSimulation(await orders.simulate(params.id, body.event, role), role);
      },
    }),
    route({
      methods: ['put'],
      path: '/orders/:id/status',
      access: 'operator',
      params: idParams,
      body: statusBody,
      async handle({ ctx, params, body }) {
        const { allowedCommands } = await visible(orders, ctx, params.id);
        await command(ctx, params.id, commandOfStatus(body, allowedCommands));
      },
    }),
  ];
}

/** The order as it was at that seq. */
async function past(orders: OrderActors, orderId: string, seq: number): Promise<OrderRecord> {
  const record = await orders.readAt(orderId, seq);
  if (!record) throw new TerminalError('not-found', `The order never was at seq ${seq}.`);
  return record;
}

/** What a command would do, as its asker may see it. */
function viewSimulation(simulation: Simulation, role: Role) {
  if (!simulation.taken) {
    const { message: detail, fields } = simulation.refusal;
    return { taken: false, detail, state: fields.state, allowedEvents: fields.allowedEvents };
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

/** Somebody else's order and a missing one are refused alike, to the byte. */
async function visible(orders: OrderActors, ctx: Context, orderId: string): Promise<OrderRecord> {
  const viewer = viewerIn(ctx);
  const record = await orders.read(orderId);
  if (!record || (!isOperator(viewer) && record.input.customerId !== viewer.userId)) {
    throw new TerminalError('not-found', 'There is no such order.');
  }
  return record;
}

function answer(ctx: Context, record: OrderRecord): void {
  ctx.set('ETag', `"${record.seq}"`);
  ctx.body = viewOrder(record, viewerIn(ctx).role);
}
