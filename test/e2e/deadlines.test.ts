/** Deadlines: an `after` of the machine comes true through the queue of timers, also across a crash. */
import { join } from 'node:path';
import test from 'ava';
import { audit } from '../support/audit.ts';
import { eventually, logIn, orderBody, startEngine, type TestClient } from '../support/engine.ts';
import { shareServices, type TestServices } from '../support/services.ts';

const services = shareServices(test);

/** A gateway that fails for ever, with more patience than the deadline leaves. */
const environmentOf = ({ mongodbUri, redisUrl, dir }: TestServices, database: string) => ({
  MONGODB_URI: mongodbUri.replace('/ordo?', `/${database}?`),
  REDIS_URL: redisUrl,
  ORDO_DATA_DIR: join(dir, database),
  ORDO_PAYMENT_OVERDUE_MS: '2500',
  ORDO_ATTEMPTS: '100',
  ORDO_BACKOFF_MS: '200',
  ORDO_LEASE_MS: '1000',
  ORDO_SWEEP_INTERVAL_MS: '100',
});

async function placeUnpayable(client: TestClient): Promise<string> {
  await client.call('POST', '/products', {
    sku: 'CUP',
    name: 'A cup',
    priceMinor: 500,
    currency: 'EUR',
    stock: 10,
  });
  const { id } = await client.place(orderBody(['CUP'], { payment: { token: 'tok_error_always' } }));
  await eventually(
    () => client.order(id),
    ({ state }) => state === 'charging',
  );
  return id;
}

const overdue = 'order.placed stock.held payment.overdue payment.undone stock.released notice.sent';

test('a payment that is not settled in time is called off, and the stock given back', async (t) => {
  const env = environmentOf(services(), 'overdue');
  const engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  const id = await placeUnpayable(client);
  const end = await eventually(
    () => client.order(id),
    ({ final }) => final,
  );
  t.is(end.reason?.code, 'payment_overdue');
  t.is((await client.history(id)).map(({ type }) => type).join(' '), overdue);
  t.deepEqual((await audit(env.MONGODB_URI)).faults, []);
});

test('a deadline that came while every process was dead is met by the next start', async (t) => {
  const env = environmentOf(services(), 'overdue_dead');
  let engine = await startEngine(t, env);
  const client = await logIn(() => engine.url);
  const id = await placeUnpayable(client);
  await engine.kill();
  engine = await startEngine(t, env);
  const end = await eventually(
    () => client.order(id),
    ({ final }) => final,
  );
  t.is(end.reason?.code, 'payment_overdue');
  t.is((await client.history(id)).filter(({ type }) => type === 'payment.overdue').length, 1);
});
