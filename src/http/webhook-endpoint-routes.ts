/** Webhooks out, for operators: the endpoints, and the log of what was sent to them. */
import type { WebhookDesk } from '../ports/webhooks.ts';
import { linkToNext } from './paging.ts';
import { type Answer, type Route, route } from './route.ts';
import { idParams } from './schemas.ts';
import {
  deliveriesAnswer,
  deliveriesQuery,
  deliveryAnswer,
  deliveryParams,
  endpointAnswer,
  endpointBody,
  endpointChangeBody,
  endpointsAnswer,
  secretAnswer,
  viewDelivery,
  viewEndpoint,
} from './webhook-endpoint-schemas.ts';

/** What these routes stand on. */
export interface WebhookEndpointParts {
  webhooks: WebhookDesk;
  /** For tests: whether an endpoint may be private, and without TLS. */
  privateEndpoints: boolean;
}

const tags = ['Webhooks'];
const access = 'operator';
const problems = ['not-found' as const];
const shown: Answer = { description: 'The endpoint as it is now.', body: endpointAnswer };
const queued: Answer = { description: 'It is sent soon; its log tells how that ends.', body: deliveryAnswer };

/** GET and POST /webhook-endpoints, and everything of one of them. */
export function webhookEndpointRoutes(parts: WebhookEndpointParts): Route[] {
  return [
    ...endpointRoutes(parts),
    ...changingRoutes(parts),
    secretRoute(parts.webhooks),
    ...deliveryRoutes(parts.webhooks),
  ];
}

function endpointRoutes({ webhooks, privateEndpoints }: WebhookEndpointParts): Route[] {
  return [
    route({
      methods: ['get'],
      path: '/webhook-endpoints',
      access,
      operation: {
        id: 'listWebhookEndpoints',
        summary: 'Who is told of what happens to orders, the oldest first',
        tags,
        answers: { 200: { description: 'All endpoints.', body: endpointsAnswer } },
      },
      async handle({ ctx }) {
        ctx.body = { items: (await webhooks.list()).map(viewEndpoint) };
      },
    }),
    route({
      methods: ['post'],
      path: '/webhook-endpoints',
      access,
      operation: {
        id: 'createWebhookEndpoint',
        summary: 'Have an address told of what happens to orders; its secret is shown this once',
        tags,
        answers: {
          201: { description: 'The endpoint, and its secret.', body: secretAnswer, headers: ['Location'] },
        },
        problems: ['conflict'],
      },
      body: endpointBody(privateEndpoints),
      async handle({ ctx, body }) {
        const { endpoint, secret } = await webhooks.create(body);
        ctx.status = 201;
        ctx.set('Location', `${ctx.path}/${endpoint.id}`);
        ctx.body = { endpoint: viewEndpoint(endpoint), secret };
      },
    }),
    route({
      methods: ['get'],
      path: '/webhook-endpoints/:id',
      access,
      operation: {
        id: 'getWebhookEndpoint',
        summary: 'One endpoint',
        tags,
        answers: { 200: shown },
        problems,
      },
      params: idParams,
      async handle({ ctx, params }) {
        ctx.body = { endpoint: viewEndpoint(await webhooks.find(params.id)) };
      },
    }),
  ];
}

function changingRoutes({ webhooks, privateEndpoints }: WebhookEndpointParts): Route[] {
  return [
    route({
      methods: ['patch'],
      path: '/webhook-endpoints/:id',
      access,
      operation: {
        id: 'changeWebhookEndpoint',
        summary: 'Change an endpoint, disable it, or enable it again',
        tags,
        answers: { 200: shown },
        problems,
      },
      params: idParams,
      body: endpointChangeBody(privateEndpoints),
      async handle({ ctx, params, body }) {
        ctx.body = { endpoint: viewEndpoint(await webhooks.change(params.id, body)) };
      },
    }),
    route({
      methods: ['delete'],
      path: '/webhook-endpoints/:id',
      access,
      operation: {
        id: 'deleteWebhookEndpoint',
        summary: 'Tell an endpoint nothing more; its log goes with it',
        tags,
        answers: { 204: { description: 'It is gone.' } },
        problems,
      },
      params: idParams,
      async handle({ ctx, params }) {
        await webhooks.remove(params.id);
        ctx.status = 204;
      },
    }),
  ];
}

function secretRoute(webhooks: WebhookDesk): Route {
  return route({
    methods: ['post'],
    path: '/webhook-endpoints/:id/rotate-secret',
    access,
    operation: {
      id: 'rotateWebhookSecret',
      summary: 'Give an endpoint a new secret; for a day everything is signed by the one before, too',
      tags,
      answers: { 200: { description: 'The endpoint, and its new secret.', body: secretAnswer } },
      problems,
    },
    params: idParams,
    async handle({ ctx, params }) {
      const { endpoint, secret } = await webhooks.rotateSecret(params.id);
      ctx.body = { endpoint: viewEndpoint(endpoint), secret };
    },
  });
}

function deliveryRoutes(webhooks: WebhookDesk): Route[] {
  return [
    route({
      methods: ['post'],
      path: '/webhook-endpoints/:id/ping',
      access,
      operation: {
        id: 'pingWebhookEndpoint',
        summary: 'Send a test event, once',
        tags,
        answers: { 202: queued },
        problems: ['not-found', 'conflict'],
      },
      params: idParams,
      async handle({ ctx, params }) {
        ctx.status = 202;
        ctx.body = { delivery: viewDelivery(await webhooks.ping(params.id)) };
      },
    }),
    route({
      methods: ['get'],
      path: '/webhook-endpoints/:id/deliveries',
      access,
      operation: {
        id: 'listWebhookDeliveries',
        summary: 'What was sent to an endpoint in the last 30 days, and how that ended; newest first',
        tags,
        answers: {
          200: { description: 'A page of deliveries.', body: deliveriesAnswer, headers: ['Link'] },
        },
        problems,
      },
      params: idParams,
      query: deliveriesQuery,
      async handle({ ctx, params, query: { limit, ...query } }) {
        // One more than asked tells whether there is a next page.
        const found = await webhooks.deliveries(params.id, { ...query, limit: limit + 1 });
        const page = found.slice(0, limit);
        const next = found.length > limit ? (page.at(-1)?.eventId ?? null) : null;
        if (next !== null) linkToNext(ctx, next);
        ctx.body = { items: page.map(viewDelivery), next };
      },
    }),
    route({
      methods: ['post'],
      path: '/webhook-endpoints/:id/deliveries/:eventId/redeliver',
      access,
      operation: {
        id: 'redeliverWebhook',
        summary: 'Send an event again, whatever became of it',
        tags,
        answers: { 202: queued },
        problems: ['not-found', 'conflict'],
      },
      params: deliveryParams,
      async handle({ ctx, params: { id, eventId } }) {
        ctx.status = 202;
        ctx.body = { delivery: viewDelivery(await webhooks.redeliver({ endpointId: id, eventId })) };
      },
    }),
  ];
}
