/** Orders beyond one at a time, and the past of one: lists, filters, search, history. */
import { verifyChain } from '../actors/chain.ts';
import type { HistoryEntry } from '../machines/actor-record.ts';
import { type OrderRecord, viewOrder, viewTransition } from '../machines/order-view.ts';
import { TerminalError } from '../platform/errors.ts';
import { failureWords } from '../platform/failure-words.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import { isOperator, viewerIn } from './context.ts';
import {
  historyAnswer,
  orderPageAnswer,
  ordersAnswer,
  ORDER_TAGS as tags,
  visibleOrder,
  whose,
} from './order-answers.ts';
import { customerParams, filterOf, historyQuery, ordersQuery, pageQuery } from './order-schemas.ts';
import { linkToNext } from './paging.ts';
import { type Route, route } from './route.ts';
import { idParams } from './schemas.ts';

/** What these routes stand on. */
export interface OrderListParts {
  orders: OrderActors;
  queries: OrderQueries;
}

/** GET /orders, GET /orders/history/:customerId, GET /orders/:id/history. */
export function orderListRoutes({ orders, queries }: OrderListParts): Route[] {
  return [listRoute(queries), customerRoute(queries), historyRoute(orders)];
}

function listRoute(queries: OrderQueries): Route {
  return route({
    methods: ['get'],
    path: '/orders',
    access: 'user',
    operation: {
      id: 'listOrders',
      summary: "One's own orders, or for operators everybody's: filtered, searched, a page at a time",
      tags,
      answers: {
        200: { description: 'A page of orders, the newest first.', body: ordersAnswer, headers: ['Link'] },
      },
    },
    query: ordersQuery,
    async handle({ ctx, query }) {
      const viewer = viewerIn(ctx);
      const { limit, skip, after } = query;
      if (query.archived !== 'false' && !isOperator(viewer))
        throw new TerminalError('forbidden', 'Only operators may list archived orders.');
      const filter = filterOf(query, whose(ctx, query.customerId));
      // One more than asked tells whether there is a next page.
      const wanted = { limit: limit + 1, skip, ...(after !== undefined && { after }) };
      const found = await queries.list(filter, wanted);
      const page = found.slice(0, limit);
      const next = found.length > limit ? (page.at(-1)?._id ?? null) : null;
      if (next !== null) linkToNext(ctx, next);
      ctx.body = { items: page.map((record) => viewOrder(record, viewer.role)), skip, limit, next };
    },
  });
}

function customerRoute(queries: OrderQueries): Route {
  return route({
    methods: ['get'],
    path: '/orders/history/:customerId',
    access: 'user',
    operation: {
      id: 'listOrdersOfCustomer',
      summary: 'The orders of one customer, by numbered pages as the older APIs have them',
      tags,
      answers: { 200: { description: 'A page of orders, the newest first.', body: orderPageAnswer } },
    },
    params: customerParams,
    query: pageQuery,
    async handle({ ctx, params, query: { page, limit } }) {
      const { role } = viewerIn(ctx);
      const filter = { customerId: whose(ctx, params.customerId) ?? params.customerId };
      const [found, total] = await Promise.all([
        queries.list(filter, { limit, skip: (page - 1) * limit }),
        queries.count(filter),
      ]);
      const items = found.map((record) => viewOrder(record, role));
      ctx.body = { items, page, limit, total, pages: Math.ceil(total / limit) };
    },
  });
}

function historyRoute(orders: OrderActors): Route {
  return route({
    methods: ['get'],
    path: '/orders/:id/history',
    access: 'user',
    operation: {
      id: 'getOrderHistory',
      summary: 'Who did what to an order, and when; with `verify=true`, whether that was tampered with',
      tags,
      answers: { 200: { description: 'Every transition, the first one first.', body: historyAnswer } },
      problems: ['not-found'],
    },
    params: idParams,
    query: historyQuery,
    async handle({ ctx, params, query }) {
      const record = await visibleOrder(orders, ctx, params.id);
      const forOperators = isOperator(viewerIn(ctx));
      ctx.body = {
        items: record.history.map((entry) => viewEntry(record, entry, forOperators)),
        ...(query.verify === 'true' && verifyChain(record.history, record.seq)),
      };
    },
  });
}

/** What the last attempt failed of, as operators may read it: older entries have it as it was thrown. */
function troubleIn({ event }: HistoryEntry): { trouble?: string } {
  const { message } = (event.error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? { trouble: failureWords(message) } : {};
}

/** A customer learns in which role it was done, an operator by whom, and what had gone wrong. */
function viewEntry({ _id }: OrderRecord, entry: HistoryEntry, forOperators: boolean) {
  const { by, hash } = entry;
  return {
    ...viewTransition(_id, entry),
    ...(forOperators && by.userId !== undefined && { byId: by.userId }),
    ...(forOperators && troubleIn(entry)),
    ...(hash !== undefined && { hash }),
  };
}
