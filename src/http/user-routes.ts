/** The users, for administrators: who there is, in which role, and who is shut out. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { User, UserRepository } from '../ports/users.ts';
import { meAnswer, roleBody, usersAnswer, usersQuery } from './auth-schemas.ts';
import { type Context, viewerIn } from './context.ts';
import { linkToNext } from './paging.ts';
import { type Operation, type Route, route } from './route.ts';
import { idParams } from './schemas.ts';
import type { Sessions } from './sessions.ts';
import { viewUser } from './user-view.ts';

/** What these routes stand on. */
export interface UserParts {
  users: UserRepository;
  sessions: Pick<Sessions, 'announceEnd'>;
  clock: Clock;
}

const changed = (id: string, summary: string): Operation => ({
  id,
  summary,
  tags: ['Users'],
  answers: { 200: { description: 'The user as it is now.', body: meAnswer } },
  problems: ['not-found', 'conflict'],
});

/** GET /users; PUT /users/:id/role; POST /users/:id/disable and enable. */
export function userRoutes({ users, sessions, clock }: UserParts): Route[] {
  return [
    route({
      methods: ['get'],
      path: '/users',
      access: 'admin',
      operation: {
        id: 'listUsers',
        summary: 'The users, newest first',
        tags: ['Users'],
        answers: { 200: { description: 'A page of users.', body: usersAnswer, headers: ['Link'] } },
      },
      query: usersQuery,
      async handle({ ctx, query: { limit, after } }) {
        // One more than asked tells whether there is a next page.
        const found = await users.list({ limit: limit + 1, ...(after !== undefined && { after }) });
        const page = found.slice(0, limit);
        const next = found.length > limit ? (page.at(-1)?.id ?? null) : null;
        if (next !== null) linkToNext(ctx, next);
        ctx.body = { items: page.map(viewUser), next };
      },
    }),
    route({
      methods: ['put'],
      path: '/users/:id/role',
      access: 'admin',
      operation: changed('setRole', 'Give a user another role; the user logs in again'),
      params: idParams,
      body: roleBody,
      async handle({ ctx, params, body }) {
        refuseSelf(ctx, params.id);
        answer(ctx, await users.setRole(params.id, body.role));
        sessions.announceEnd(params.id);
      },
    }),
    route({
      methods: ['post'],
      path: '/users/:id/disable',
      access: 'admin',
      operation: changed('disableUser', 'Shut a user out: tokens and connections end at once'),
      params: idParams,
      async handle({ ctx, params }) {
        refuseSelf(ctx, params.id);
        answer(ctx, await users.setDisabled(params.id, clock.now()));
        sessions.announceEnd(params.id);
      },
    }),
    route({
      methods: ['post'],
      path: '/users/:id/enable',
      access: 'admin',
      operation: changed('enableUser', 'Let a user log in again'),
      params: idParams,
      async handle({ ctx, params }) {
        answer(ctx, await users.setDisabled(params.id, undefined));
      },
    }),
  ];
}

/** So that there is always an administrator left: the one who asks. */
function refuseSelf(ctx: Context, userId: string): void {
  if (viewerIn(ctx).userId === userId)
    throw new TerminalError('conflict', 'Another administrator has to do this to your own account.');
}

function answer(ctx: Context, user: User | undefined): void {
  if (!user) throw new TerminalError('not-found', 'There is no such user.');
  ctx.body = { user: viewUser(user) };
}
