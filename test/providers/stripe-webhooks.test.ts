/** Stripe's webhooks over real HTTP, as the double signs and posts them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import Stripe from 'stripe';
import { TerminalError } from '../../src/platform/errors.ts';
import type { ProviderEvent } from '../../src/ports/provider-events.ts';
import { createStripeWebhooks } from '../../src/providers/stripe-webhooks.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startStripeDouble, WEBHOOK_SECRET } from './stripe-double.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const clock = createFakeClock(NOW);
const reader = createStripeWebhooks({ secret: WEBHOOK_SECRET, clock });

/** An endpoint that reads what comes, and the double that posts to it. */
async function start(t: ExecutionContext) {
  const own = createStripeWebhooks({
    secret: WEBHOOK_SECRET,
    clock: { now: () => new Date(), after: () => () => {} },
  });
  const read: ProviderEvent[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      read.push(...own.read(request.headers as Record<string, string>, Buffer.concat(chunks)));
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(error instanceof TerminalError ? 400 : 500).end();
    }
  });
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { double: await startStripeDouble(t), url, read };
}

const create = (payment_method: string, metadata: Record<string, string>) => ({
  amount: '1999',
  currency: 'eur',
  payment_method,
  metadata,
});
const metadata = { orderId: 'order-1', chargeKey: 'order-1.charge.1' };

test('a payment that succeeds settles its charge', async (t) => {
  const { double, url, read } = await start(t);
  const { id } = double.ledger.create(create('pm_card_visa', metadata));
  double.ledger.confirm(id, {});
  for (const event of double.ledger.events) t.is(await double.deliver(url, event), 204);
  const fact = {
    type: 'payment.settled',
    chargeKey: 'order-1.charge.1',
    paymentId: id,
    amountMinor: 1_999,
  } as const;
  t.deepEqual(read, [{ eventId: double.ledger.events[0]?.id ?? '', orderId: 'order-1', fact }]);
});

test('a payment that fails, or is cancelled, fails its charge with the reason', async (t) => {
  const { double, url, read } = await start(t);
  const failed = double.ledger.create(create('pm_card_authenticationRequired', metadata));
  double.ledger.confirm(failed.id, {});
  double.ledger.settle(failed, 'failed');
  double.ledger.cancel(failed.id, {});
  t.is(double.ledger.events.length, 2);
  for (const event of double.ledger.events) t.is(await double.deliver(url, event), 204);
  t.deepEqual(
    read.map(({ fact }) => fact.type === 'payment.failed' && [fact.chargeKey, fact.reason.code]),
    [
      ['order-1.charge.1', 'payment_intent_authentication_failure'],
      ['order-1.charge.1', 'payment_canceled'],
    ],
  );
  t.is(new Set(read.map(({ eventId }) => eventId)).size, 2);
});

test('the same event again has the same id', async (t) => {
  const { double, url, read } = await start(t);
  const { id } = double.ledger.create(create('pm_card_visa', metadata));
  double.ledger.confirm(id, {});
  const [event] = double.ledger.events;
  if (!event) throw new Error('The double told nothing.');
  for (let i = 0; i < 2; i++) await double.deliver(url, event);
  t.deepEqual(read[1], read[0]);
});

test('payments of others on the same account, and other events, concern no order', async (t) => {
  const { double, url, read } = await start(t);
  const { id } = double.ledger.create(create('pm_card_visa', { theirs: 'yes' }));
  double.ledger.confirm(id, {});
  const [theirs] = double.ledger.events;
  if (!theirs) throw new Error('The double told nothing.');
  t.is(await double.deliver(url, theirs), 204);
  t.is(await double.deliver(url, { ...theirs, type: 'charge.succeeded', data: { object: {} } }), 204);
  t.deepEqual(read, []);
});

test('an event that another secret signed is refused', async (t) => {
  const { double, url, read } = await start(t);
  const { id } = double.ledger.create(create('pm_card_visa', metadata));
  double.ledger.confirm(id, {});
  for (const event of double.ledger.events) t.is(await double.deliver(url, event, 'whsec_other'), 400);
  t.deepEqual(read, []);
});

const payload = JSON.stringify({ id: 'evt_1', type: 'payment_intent.succeeded', data: { object: {} } });

function sign(text: string, at = NOW, secret = WEBHOOK_SECRET) {
  const timestamp = at.getTime() / 1_000;
  return {
    'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp }),
  };
}

const codeOf = (run: () => unknown) => {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof TerminalError) return error.code;
    throw error;
  }
};

test('without a signature, with a broken one, over another body, or too old: unauthenticated', (t) => {
  const other = JSON.stringify({ id: 'evt_1', type: 'charge.succeeded' });
  t.deepEqual(reader.read(sign(other), Buffer.from(other)), []);
  const old = sign(other, new Date(NOW.getTime() - 301_000));
  const cases = [{}, { 'stripe-signature': '' }, { 'stripe-signature': 't=1,v1=00' }, sign(payload), old];
  for (const headers of cases)
    t.is(
      codeOf(() => reader.read(headers, Buffer.from(other))),
      'unauthenticated',
    );
  const message = t.throws(() => reader.read(sign(payload), Buffer.from(other)))?.message ?? '';
  t.notRegex(message, /evt_1|double0123/);
});

test('signed, but no event of Stripe: invalid', (t) => {
  const bodies = [payload, '', 'no json', '[]', 'null', '{}', '{"id":"evt_1"}', '{"object":"v2.core.event"}'];
  for (const body of bodies)
    t.is(
      codeOf(() => reader.read(sign(body), Buffer.from(body))),
      'invalid-request',
      body,
    );
});
