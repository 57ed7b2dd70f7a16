/** Orders: placed, read, commanded and archived; one's own, or everybody's for operators. */
import type { OrderRecord } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { orderView } from '../ports/order-views.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { UserRepository } from '../ports/users.ts';
import { viewerIn } from './context.ts';
import { answerOrder, shownOrder, ORDER_TAGS as tags, visibleOrder } from './order-answers.ts';
import { type CommandParts, orderCommandRoutes } from './order-command-routes.ts';
import { createPlacing } from './order-placing.ts';
import { atQuery, placingBody } from './order-schemas.ts';
import { idempotencyKeyIn } from './preconditions.ts';
import { type Route, route } from './route.ts';
import { idParams } from './schemas.ts';

/** What these routes stand on. */
export interface OrderParts extends CommandParts {
  products: ProductRepository;
  users: UserRepository;
}

/** POST /orders; GET and DELETE /orders/:id; and the commands. */
export function orderRoutes(parts: OrderParts): Route[] {
  return [readingRoute(parts), placingRoute(parts), archiveRoute(parts), ...orderCommandRoutes(parts)];
}

function readingRoute({ orders }: OrderParts): Route {
  return route({
    methods: ['get'],
    path: '/orders/:id',
    access: 'user',
    operation: {
      id: 'getOrder',
      summary: 'An order as it stands, or as it was at a seq of its past',
      tags,
      headers: { 'If-None-Match': 'optional' },
      answers: {
        200: shownOrder,
        304: { description: 'It is as `If-None-Match` names it.', headers: ['ETag'] },
      },
      problems: ['not-found'],
    },
    params: idParams,
    query: atQuery,
    async handle({ ctx, params, query }) {
      const record = await visibleOrder(orders, ctx, params.id);
      answerOrder(ctx, query.at === undefined ? record : await past(orders, params.id, query.at));
      ctx.set('Cache-Control', 'private, no-cache');
      if (ctx.fresh) ctx.status = 304;
    },
  });
}

function placingRoute({ orders, products, users, waiting }: OrderParts): Route {
  const place = createPlacing(orders, users, products);
  return route({
    methods: ['post'],
    path: '/orders',
    access: 'user',
    operation: {
      id: 'placeOrder',
      summary:
        'Place an order, in full or in the short form; the same key and body again give the same order again',
      tags,
      headers: { 'Idempotency-Key': 'required', Prefer: 'optional' },
      answers: {
        201: {
          description: 'The order as it was placed; with `Prefer: wait=N`, at its end or after N seconds.',
          body: orderView,
          headers: ['ETag', 'Location', 'Idempotent-Replayed', 'Preference-Applied'],
        },
      },
      problems: ['idempotency-key-missing', 'idempotency-key-reused', 'request-in-progress'],
    },
    body: placingBody,
    async handle({ ctx, body }) {
      const { record, replayed } = await place(viewerIn(ctx), idempotencyKeyIn(ctx), body);
      ctx.status = 201;
      ctx.set('Location', `/api/v1/orders/${record._id}`);
      if (replayed) ctx.set('Idempotent-Replayed', 'true');
      answerOrder(ctx, await waiting.settle(ctx, record));
    },
  });
}

function archiveRoute({ orders, newId }: OrderParts): Route {
  return route({
    methods: ['delete'],
    path: '/orders/:id',
    access: 'operator',
    operation: {
      id: 'archiveOrder',
      summary: 'Take an order that has ended out of the lists; it is kept for the audit',
      tags,
      answers: { 204: { description: 'It is in the archive.' } },
      problems: ['not-found', 'event-refused'],
    },
    params: idParams,
    async handle({ ctx, params }) {
      await visibleOrder(orders, ctx, params.id);
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
