/** The sandbox carrier: the port's conformance, and what it refuses. */
import test, { type ExecutionContext } from 'ava';
import mongoose from 'mongoose';
import { systemClock } from '../../src/platform/clock.ts';
import { createSandboxCarrier } from '../../src/providers/carrier-sandbox.ts';
import { shareServices } from '../support/services.ts';
import { newBooking, testCarrier } from './carrier-conformance.ts';

const services = shareServices(test);

const clock = { ...systemClock, now: () => new Date('2026-01-01T00:00:00Z') };

const deliverable = { name: 'Ada', street: 'Main 1', city: 'Graz', postalCode: '8010', country: 'AT' };

async function open(t: ExecutionContext) {
  const connection = await mongoose.createConnection(services().mongodbUri).asPromise();
  t.teardown(() => connection.close());
  return createSandboxCarrier({ connection: connection.useDb('ordo_sandbox'), clock });
}

testCarrier(test, {
  open: (t) => Promise.all([open(t), open(t)]),
  deliverable,
  undeliverable: { ...deliverable, postalCode: '00000' },
  advance: async (t, key, status) => (await open(t)).advance(key, status),
});

test('an embargoed country is refused', async (t) => {
  const carrier = await open(t);
  const booking = await carrier.book(newBooking({ ...deliverable, country: 'ZZ' }));
  t.is(booking.status === 'refused' && booking.reason.code, 'embargoed_country');
});

test('the same key has the same tracking number in every ledger', async (t) => {
  const carrier = await open(t);
  const booking = await carrier.book({ ...newBooking(deliverable), key: 'o1.shipment' });
  t.deepEqual(booking, {
    status: 'booked',
    shipmentId: 'shp_169f164a1634032646f7cda92d33a950',
    carrier: 'Sandbox Parcel',
    trackingNumber: 'ORDOFAC81B6F0CAE50EF',
  });
});

test.serial('a recall outlives the ledger being killed', async (t) => {
  const request = newBooking(deliverable);
  await (await open(t)).recall(request.key);
  await services().mongolet.kill();
  await services().mongolet.start();
  t.is((await (await open(t)).book(request)).status, 'refused');
});
