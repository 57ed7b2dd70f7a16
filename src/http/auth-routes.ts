/** Registering, logging in, and who one is. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { User, UserRepository } from '../ports/users.ts';
import { viewerIn } from './context.ts';
import type { Login } from './login.ts';
import type { Passwords } from './passwords.ts';
import { type Route, route } from './route.ts';
import { credentialsBody, registrationBody } from './schemas.ts';
import type { Tokens } from './tokens.ts';

/** What these routes stand on; `ttlS` is how long a token lives, in seconds. */
export interface AuthParts {
  users: UserRepository;
  passwords: Passwords;
  login: Login;
  tokens: Tokens;
  ttlS: number;
  clock: Clock;
}

/** POST /auth/register, POST /auth/login, GET /auth/me. */
export function authRoutes({ users, passwords, login, tokens, ttlS, clock }: AuthParts): Route[] {
  const signedIn = (user: User) => ({
    user: viewUser(user),
    accessToken: tokens.issue(user),
    tokenType: 'Bearer',
    expiresInS: ttlS,
  });
  return [
    route({
      methods: ['post'],
      path: '/auth/register',
      access: 'public',
      body: registrationBody,
      async handle({ ctx, body: { email, username, password } }) {
        const passwordHash = await passwords.hash(password);
        const createdAt = clock.now();
        const user = await users.create({ email, username, role: 'customer', createdAt, passwordHash });
        ctx.status = 201;
        ctx.body = signedIn(user);
      },
    }),
    route({
      methods: ['post'],
      path: '/auth/login',
      access: 'public',
      body: credentialsBody,
      async handle({ ctx, body: { email, password } }) {
        ctx.body = signedIn(await login(email, password));
      },
    }),
    route({
      methods: ['get'],
      path: '/auth/me',
      access: 'user',
      async handle({ ctx }) {
        const user = await users.findById(viewerIn(ctx).userId);
        if (!user) throw new TerminalError('unauthenticated', 'The account of this token is no more.');
        ctx.body = { user: viewUser(user) };
      },
    }),
  ];
}

/** The user as they see themselves. */
export function viewUser({ id, email, username, role, language, phone }: User) {
  return {
    id,
    email,
    username,
    role,
    ...(language !== undefined && { language }),
    ...(phone !== undefined && { phone }),
  };
}
