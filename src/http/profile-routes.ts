/** What people say about themselves: how we reach them. */
import { TerminalError } from '../platform/errors.ts';
import type { UserRepository } from '../ports/users.ts';
import { viewerIn } from './context.ts';
import { endpointQuery, profileBody, pushSubscriptionBody } from './profile-schemas.ts';
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
    body: profileBody,
    async handle({ ctx, body }) {
      const user = await users.update(viewerIn(ctx).userId, body);
      if (!user) throw accountGone();
      ctx.body = { user: viewUser(user) };
    },
  });
  return [changing, ...pushRoutes(users, push)];
}

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
      async handle({ ctx }) {
        ctx.body = { publicKey: required().publicKey };
      },
    }),
    route({
      methods: ['post'],
      path: '/auth/me/push-subscriptions',
      access: 'user',
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
      query: endpointQuery,
      async handle({ ctx, query: { endpoint } }) {
        await users.removePushSubscription(viewerIn(ctx).userId, endpoint);
        ctx.status = 204;
      },
    }),
  ];
}
