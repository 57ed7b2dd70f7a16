/** Orders: placed, read and listed; one's own, or everybody's for operators. */
import { type OrderRecord, viewOrder, viewTransition } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { orderView } from '../ports/order-views.ts';
import type { OrderQueries } from '../ports/orders.ts';
import type { UserRepository } from '../ports/users.ts';
import { isOperator, viewerIn } from './context.ts';
import {
  answerOrder,
  historyAnswer,
  ordersAnswer,
  shownOrder,
  ORDER_TAGS as tags,
  visibleOrder,
} from './order-answers.ts';
import { type CommandParts, orderCommandRoutes } from './order-command-routes.ts';
import { createPlacing } from './order-placing.ts';
import { linkToNext } from './paging.ts';
import { idempotencyKeyIn } from './preconditions.ts';
import { type Route, route } from './route.ts';
import { atQuery, idParams, orderBody, ordersQuery } from './schemas.ts';

/** What these routes stand on. */
export interface OrderParts extends CommandParts {
  queries: OrderQueries;
  users: UserRepository;
}

/** POST and GET /orders; GET /orders/:id and its history; and the commands. */
export function orderRoutes(parts: OrderParts): Route[] {
  return [listRoute(parts), ...readingRoutes(parts), placingRoute(parts), ...orderCommandRoutes(parts)];
}

function listRoute({ queries }: OrderParts): Route {
  return route({
    methods: ['get'],
    path: '/orders',
    access: 'user',
    operation: {
      id: 'listOrders',
      summary: "One's own orders, or for operators everybody's, newest first",
      tags,
      answers: { 200: { description: 'A page of orders.', body: ordersAnswer, headers: ['Link'] } },
    },
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
  });
}

function readingRoutes({ orders }: OrderParts): Route[] {
  return [
    route({
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
    }),
    route({
      methods: ['get'],
      path: '/orders/:id/history',
      access: 'user',
      operation: {
        id: 'getOrderHistory',
        summary: 'Every transition of an order, the first one first',
        tags,
        answers: { 200: { description: 'The transitions.', body: historyAnswer } },
        problems: ['not-found'],
      },
      params: idParams,
      async handle({ ctx, params }) {
        const record = await visibleOrder(orders, ctx, params.id);
        ctx.body = { items: record.history.map((entry) => viewTransition(record._id, entry)) };
      },
    }),
  ];
}

function placingRoute({ orders, users }: OrderParts): Route {
  const place = createPlacing(orders, users);
  return route({
    methods: ['post'],
    path: '/orders',
    access: 'user',
    operation: {
      id: 'placeOrder',
      summary: 'Place an order; the same key and body again give the first answer again',
      tags,
      headers: { 'Idempotency-Key': 'required' },
      answers: {
        201: {
          description: 'The order as it was placed.',
          body: orderView,
          headers: ['ETag', 'Location', 'Idempotent-Replayed'],
        },
      },
      problems: ['idempotency-key-missing', 'idempotency-key-reused', 'request-in-progress'],
    },
    body: orderBody,
    async handle({ ctx, body }) {
      const { record, replayed } = await place(viewerIn(ctx), idempotencyKeyIn(ctx), body);
      ctx.status = 201;
      ctx.set('Location', `/api/v1/orders/${record._id}`);
      if (replayed) ctx.set('Idempotent-Replayed', 'true');
      answerOrder(ctx, record);
    },
  });
}

/** The order as it was at that seq. */
async function past(orders: OrderActors, orderId: string, seq: number): Promise<OrderRecord> {
  const record = await orders.readAt(orderId, seq);
  if (!record) throw new TerminalError('not-found', `The order never was at seq ${seq}.`);
  return record;
}
