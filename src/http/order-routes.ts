/** Orders: placed, read, commanded and archived; one's own, or everybody's for operators. */
import type { OrderCommand, Role } from '../machines/order-types.ts';
import { type OrderRecord, viewOrder } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors, Simulation } from '../ports/order-actors.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { UserRepository } from '../ports/users.ts';
import { cancelBody, commandBody, commandOfStatus, simulationBody, statusBody } from './command-schemas.ts';
import { type Context, viewerIn } from './context.ts';
import { answer, visible } from './order-access.ts';
import { createPlacing } from './order-placing.ts';
import { atQuery, orderAnswer, placingBody } from './order-schemas.ts';
import { idempotencyKeyIn, matchingSeq } from './preconditions.ts';
import { type Route, route } from './route.ts';
import { idParams } from './schemas.ts';
import type { Waiting } from './waiting.ts';

/** What these routes stand on. */
export interface OrderParts {
  orders: OrderActors;
  products: ProductRepository;
  users: UserRepository;
  waiting: Waiting;
  newId: () => string;
}

/** POST /orders; GET and DELETE /orders/:id; commands: POST /orders/:id/events, cancel and retry; PUT status. */
export function orderRoutes(parts: OrderParts): Route[] {
  return [...readingRoutes(parts), ...writingRoutes(parts), archiveRoute(parts)];
}

function readingRoutes({ orders }: OrderParts): Route[] {
  return [
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
  ];
}

function writingRoutes({ orders, products, users, waiting, newId }: OrderParts): Route[] {
  const place = createPlacing(orders, users, products);
  const command = async (ctx: Context, orderId: string, event: OrderCommand) => {
    const record = await visible(orders, ctx, orderId);
    const { role, userId } = viewerIn(ctx);
    const expectedSeq = matchingSeq(ctx.get('if-match'), record.seq);
    // With a key of the client's, a repetition after a lost reply finds its command done.
    const commandId = `${event.type}/${idempotencyKeyIn(ctx) ?? newId()}`;
    const options = { by: { role, userId }, commandId, ...(expectedSeq !== undefined && { expectedSeq }) };
    answer(ctx, await waiting.settle(ctx, await orders.send(orderId, event, options)));
  };
  return [
    route({
      methods: ['post'],
      path: '/orders',
      access: 'user',
      operation: {
        id: 'placeOrder',
        summary: 'Place an order, in full or in the short form; `Prefer: wait=N` waits for its end',
        tags: ['Orders'],
        answers: { 201: { description: 'The order, as it stands.', body: orderAnswer } },
        problems: ['idempotency-key-missing', 'idempotency-key-reused'],
      },
      body: placingBody,
      async handle({ ctx, body }) {
        const { record, replayed } = await place(viewerIn(ctx), idempotencyKeyIn(ctx), body);
        ctx.status = 201;
        ctx.set('Location', `/api/v1/orders/${record._id}`);
        if (replayed) ctx.set('Idempotent-Replayed', 'true');
        answer(ctx, await waiting.settle(ctx, record));
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

function archiveRoute({ orders, newId }: OrderParts): Route {
  return route({
    methods: ['delete'],
    path: '/orders/:id',
    access: 'operator',
    operation: {
      id: 'archiveOrder',
      summary: 'Take an order that has ended out of the lists; it is kept for the audit',
      tags: ['Orders'],
      answers: { 204: { description: 'It is in the archive.' } },
      problems: ['not-found', 'event-refused'],
    },
    params: idParams,
    async handle({ ctx, params }) {
      await visible(orders, ctx, params.id);
      const { role, userId } = viewerIn(ctx);
      await orders.archive(params.id, { by: { role, userId }, commandId: `order.archive/${newId()}` });
      ctx.status = 204;
    },
  });
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
