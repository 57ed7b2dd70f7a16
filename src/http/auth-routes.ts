/** Registering, logging in, staying logged in, logging out, and who one is. */
import type { Clock } from '../platform/clock.ts';
import { TerminalError } from '../platform/errors.ts';
import type { User, UserRepository } from '../ports/users.ts';
import {
  introspectionAnswer,
  introspectionBody,
  loginBody,
  loginTestBody,
  logoutBody,
  meAnswer,
  passwordChangeBody,
  refreshBody,
  registrationBody,
  tokenAnswer,
} from './auth-schemas.ts';
import { type Context, viewerIn } from './context.ts';
import { InvalidRequest } from './faults.ts';
import { findAccount, type Identity, type Login } from './login.ts';
import type { Passwords } from './passwords.ts';
import { type Route, route } from './route.ts';
import type { OpenSession, Sessions } from './sessions.ts';
import { ISSUER, type Tokens, type Viewer } from './tokens.ts';
import { viewUser } from './user-view.ts';

/** What these routes stand on; `ttlS` is how long a token lives, in seconds. */
export interface AuthParts {
  users: UserRepository;
  passwords: Passwords;
  login: Login;
  sessions: Sessions;
  tokens: Tokens;
  /** Who a token speaks for, as long as its session counts. @throws TerminalError `unauthenticated` */
  verify: (token: string) => Promise<Viewer>;
  ttlS: number;
  /** Whether `POST /auth/login-test` is there. */
  loginTest: boolean;
  clock: Clock;
}

const tags = ['Authentication'];
const signedInAnswer = { description: 'The tokens of the session.', body: tokenAnswer };

/** POST /auth/register, login, refresh, logout, validate-token, change-password and (for tests) login-test; GET /auth/me. */
export function authRoutes(parts: AuthParts): Route[] {
  const { loginTest } = parts;
  return [
    registerRoute(parts),
    loginRoute(parts),
    ...(loginTest ? [loginTestRoute(parts)] : []),
    refreshRoute(parts),
    logoutRoute(parts),
    introspectionRoute(parts),
    meRoute(parts),
    passwordRoute(parts),
  ];
}

function signedIn({ tokens, ttlS }: AuthParts, user: User, { sessionId, refreshToken }: OpenSession) {
  const accessToken = tokens.issue(user, sessionId);
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: ttlS,
    refresh_token: refreshToken,
    accessToken,
    tokenType: 'Bearer',
    expiresInS: ttlS,
    refreshToken,
    user: viewUser(user),
  };
}

function registerRoute(parts: AuthParts): Route {
  const { users, passwords, sessions, clock } = parts;
  return route({
    methods: ['post'],
    path: '/auth/register',
    access: 'public',
    counts: 'auth',
    operation: {
      id: 'register',
      summary: 'Become a customer, and log in',
      tags,
      answers: { 201: signedInAnswer },
      problems: ['conflict'],
    },
    body: registrationBody,
    async handle({ ctx, body: { email, username, password } }) {
      const passwordHash = await passwords.hash(password);
      const createdAt = clock.now();
      const user = await users.create({ email, username, role: 'customer', createdAt, passwordHash });
      ctx.status = 201;
      ctx.body = signedIn(parts, user, await sessions.open({ ...user, sessionEpoch: 0 }));
    },
  });
}

function loginRoute(parts: AuthParts): Route {
  const { login, sessions } = parts;
  return route({
    methods: ['post'],
    path: '/auth/login',
    access: 'public',
    consumes: ['json', 'form'],
    counts: 'auth',
    operation: {
      id: 'logIn',
      summary: 'Log in with an email or a username and a password',
      tags,
      answers: { 200: signedInAnswer },
      problems: ['bad-credentials'],
    },
    body: loginBody,
    async handle({ ctx, body }) {
      const account = await login.logIn(identityOf(body), body.password, ctx.ip);
      ctx.body = signedIn(parts, account, await sessions.open(account));
    },
  });
}

function loginTestRoute(parts: AuthParts): Route {
  const { users, sessions } = parts;
  return route({
    methods: ['post'],
    path: '/auth/login-test',
    access: 'public',
    counts: 'auth',
    operation: {
      id: 'logInForTest',
      summary: 'Log in without a password; there only where a test has switched it on',
      tags,
      answers: { 200: signedInAnswer },
      problems: ['not-found'],
    },
    body: loginTestBody,
    async handle({ ctx, body }) {
      const account = await findAccount(users, identityOf(body));
      if (!account) throw new TerminalError('not-found', 'There is no such user.');
      ctx.body = signedIn(parts, account, await sessions.open(account));
    },
  });
}

/** What has an `@` is an email, whichever field it came in. */
function identityOf({ email, username }: { email?: string; username?: string }): Identity {
  const name = email ?? username ?? '';
  return name.includes('@') ? { email: name.toLowerCase() } : { username: name };
}

