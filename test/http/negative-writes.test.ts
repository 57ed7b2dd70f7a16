/** What attackers and broken clients send to orders, profiles and webhooks. To add one, add a row. */
import test from 'ava';
import { TerminalError } from '../../src/platform/errors.ts';
import {
  assertNegative,
  forbidden,
  get,
  invalid,
  type Negative,
  post,
  signedOut,
} from './support/negative.ts';

const event = (body: unknown) => post('/orders/x/events', body);
const put = (path: string, body: unknown) => ({ ...post(path, body), method: 'PUT' });
const subscribing = (endpoint: unknown) =>
  post('/auth/me/push-subscriptions', { endpoint, keys: { p256dh: 'x', auth: 'x' } });
const pushing = { config: { push: { publicKey: 'k', allowPrivate: false } } };
const missing = { status: 404, code: 'not-found' } as const;
const COMMANDS: Negative[] = [
  { name: 'a command that there is none of', ...invalid, request: event({ type: 'order.explode' }) },
  { name: 'an operator as a command', ...invalid, request: event({ type: { $ne: '' } }) },
  {
    name: 'the fact of a payment as a command',
    ...invalid,
    as: 'admin',
    request: event({ type: 'payment.settled', chargeKey: 'x.charge.1', paymentId: 'p', amountMinor: 1 }),
  },
  {
    name: 'the outcome of a stage as a command',
    ...invalid,
    as: 'admin',
    request: event({ type: 'xstate.done.actor.payment', output: { type: 'payment.captured' } }),
  },
  {
    name: 'a command in the name of another',
    ...invalid,
    request: event({ type: 'order.cancel', by: { role: 'admin' } }),
  },
  {
    name: 'a refund of less than nothing',
    ...invalid,
    as: 'operator',
    request: event({ type: 'order.refund', amountMinor: -1 }),
  },
  {
    name: 'a refund beyond all prices',
    ...invalid,
    as: 'operator',
    request: event({ type: 'order.refund', amountMinor: 1e15 }),
  },
  {
    name: 'a return of ten thousand lines',
    ...invalid,
    as: 'operator',
    request: event({
      type: 'order.return',
      lines: Array.from({ length: 10_000 }, () => ({ line: 1, quantity: 1 })),
    }),
  },
  { name: 'a command to an order that is not', ...missing, request: event({ type: 'order.cancel' }) },
  {
    name: 'a trial on an order that is not',
    ...missing,
    request: post('/orders/x/simulate', { event: { type: 'order.cancel' } }),
  },
  {
    name: 'a trial of nothing',
    ...invalid,
    request: post('/orders/x/simulate', {}),
  },
  { name: 'a status by a customer', ...forbidden, request: put('/orders/x/status', { status: 'COMPLETED' }) },
  {
    name: 'a state of the machine as a status',
    ...invalid,
    as: 'operator',
    request: put('/orders/x/status', { status: 'charging' }),
  },
  {
    name: 'a line break in a tracking number',
    ...invalid,
    as: 'operator',
    request: put('/orders/x/status', { status: 'SHIPPED', trackingNumber: 'T\r\nBcc: a@b.c' }),
  },
  { name: 'an operator as a seq', ...invalid, request: get('/orders/x?at[$gt]=0') },
  { name: 'the seq zero', ...invalid, request: get('/orders/x?at=0') },
  { name: 'a seq in scientific notation', ...invalid, request: get('/orders/x?at=1e3') },
  { name: 'the past of an order that is not', ...missing, request: get('/orders/x?at=1') },
  { name: 'the movements of a stock by a customer', ...forbidden, request: get('/products/A/movements') },
  {
    name: 'a thousand million movements',
    ...invalid,
    as: 'operator',
    request: get('/products/A/movements?limit=1000000000'),
  },
];

