/** What the requests and the answers about people and their sessions hold. */
import { z } from 'zod';
import { counted, id, text } from './schemas.ts';

const email = z
  .string()
  .trim()
  .max(254)
  .meta({ format: 'email', examples: ['ada@example.com'] })
  .pipe(z.email('email_invalid'))
  .transform((value) => value.toLowerCase());

const password = z.string().min(10).max(200);
/** One that is only compared may be of any length that is still cheap to hash. */
const typedPassword = z.string().min(1).max(200);
const role = z.enum(['customer', 'operator', 'admin']);
const token = z.string().min(1).max(4_096);

/** No `@` in it: what has one is an email. */
const username = text(64)
  .regex(/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} ._-]+$/u, 'invalid')
  .meta({ examples: ['Ada'] });

export const registrationBody = z.strictObject({ email, username, password });

/** The form of the admin pages. */
export const credentialsBody = z.strictObject({ email, password: typedPassword });

/** Names somebody by the email or the username; OAuth 2.0 calls either `username`. */
const identity = {
  email: email.exactOptional(),
  username: z.string().trim().min(1).max(254).exactOptional(),
};

const named = (body: { email?: string; username?: string }) =>
  body.email !== undefined || body.username !== undefined;

/** With what OAuth 2.0's password grant sends along in a form. */
export const loginBody = z
  .strictObject({
    ...identity,
    password: typedPassword,
    grant_type: z.literal('password').exactOptional(),
    scope: z.string().max(200).exactOptional(),
    client_id: z.string().max(200).exactOptional(),
    client_secret: z.string().max(200).exactOptional(),
  })
  .refine(named, { message: 'required', path: ['email'] });

export const loginTestBody = z.strictObject(identity).refine(named, { message: 'required', path: ['email'] });

export const refreshBody = z
  .strictObject({
    refresh_token: token.exactOptional(),
    refreshToken: token.exactOptional(),
    grant_type: z.literal('refresh_token').exactOptional(),
  })
  .refine((body) => body.refresh_token !== undefined || body.refreshToken !== undefined, {
    message: 'required',
    path: ['refresh_token'],
  });

/** A body that may be left out: the token in the header says which session ends. */
export const logoutBody = z.strictObject({
  refresh_token: token.exactOptional(),
  refreshToken: token.exactOptional(),
});

/** RFC 7662; without a token in the body, it is the header's that is asked about. */
export const introspectionBody = z.strictObject({
  token: token.exactOptional(),
  token_type_hint: z.string().max(64).exactOptional(),
});

export const passwordChangeBody = z.strictObject({ currentPassword: typedPassword, newPassword: password });

export const roleBody = z.strictObject({ role });

export const usersQuery = z.strictObject({ limit: counted(1, 100, 20), after: id.exactOptional() });

/** A user as people may see it. */
const userAnswer = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    username: z.string(),
    role,
    createdAt: z.iso.datetime(),
    language: z.enum(['en', 'vi']).exactOptional(),
    phone: z.string().exactOptional(),
    disabledAt: z.iso.datetime().exactOptional(),
  })
  .meta({ id: 'User' });

export const meAnswer = z.strictObject({ user: userAnswer });

export const usersAnswer = z.strictObject({ items: z.array(userAnswer), next: z.string().nullable() });

/** RFC 6749, 5.1; the second spelling is for those who expect it so. */
export const tokenAnswer = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int(),
    refresh_token: z.string(),
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    expiresInS: z.int(),
    refreshToken: z.string(),
    user: userAnswer,
  })
  .meta({ id: 'Tokens' });

/** RFC 7662, 2.2. */
export const introspectionAnswer = z.strictObject({
  active: z.boolean(),
  sub: z.string().exactOptional(),
  username: z.string().exactOptional(),
  role: role.exactOptional(),
  token_type: z.literal('Bearer').exactOptional(),
  iss: z.string().exactOptional(),
  aud: z.string().exactOptional(),
  sid: z.string().exactOptional(),
  iat: z.int().exactOptional(),
  exp: z.int().exactOptional(),
});
