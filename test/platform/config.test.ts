/** Settings that depend on each other, and secrets that no message may repeat. */
import test from 'ava';
import { ConfigError, readEnvironment } from '../../src/platform/config.ts';

const STRIPE = { STRIPE_SECRET_KEY: 'sk_test_abc123', STRIPE_WEBHOOK_SECRET: 'whsec_abc123' };

test('Stripe has both its secrets, or neither', (t) => {
  t.like(readEnvironment(STRIPE), STRIPE);
  t.is(readEnvironment({ STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRET: '' }).STRIPE_SECRET_KEY, undefined);
  for (const [name, value] of Object.entries(STRIPE)) {
    const error = t.throws(() => readEnvironment({ [name]: value }), { instanceOf: ConfigError });
    t.deepEqual(error?.lines, ['STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: set both or neither.']);
  }
});

test('a secret of Stripe in the wrong place is refused, and not repeated', (t) => {
  const swapped = { STRIPE_SECRET_KEY: 'whsec_abc123', STRIPE_WEBHOOK_SECRET: 'sk_test_abc123' };
  const error = t.throws(() => readEnvironment(swapped), { instanceOf: ConfigError });
  t.is(error?.lines.length, 2);
  t.notRegex(error?.message ?? '', /abc123/);
});
