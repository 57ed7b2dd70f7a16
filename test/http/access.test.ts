import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import jwt from 'jsonwebtoken';
import { createKeyRing, createTokens } from '../../src/http/tokens.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { SECRET, startApp, TTL_S } from './support/running-app.ts';

const CLAIMS = { sub: 'user-1', sid: 'session-1', role: 'admin', username: 'mallory' };
const HEADER = { alg: 'HS256', typ: 'at+jwt', kid: createKeyRing([SECRET]).signing.kid };
const RIGHT = { issuer: 'ordo', audience: 'ordo-api', header: HEADER, expiresIn: 60 } as const;
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Signs as we would, but for the changes. */
const sign = (
  claims: object,
  changes: Omit<jwt.SignOptions, 'header'> & { header?: object } = {},
  secret: string = SECRET,
) => jwt.sign(claims, secret, { ...RIGHT, ...changes, header: { ...HEADER, ...changes.header } });

/** Tokens that must not be taken; `nowS` is the app's time. */
const FORGED: [string, (nowS: number) => string][] = [
  ['no token at all', () => ''],
  ['nonsense', () => 'a.b.c'],
  ['algorithm none', (iat) => sign({ ...CLAIMS, iat }, { algorithm: 'none', header: { alg: 'none' } }, '')],
  ['algorithm HS512', (iat) => sign({ ...CLAIMS, iat }, { algorithm: 'HS512', header: { alg: 'HS512' } })],
  [
    'algorithm RS256, by a key of their own',
    (iat) => sign({ ...CLAIMS, iat }, { algorithm: 'RS256', header: { alg: 'RS256' } }, privateKey),
  ],
  ['a public key as the secret', (iat) => sign({ ...CLAIMS, iat }, {}, publicKey)],
  ['another secret', (iat) => sign({ ...CLAIMS, iat }, {}, SECRET.toUpperCase())],
  ['another type', (iat) => sign({ ...CLAIMS, iat }, { header: { typ: 'JWT' } })],
  ['a key id unknown', (iat) => sign({ ...CLAIMS, iat }, { header: { kid: 'other' } })],
  ['a key id that is a path', (iat) => sign({ ...CLAIMS, iat }, { header: { kid: '../../dev/null' } }, 'x')],
  ['another issuer', (iat) => sign({ ...CLAIMS, iat }, { issuer: 'other' })],
  ['another audience', (iat) => sign({ ...CLAIMS, iat }, { audience: 'other' })],
  ['the audience of the admin cookie', (iat) => sign({ ...CLAIMS, iat }, { audience: 'ordo-admin' })],
  [
    'no issuer',
    (iat) => jwt.sign({ ...CLAIMS, iat, aud: 'ordo-api', exp: iat + 60 }, SECRET, { header: HEADER }),
  ],
  [
    'no expiry',
    (iat) => jwt.sign({ ...CLAIMS, iat, iss: 'ordo', aud: 'ordo-api' }, SECRET, { header: HEADER }),
  ],
  ['expired', (iat) => sign({ ...CLAIMS, iat: iat - 61 })],
  ['not yet valid', (iat) => sign({ ...CLAIMS, iat }, { notBefore: 30 })],
  ['no subject', (iat) => sign({ sid: 's', role: 'admin', username: 'm', iat })],
  ['no session', (iat) => sign({ sub: 'user-1', role: 'admin', username: 'm', iat })],
  ['a role unknown', (iat) => sign({ ...CLAIMS, role: 'root', iat })],
];

for (const [name, forge] of FORGED) {
  test(`not signed in: ${name}`, async (t) => {
    const app = await startApp(t);
    const token = forge(Math.floor(app.clock.now().getTime() / 1000));
    const answer = await app.call('GET', '/api/v1/orders', token === '' ? {} : { token });
    t.is(answer.status, 401, answer.text);
    t.is(answer.json.code, 'unauthenticated');
    t.is(answer.headers.get('www-authenticate'), `Bearer realm="ordo"${token && ', error="invalid_token"'}`);
    t.throws(() => app.tokens.verify(token), { message: /./ });
  });
}

test('the token that all those are forged after is taken, as long as its session counts', async (t) => {
  const app = await startApp(t);
  const iat = Math.floor(app.clock.now().getTime() / 1000);
  t.is((await app.call('GET', '/api/v1/orders', { token: sign({ ...CLAIMS, iat }) })).status, 401);
  const { user } = await app.person('admin');
  const { sessionId } = await app.sessions.open({ ...user, sessionEpoch: 0 });
  const token = sign({ ...CLAIMS, sub: user.id, sid: sessionId, iat });
  t.is((await app.call('GET', '/api/v1/orders', { token })).status, 200);
});

test('a token lives exactly as long as the clock says', async (t) => {
  const app = await startApp(t);
  const { user, token } = await app.person('customer');
  t.like(app.tokens.verify(token), { userId: user.id, role: 'customer', username: user.username });
  t.is(app.tokens.verify(token).expiresAt.getTime(), app.clock.now().getTime() + TTL_S * 1000);
  app.clock.advance(TTL_S * 1000 - 1000);
  t.is((await app.call('GET', '/api/v1/auth/me', { token })).status, 200);
  app.clock.advance(1000);
  t.is((await app.call('GET', '/api/v1/auth/me', { token })).status, 401);
});

test('a token in a cookie, a query, or under another scheme is no token', async (t) => {
  const app = await startApp(t);
  const { token } = await app.person('admin');
  const { token: other } = await app.person('admin');
  for (const headers of [
    { cookie: `token=${token}; ordo_admin=${token}` },
    { authorization: `Basic ${token}` },
    { authorization: token },
    { authorization: `Bearer ${token} ${other}` },
  ]) {
    t.is((await app.call('GET', '/api/v1/orders', { headers })).status, 401, Object.keys(headers)[0]);
  }
  t.is((await app.call('GET', `/api/v1/orders?token=${token}`)).status, 401);
});

test('tokens are not made with a short secret, neither as the first nor as the one before it', (t) => {
  const clock = createFakeClock(new Date(0));
  for (const secrets of [['short'], [SECRET, 'short']])
    t.throws(() => createTokens({ secrets, ttlS: 60, clock }), {
      instanceOf: RangeError,
      message: /at least 32 bytes, got 5/,
    });
});

test('a secret is changed without logging anybody out', async (t) => {
  const old = 'the secret before, of thirty-two bytes and more';
  const app = await startApp(t, { config: { jwtSecrets: [SECRET, old] } });
  const { user, token } = await app.person('customer');
  const { sessionId } = await app.sessions.open({ ...user, sessionEpoch: 0 });
  const before = createTokens({ secrets: [old], ttlS: TTL_S, clock: app.clock }).issue(user, sessionId);
  for (const one of [before, token])
    t.is((await app.call('GET', '/api/v1/auth/me', { token: one })).status, 200);
  const { body } = { body: { email: 'new@example.com', username: 'new', password: '0123456789' } };
  const { json } = await app.call('POST', '/api/v1/auth/register', { body });
  t.is(jwt.decode(json.access_token, { complete: true })?.header.kid, HEADER.kid, 'the first one signs');
});
