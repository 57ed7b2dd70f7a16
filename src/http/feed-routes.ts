/** Watching without a socket: an order's transitions, as a list and as a stream of events; and its machine. */
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { describeMachine } from '../machines/machine-definition.ts';
import { mayWatch } from '../machines/order-access.ts';
import { transitionsAfter } from '../machines/order-history.ts';
import { orderMachine } from '../machines/order-machine.ts';
import { COMMAND_ROLES, type OrderRecord, type TransitionView } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { LiveOrders } from '../ports/live-orders.ts';
import type { OrderActors } from '../ports/order-actors.ts';
import { type Context, viewerIn } from './context.ts';
import { InvalidRequest } from './faults.ts';
import { transitionsAnswer } from './order-answers.ts';
import { type Route, route } from './route.ts';
import { idParams, transitionsQuery } from './schemas.ts';
import type { Viewer } from './tokens.ts';

/** What these routes stand on. */
export interface FeedParts {
  orders: Pick<OrderActors, 'read'>;
  live: LiveOrders;
  clock: Clock;
}

const tags = ['Feed'];

/** The states are XState's own form of a machine. */
const machineAnswer = z.looseObject({
  id: z.string(),
  version: z.string(),
  commands: z.record(z.string(), z.strictObject({ roles: z.array(z.string()) })),
});

/** Proxies give up on a connection that is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

/** Characters that may wait for a client; then the stream ends, and the client resumes. */
const MAX_WAITING = 1_000_000;

/** GET /orders/:id/transitions and /orders/:id/stream; GET /machines/order. */
export function feedRoutes(parts: FeedParts): Route[] {
  const definition = describeMachine(orderMachine, COMMAND_ROLES);
  return [
    route({
      methods: ['get'],
      path: '/orders/:id/transitions',
      access: 'user',
      operation: {
        id: 'listTransitions',
        summary: 'The transitions of an order after a seq, and the seq that it is at',
        tags,
        answers: { 200: { description: 'The transitions.', body: transitionsAnswer } },
        problems: ['not-found'],
      },
      params: idParams,
      query: transitionsQuery,
      async handle({ ctx, params, query }) {
        const record = visible(await parts.orders.read(params.id), viewerIn(ctx));
        ctx.body = { items: transitionsAfter(record, query.afterSeq), seq: record.seq };
      },
    }),
    route({
      methods: ['get'],
      path: '/orders/:id/stream',
      access: 'user',
      operation: {
        id: 'streamTransitions',
        summary: 'The transitions of an order as server-sent events, resumed by Last-Event-ID',
        tags,
        headers: { 'Last-Event-ID': 'optional' },
        answers: {
          200: {
            description:
              'Events `order.transition`, each with its seq as `id`, until the last one of the order.',
            body: z.string(),
            type: 'text/event-stream',
          },
          204: { description: 'The order has ended, and all of it is known: do not connect again.' },
        },
        problems: ['not-found', 'too-many-requests'],
      },
      params: idParams,
      handle: ({ ctx, params }) => stream(ctx, params.id, parts),
    }),
    route({
      methods: ['get'],
      path: '/machines/order',
      access: 'public',
      operation: {
        id: 'getOrderMachine',
        summary: "The order's machine as JSON, and who may send its commands",
        tags,
        answers: { 200: { description: 'The machine.', body: machineAnswer } },
      },
      async handle({ ctx }) {
        ctx.body = definition;
        ctx.set('Cache-Control', 'public, max-age=60');
      },
    }),
  ];
}

/** Somebody else's order and a missing one are refused alike, to the byte. */
function visible(record: OrderRecord | undefined, viewer: Viewer): OrderRecord {
  if (record && mayWatch(viewer, record)) return record;
  throw new TerminalError('not-found', 'There is no such order.');
}

/** The seq that an EventSource saw last; 0 when it connects for the first time. */
function lastSeqIn(ctx: Context): number {
  const text = ctx.get('last-event-id');
  if (text === '') return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidRequest([{ pointer: '/headers/last-event-id', code: 'not_an_integer' }]);
}

const eventOf = (transition: TransitionView): string =>
  `id: ${transition.seq}\nevent: order.transition\ndata: ${JSON.stringify(transition)}\n\n`;

/** What was missed, then live, until the order is final; with nothing to come, 204 stops an EventSource. */
async function stream(ctx: Context, orderId: string, { live, clock }: FeedParts): Promise<void> {
  const viewer = viewerIn(ctx);
  const afterSeq = lastSeqIn(ctx);
  const body = new PassThrough();
  const write = (text: string) => {
    if (body.writableLength > MAX_WAITING) body.destroy();
    else if (!body.writableEnded) body.write(text);
  };
  const send = (transition: TransitionView) => {
    write(eventOf(transition));
    if (transition.final) body.end();
  };
  const leave = live.admit(viewer, () => body.end());
  let beat = () => {};
  const watching = live.watch(orderId, (found) => {
    const record = visible(found, viewer);
    const missed = transitionsAfter(record, afterSeq);
    const last = missed.at(-1);
    if (last === undefined && record.history.at(-1)?.final) {
      ctx.status = 204;
      return undefined;
    }
    ctx.status = 200;
    write(`retry: ${RETRY_MS}\n\n${missed.map(eventOf).join('')}`);
    if (last?.final) {
      body.end();
      return undefined;
    }
    return send;
  });
  const end = await watching.catch((error: unknown) => {
    leave();
    throw error;
  });
  const close = () => {
    beat();
    end();
    leave();
  };
  if (ctx.status === 204) return close();
  body.on('close', close);
  keepAlive();
  ctx.type = 'text/event-stream';
  ctx.set({ 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  ctx.body = body;

  function keepAlive(): void {
    beat = clock.after(HEARTBEAT_MS, () => {
      write(':\n\n');
      keepAlive();
    });
  }
}