const PROFILES: Negative[] = [
  {
    name: 'a role in a profile',
    ...invalid,
    request: { ...post('/auth/me', { language: 'vi', role: 'admin' }), method: 'PATCH' },
  },
  {
    name: 'an operator as a phone',
    ...invalid,
    request: { ...post('/auth/me', { phone: { $ne: '' } }), method: 'PATCH' },
  },
  {
    name: 'a profile by nobody',
    ...signedOut,
    as: 'nobody',
    request: { ...post('/auth/me', { language: 'vi' }), method: 'PATCH' },
  },
  ...[
    'https://127.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::ffff:10.0.0.1]/',
    'https://0x7f000001/',
    'https://2130706433/',
    'http://push.example/',
    'file:///etc/passwd',
    { $ne: '' },
  ].map((endpoint) => ({
    name: `pushing to ${JSON.stringify(endpoint)}`,
    ...invalid,
    changes: pushing,
    request: subscribing(endpoint),
  })),
  {
    name: 'an operator as an endpoint',
    ...invalid,
    request: { ...get('/auth/me/push-subscriptions?endpoint[$ne]=x'), method: 'DELETE' },
  },
];

const hook = (provider: string, body: unknown = {}): Omit<Negative, 'name' | 'status'> => ({
  as: 'nobody',
  changes: {
    readers: {
      acme: {
        read() {
          throw new TerminalError('unauthenticated', 'The signature is wrong.');
        },
      },
    },
  },
  request: post(`/webhooks/${provider}`, body),
});
const WEBHOOKS: Negative[] = [
  { name: 'a webhook of nobody', ...missing, ...hook('nobody') },
  { name: 'a webhook of the constructor', ...missing, ...hook('constructor') },
  { name: 'a webhook of __proto__', ...missing, ...hook('__proto__') },
  { name: 'a webhook with another signature', ...signedOut, ...hook('acme') },
  {
    name: 'a webhook of a mebibyte',
    status: 413,
    code: 'body-too-large',
    ...hook('acme', 'x'.repeat(1_048_576)),
  },
];

const registering = (body: unknown): Omit<Negative, 'name' | 'status'> => ({
  as: 'operator',
  request: post('/webhook-endpoints', body),
});
const URL_OK = 'https://hooks.example/';
const ENDPOINTS: Negative[] = [
  ...[
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://[::]/',
    'https://[::1]:6379/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fe80::1]/',
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST:27017/',
    'https://redis.localhost/',
    'https://①②⑦.⓪.⓪.①/',
    'https://10.0.0.8:9200/_search',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://hooks.example@127.0.0.1/',
    'https://user:secret@hooks.example/',
    'https://127.0.0.1\\@hooks.example/',
    'https://hooks.example/#fragment',
    'https://',
    'http://hooks.example/',
    'file:///etc/passwd',
    'gopher://hooks.example:6379/_FLUSHALL',
    'unix:///run/redis.sock',
    'javascript:alert(1)',
    `https://hooks.example/${'a'.repeat(3_000)}`,
    { $ne: '' },
    ['https://hooks.example/'],
    null,
  ].map((url) => ({
    name: `a webhook to ${JSON.stringify(url)?.slice(0, 60)}`,
    ...invalid,
    ...registering({ url }),
  })),
  { name: 'a webhook with its own secret', ...invalid, ...registering({ url: URL_OK, secret: 'whsec_x' }) },
  { name: 'a webhook for an operator', ...invalid, ...registering({ url: URL_OK, events: [{ $gt: '' }] }) },
  {
    name: 'a webhook for a regular expression',
    ...invalid,
    ...registering({ url: URL_OK, events: ['(a+)+$'] }),
  },
  {
    name: 'a webhook for a long word',
    ...invalid,
    ...registering({ url: URL_OK, events: [`${'a.'.repeat(50_000)}!`] }),
  },
  {
    name: 'a webhook for ten thousand events',
    ...invalid,
    ...registering({ url: URL_OK, events: Array.from({ length: 10_000 }, () => '*') }),
  },
  { name: 'a webhook by a customer', ...forbidden, ...registering({ url: URL_OK }), as: 'customer' },
  {
    name: 'a delivery of an operator',
    ...invalid,
    as: 'operator',
    request: get('/webhook-endpoints/x/deliveries?after[$ne]=x'),
  },
  {
    name: 'a log of 1e9 deliveries',
    ...invalid,
    as: 'operator',
    request: get('/webhook-endpoints/x/deliveries?limit=1e9'),
  },
  {
    name: 'a change of an endpoint to loopback',
    ...invalid,
    as: 'operator',
    request: { ...post('/webhook-endpoints/x', { url: 'https://[::1]/' }), method: 'PATCH' },
  },
];

for (const row of [...COMMANDS, ...PROFILES, ...WEBHOOKS, ...ENDPOINTS])
  test.serial(`refused: ${row.name}`, assertNegative, row);
