/** Orders of the machine's first version go over to the newest while they run: none is lost, none done twice. */
import { join } from 'node:path';
import test from 'ava';
import { begin } from '../../src/actors/decide.ts';
import { defineActor } from '../../src/actors/definition.ts';
import { type UpgradeReport, upgrade } from '../../src/actors/upgrade.ts';
import { createVersions } from '../../src/actors/versions.ts';
import { orderMachineV1 } from '../../src/machines/order-machine-v1.ts';
import { orderMachines, orderMigrations } from '../../src/machines/order-versions.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { createOrderStore } from '../../src/store/order-store.ts';
import { audit } from '../support/audit.ts';
import { eventually, logIn, startEngine } from '../support/engine.ts';
import { leases, placedOrder } from '../support/orders.ts';
import { shareServices } from '../support/services.ts';

/** More for a demonstration: `ORDERS=10000 npx ava test/recovery/machine-migration.test.ts`. */
const ORDERS = Number(process.env.ORDERS ?? 400);
const v1 = defineActor(orderMachineV1);
const services = shareServices(test);

/** An order as the first version placed it, of one customer, waiting to be validated. */
function oldOrder(orderId: string, customerId: string): OrderRecord {
  const { fulfilment: _, onDecline: __, ...facts } = placedOrder(orderId, { customerId }).input;
  const actor = { _id: orderId, input: facts };
  return begin(
    v1,
    actor,
    { type: 'order.placed', by: { role: 'customer' } },
    systemClock.now(),
    leases,
  ) as OrderRecord;
}

test('orders in flight go over under load: every one is done once, on either version', async (t) => {
  t.timeout(900_000);
  const { mongodbUri, redisUrl, dir } = services();
  const connection = await connectStore(mongodbUri);
  t.teardown(() => connection.close());
  const orders = orderModel(connection);
  const env = { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl, ORDO_DATA_DIR: join(dir, 'data') };
  const engine = await startEngine(t, { ...env, ORDO_SWEEP_INTERVAL_MS: '100', ORDO_ROLE: 'all' });
  const client = await logIn(() => engine.url);
  const customer = (await client.call('GET', '/auth/me')).body.user.id;
  for (const [sku, priceMinor] of [
    ['CUP', 500],
    ['POT', 1_500],
  ] as const)
    await client.call('POST', '/products', { sku, name: sku, priceMinor, currency: 'EUR', stock: 1_000_000 });
  const due = new Date(0);
  await orders.insertMany(
    Array.from({ length: ORDERS }, (_, index) => ({
      ...oldOrder(`old-${index}`, customer),
      sweepAt: due,
      idempotency: { key: `old-${index}`, fingerprint: 'f' },
    })),
  );
  const parts = {
    store: createOrderStore(orders),
    versions: createVersions(orderMachines, orderMigrations),
    clock: systemClock,
    leases,
  };
  const isMoving = { status: 'active' as const };
  await eventually(
    () => orders.countDocuments({ status: 'done' }),
    (done) => done > 0,
  );
  t.true((await orders.countDocuments(isMoving)) > 0, 'the migration comes in the middle');
  const reports: UpgradeReport[] = [await upgrade(parts, 'forth', { ended: false })];
  await eventually(
    () => orders.countDocuments(isMoving),
    (moving) => moving === 0,
    600_000,
  );
  reports.push(await upgrade(parts, 'forth', { ended: true }));
  t.deepEqual(
    reports.flatMap(({ stays }) => stays),
    [],
  );
  t.true((reports[0]?.gone ?? 0) > 0, 'some went over in flight');
  t.is(await orders.countDocuments({ 'machine.version': '3', state: 'completed' }), ORDERS);
  t.log(`${reports[0]?.gone} of ${ORDERS} went over in flight, ${reports[1]?.gone} when they had ended`);
  t.deepEqual((await audit(mongodbUri)).faults, []);
});
