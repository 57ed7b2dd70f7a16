/** What people say about themselves: how we reach them. */
import { TerminalError } from '../platform/errors.ts';
import type { UserRepository } from '../ports/users.ts';
import { meAnswer } from './auth-schemas.ts';
import { viewerIn } from './context.ts';
import { endpointQuery, profileBody, publicKeyAnswer, pushSubscriptionBody } from './profile-schemas.ts';
import { type Route, route } from './route.ts';
import { viewUser } from './user-view.ts';

/** Web Push as it is set up here. */
export interface PushSettings {
  /** The VAPID public key that browsers subscribe with, in URL-safe base64. */
  publicKey: string;
  /** For tests: whether an endpoint may be private, and without TLS. */
  allowPrivate: boolean;
}

/** What these routes stand on; without `push`, nobody can subscribe. */
export interface ProfileParts {
  users: UserRepository;
  push: PushSettings | undefined;
}

function accountGone(): TerminalError {
  return new TerminalError('unauthenticated', 'The account of this token is no more.');
}

/** PATCH /auth/me, and all of Web Push. */
export function profileRoutes({ users, push }: ProfileParts): Route[] {
  const changing = route({
    methods: ['patch'],
    path: '/auth/me',
    access: 'user',
    operation: {
      id: 'changeProfile',
      summary: 'Say in which language and by which phone one is reached; null takes the phone back',
      tags: ['Authentication'],
      answers: { 200: { description: 'The user as it is now.', body: meAnswer } },
    },
    body: profileBody,
    async handle({ ctx, body }) {
      const user = await users.update(viewerIn(ctx).userId, body);
      if (!user) throw accountGone();
      ctx.body = { user: viewUser(user) };
    },
  });
  return [changing, ...pushRoutes(users, push)];
}

const tags = ['Push messages'];

/** GET /push/vapid-public-key; POST and DELETE /auth/me/push-subscriptions, both idempotent. */
function pushRoutes(users: UserRepository, push: PushSettings | undefined): Route[] {
  const required = (): PushSettings => {
    if (!push) throw new TerminalError('not-found', 'Push messages are not set up here.');
    return push;
  };
  return [
    route({
      methods: ['get'],
      path: '/push/vapid-public-key',
      access: 'public',
      operation: {
        id: 'getPushKey',
        summary: 'The public key that browsers subscribe with',
        tags,
        answers: { 200: { description: 'The VAPID public key.', body: publicKeyAnswer } },
        problems: ['not-found'],
      },
      async handle({ ctx }) {
        ctx.body = { publicKey: required().publicKey };
      },
    }),
    route({
      methods: ['post'],
      path: '/auth/me/push-subscriptions',
      access: 'user',
      operation: {
        id: 'subscribeBrowser',
        summary: 'Have messages pushed to a browser, by what its Push API gives',
        tags,
        answers: { 204: { description: 'It is subscribed, also when it was.' } },
        problems: ['not-found'],
      },
      body: pushSubscriptionBody(push?.allowPrivate ?? false),
      async handle({ ctx, body: { endpoint, keys } }) {
        required();
        if (!(await users.addPushSubscription(viewerIn(ctx).userId, { endpoint, keys }))) throw accountGone();
        ctx.status = 204;
      },
    }),
    route({
      methods: ['delete'],
      path: '/auth/me/push-subscriptions',
      access: 'user',
      operation: {
        id: 'unsubscribeBrowser',
        summary: 'Have no more messages pushed to a browser',
        tags,
        answers: { 204: { description: 'It is not subscribed, also when it was not.' } },
      },
      query: endpointQuery,
      async handle({ ctx, query: { endpoint } }) {
        await users.removePushSubscription(viewerIn(ctx).userId, endpoint);
        ctx.status = 204;
      },
    }),
  ];
}
