/** The carrier over HTTP against a real sandbox: the port's conformance, and its death. */
import test from 'ava';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { RetryableError } from '../../src/platform/errors.ts';
import { createHttpCarrier } from '../../src/providers/carrier-http.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { makeTestDir, type Teardown } from '../support/services.ts';
import { newBooking, testCarrier } from './carrier-conformance.ts';

const endings: (() => Promise<void> | void)[] = [];
let sandbox: TestSandbox;

test.before('start the sandbox', async () => {
  const own: Teardown = { teardown: (fn) => endings.unshift(fn) };
  sandbox = await startSandbox(own, await makeTestDir(own));
});
test.after.always('stop the sandbox', async () => {
  for (const end of endings) await end();
});

const open = () => createHttpCarrier({ url: sandbox.url, clock: systemClock });
const deliverable = { name: 'Ada', street: 'Main 1', city: 'Graz', postalCode: '8010', country: 'AT' };

testCarrier(test, {
  open: async () => [open(), open()],
  deliverable,
  undeliverable: { ...deliverable, postalCode: '00000' },
  async advance(_t, key, status) {
    await sandbox.post(['parcels', key, 'advance'], { status }, z.unknown());
  },
});

test('an embargoed country is refused', async (t) => {
  const booking = await open().book(newBooking({ ...deliverable, country: 'ZZ' }));
  t.is(booking.status === 'refused' && booking.reason.code, 'embargoed_country');
});

test.serial('bookings and recalls outlive the carrier being killed', async (t) => {
  const carrier = open();
  const [booked, recalled] = [newBooking(deliverable), newBooking(deliverable)];
  const booking = await carrier.book(booked);
  await carrier.recall(recalled.key);
  await sandbox.kill();
  await t.throwsAsync(carrier.track(booked.key), { instanceOf: RetryableError });
  await sandbox.start();
  t.deepEqual(await carrier.book(booked), booking);
  t.is(await carrier.track(recalled.key), 'recalled');
});
