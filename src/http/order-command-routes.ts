/** Commands to orders: sent for good, or only tried out. */
import type { OrderCommand } from '../machines/order-types.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { cancelBody, commandBody, commandOfStatus, simulationBody, statusBody } from './command-schemas.ts';
import { type Context, viewerIn } from './context.ts';
import {
  answerOrder,
  shownOrder,
  simulationAnswer,
  ORDER_TAGS as tags,
  viewSimulation,
  visibleOrder,
} from './order-answers.ts';
import { expectedSeq, idempotencyKeyIn } from './preconditions.ts';
import { type Operation, type Route, route } from './route.ts';
import { idParams } from './schemas.ts';
import type { Waiting } from './waiting.ts';

/** What these routes stand on. */
export interface CommandParts {
  orders: OrderActors;
  waiting: Waiting;
  newId: () => string;
}

const commanding = (id: string, summary: string): Operation => ({
  id,
  summary,
  tags,
  headers: { 'Idempotency-Key': 'optional', 'If-Match': 'optional', Prefer: 'optional' },
  answers: { 200: { ...shownOrder, headers: ['ETag', 'Idempotent-Replayed', 'Preference-Applied'] } },
  problems: ['not-found', 'event-refused', 'precondition-failed', 'idempotency-key-reused'],
});

/**
 * Sends a command, and answers with the order after it, or, where that is preferred, at its end. `name` is what the
 * client called it, by which a repetition is known.
 */
const createSending =
  ({ orders, waiting, newId }: CommandParts) =>
  async (ctx: Context, orderId: string, event: OrderCommand, name: string = event.type): Promise<void> => {
    const record = await visibleOrder(orders, ctx, orderId);
    const { role, userId } = viewerIn(ctx);
    const seq = expectedSeq(ctx.get('if-match'), record.seq);
    // With a key of the client's, a repetition after a lost reply finds its command done.
    const commandId = `${name}/${idempotencyKeyIn(ctx) ?? newId()}`;
    const options = { by: { role, userId }, commandId, ...(seq !== undefined && { expectedSeq: seq }) };
    const sent = await orders.send(orderId, event, options);
    if (sent.replayed) ctx.set('Idempotent-Replayed', 'true');
    answerOrder(ctx, await waiting.settle(ctx, sent.record));
  };

/** POST /orders/:id/cancel, retry, events and simulate; PUT /orders/:id/status. */
export function orderCommandRoutes(parts: CommandParts): Route[] {
  const send = createSending(parts);
  return [
    route({
      methods: ['post'],
      path: '/orders/:id/cancel',
      access: 'user',
      operation: commanding('cancelOrder', 'Cancel an order: its money and its stock are given back'),
      params: idParams,
      body: cancelBody,
      handle: ({ ctx, params, body }) => send(ctx, params.id, { type: 'order.cancel', ...body }),
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/retry',
      access: 'operator',
      operation: commanding('retryOrder', 'Lead an order on that needs attention'),
      params: idParams,
      handle: ({ ctx, params }) => send(ctx, params.id, { type: 'order.retry' }),
    }),
    route({
      methods: ['post'],
      path: '/orders/:id/events',
      access: 'user',
      operation: commanding('sendCommand', 'Send any command; which ones may be sent stands in the order'),
      params: idParams,
      body: commandBody,
      handle: ({ ctx, params, body }) => send(ctx, params.id, body),
    }),
    route({
      methods: ['put'],
      path: '/orders/:id/status',
      access: 'operator',
      operation: commanding('setStatus', 'Command an order by a status of the older APIs'),
      params: idParams,
      body: statusBody,
      async handle({ ctx, params, body }) {
        const { allowedCommands } = await visibleOrder(parts.orders, ctx, params.id);
        // A status means one command today and another tomorrow; repeated, it is the same request.
        await send(ctx, params.id, commandOfStatus(body, allowedCommands), `status.${body.status}`);
      },
    }),
    simulationRoute(parts),
  ];
}

function simulationRoute({ orders }: CommandParts): Route {
  return route({
    methods: ['post'],
    path: '/orders/:id/simulate',
    access: 'user',
    operation: {
      id: 'simulateCommand',
      summary: 'What a command would do now; nothing is changed',
      tags,
      answers: { 200: { description: 'What would come of it, or why not.', body: simulationAnswer } },
      problems: ['not-found'],
    },
    params: idParams,
    body: simulationBody,
    async handle({ ctx, params, body }) {
      await visibleOrder(orders, ctx, params.id);
      const { role } = viewerIn(ctx);
      ctx.body = viewSimulation(await orders.simulate(params.id, body.event, role), role);
    },
  });
}
