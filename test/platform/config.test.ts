/** Settings that depend on each other, what is refused, and what no message repeats. */
import test from 'ava';
import { type ConfigError, readEnvironment } from '../../src/platform/config.ts';

const linesOf = (env: Record<string, string>): string[] => {
  try {
    readEnvironment(env);
    return [];
  } catch (error) {
    return (error as ConfigError).lines;
  }
};

test('the identity for Web Push is given whole or not at all', (t) => {
  const VAPID_PUBLIC_KEY = 'B'.repeat(87);
  const VAPID_PRIVATE_KEY = 'p'.repeat(43);
  const VAPID_SUBJECT = 'mailto:operator@shop.example';
  t.deepEqual(linesOf({ VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, VAPID_SUBJECT }), []);
  const lines = linesOf({ VAPID_PRIVATE_KEY });
  t.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['VAPID_PUBLIC_KEY', 'VAPID_SUBJECT'],
  );
});

test('no message repeats a secret of a channel', (t) => {
  const secret = 'hunter2';
  const lines = linesOf({ SMTP_URL: `imap://${secret}`, SMS_URL: secret, VAPID_PRIVATE_KEY: secret });
  t.true(lines.length >= 3);
  t.false(lines.join('\n').includes(secret));
});

for (const from of ['orders@shop.example', 'Cửa hàng <orders@shop.example>'])
  test(`${from} can be a sender`, (t) => t.deepEqual(linesOf({ ORDO_MAIL_FROM: from }), []));

for (const from of ['shop', 'Shop <a@b.example>, c@d.example', 'Shop\r\nBcc: <a@b.example>'])
  test(`${JSON.stringify(from)} can be no sender`, (t) => t.is(linesOf({ ORDO_MAIL_FROM: from }).length, 1));

const STRIPE = { STRIPE_SECRET_KEY: 'sk_test_abc123', STRIPE_WEBHOOK_SECRET: 'whsec_abc123' };

test('Stripe has both its secrets, or neither', (t) => {
  t.like(readEnvironment(STRIPE), STRIPE);
  t.is(readEnvironment({ STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRET: '' }).STRIPE_SECRET_KEY, undefined);
  for (const [name, value] of Object.entries(STRIPE)) {
    const [other] = Object.keys(STRIPE).filter((each) => each !== name);
    t.deepEqual(linesOf({ [name]: value }), [`${other}: expected together with ${name}.`]);
  }
});

test('a secret of Stripe in the wrong place is refused, and not repeated', (t) => {
  const swapped = { STRIPE_SECRET_KEY: 'whsec_abc123', STRIPE_WEBHOOK_SECRET: 'sk_test_abc123' };
  const lines = linesOf(swapped);
  t.is(lines.length, 2);
  t.notRegex(lines.join(), /abc123/);
});