function refreshRoute(parts: AuthParts): Route {
  const { sessions } = parts;
  return route({
    methods: ['post'],
    path: '/auth/refresh',
    access: 'public',
    consumes: ['json', 'form'],
    counts: 'auth',
    operation: {
      id: 'refresh',
      summary: 'Exchange a refresh token, good for once, for new tokens',
      tags,
      answers: { 200: signedInAnswer },
      problems: ['unauthenticated'],
    },
    body: refreshBody,
    async handle({ ctx, body }) {
      const { account, ...session } = await sessions.refresh(body.refresh_token ?? body.refreshToken ?? '');
      ctx.body = signedIn(parts, account, session);
    },
  });
}

function logoutRoute({ sessions }: AuthParts): Route {
  return route({
    methods: ['post'],
    path: '/auth/logout',
    access: 'public',
    consumes: ['json', 'form'],
    operation: {
      id: 'logOut',
      summary: 'End the session of the token in the header, or of a refresh token',
      tags,
      answers: { 204: { description: 'The session has ended, if there was one.' } },
      problems: ['unauthenticated'],
    },
    body: logoutBody,
    async handle({ ctx, body }) {
      const refreshToken = body.refresh_token ?? body.refreshToken;
      if (refreshToken !== undefined) await sessions.endByToken(refreshToken);
      else await sessions.end(viewerIn(ctx));
      ctx.status = 204;
    },
  });
}

function introspectionRoute({ verify }: AuthParts): Route {
  return route({
    methods: ['post'],
    path: '/auth/validate-token',
    access: 'public',
    consumes: ['json', 'form'],
    counts: 'reads',
    operation: {
      id: 'validateToken',
      summary: 'Whether an access token counts, and whom it speaks for (RFC 7662)',
      tags,
      answers: { 200: { description: 'Its claims, or that it is not active.', body: introspectionAnswer } },
    },
    body: introspectionBody,
    async handle({ ctx, body }) {
      const token = body.token ?? bearerIn(ctx);
      if (token === undefined) throw new InvalidRequest([{ pointer: '/token', code: 'required' }]);
      ctx.body = await introspect(token, verify);
    },
  });
}

function bearerIn(ctx: Context): string | undefined {
  return /^Bearer ([^ ]+)$/i.exec(ctx.get('authorization').trim())?.[1];
}

async function introspect(token: string, verify: AuthParts['verify']) {
  let viewer: Viewer;
  try {
    viewer = await verify(token);
  } catch (error) {
    if (error instanceof TerminalError) return { active: false };
    throw error;
  }
  const { userId: sub, sessionId: sid, username, role, issuedAt, expiresAt } = viewer;
  const seconds = (date: Date) => date.getTime() / 1000;
  const times = { iat: seconds(issuedAt), exp: seconds(expiresAt) };
  return {
    active: true,
    sub,
    username,
    role,
    token_type: 'Bearer',
    iss: ISSUER,
    aud: 'ordo-api',
    sid,
    ...times,
  };
}

function meRoute({ users }: AuthParts): Route {
  return route({
    methods: ['get'],
    path: '/auth/me',
    access: 'user',
    operation: {
      id: 'whoAmI',
      summary: 'Whom the token speaks for',
      tags,
      answers: { 200: { description: 'The user.', body: meAnswer } },
    },
    async handle({ ctx }) {
      const user = await users.findById(viewerIn(ctx).userId);
      if (!user) throw new TerminalError('unauthenticated', 'The account of this token is no more.');
      ctx.body = { user: viewUser(user) };
    },
  });
}

function passwordRoute({ users, passwords, login, sessions }: AuthParts): Route {
  return route({
    methods: ['post'],
    path: '/auth/change-password',
    access: 'user',
    counts: 'auth',
    operation: {
      id: 'changePassword',
      summary: 'Change the password; every other session of the user ends',
      tags,
      answers: { 204: { description: 'It is changed; this session goes on.' } },
      problems: ['conflict'],
    },
    body: passwordChangeBody,
    async handle({ ctx, body: { currentPassword, newPassword } }) {
      const { userId, sessionId } = viewerIn(ctx);
      const account = await users.findAccount(userId);
      if (!account) throw new TerminalError('unauthenticated', 'The account of this token is no more.');
      await login.confirm(account, currentPassword, ctx.ip).catch(pointAtPassword);
      const change = { from: account.passwordHash, to: await passwords.hash(newPassword) };
      if (!(await users.setPassword(userId, { ...change, keptSessionId: sessionId })))
        throw new TerminalError('conflict', 'The password was changed elsewhere at the same time.');
      sessions.announceEnd(userId, sessionId);
      ctx.status = 204;
    },
  });
}

/** The caller is logged in, so that a wrong password is a fault of the form, not a reason to log in again. */
function pointAtPassword(error: unknown): never {
  if (error instanceof TerminalError && error.code === 'bad-credentials')
    throw new InvalidRequest([{ pointer: '/currentPassword', code: 'wrong_password' }]);
  throw error;
}
