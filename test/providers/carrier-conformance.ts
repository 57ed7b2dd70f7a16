/** What every carrier has to do, whoever is behind it. */
import type { ExecutionContext, TestFn } from 'ava';
import type { Address } from '../../src/machines/order-types.ts';
import type { Carrier } from '../../src/ports/shipping.ts';

/** A carrier under test. */
export interface CarrierUnderTest {
  /** Two handles on one carrier, as two processes hold them. */
  open(t: ExecutionContext): Promise<[Carrier, Carrier]>;
  deliverable: Address;
  undeliverable: Address;
}

let orders = 0;

/** A booking of an order of its own. */
export function newBooking(address: Address) {
  const orderId = `order-${process.pid}-${++orders}`;
  return {
    key: `${orderId}.shipment`,
    orderId,
    address,
    lines: [{ sku: 'mug', quantity: 2, unitPriceMinor: 500 }],
  };
}

/** Registers the tests of booking and calling back. */
export function testCarrier(test: TestFn, { open, deliverable, undeliverable }: CarrierUnderTest): void {
  test('a parcel is booked once under its key, however often and wherever it is asked for', async (t) => {
    const [one, two] = await open(t);
    const request = newBooking(deliverable);
    const bookings = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? one : two).book(request)),
    );
    const [first] = bookings;
    t.is(first?.status, 'booked');
    for (const booking of bookings) t.deepEqual(booking, first);
    if (first) t.deepEqual(await two.book(request), first);
  });

  test('parcels of their own keys are parcels of their own', async (t) => {
    const [carrier] = await open(t);
    const bookings = await Promise.all([1, 2, 3].map(() => carrier.book(newBooking(deliverable))));
    for (const name of ['shipmentId', 'trackingNumber'] as const) {
      t.is(new Set(bookings.map((booking) => booking.status === 'booked' && booking[name])).size, 3);
    }
  });

  test('an address that cannot be served is refused with a reason', async (t) => {
    const [carrier] = await open(t);
    const booking = await carrier.book(newBooking(undeliverable));
    t.is(booking.status === 'refused' && booking.reason.code, 'undeliverable_address');
  });

  test('a parcel that was called back cannot be booked any more', async (t) => {
    const [one, two] = await open(t);
    const request = newBooking(deliverable);
    await one.book(request);
    await Promise.all([one.recall(request.key), two.recall(request.key)]);
    await two.recall(request.key);
    t.is((await one.book(request)).status, 'refused');
  });

  test('a key that was barred before its booking came is refused', async (t) => {
    const [one, two] = await open(t);
    const request = newBooking(deliverable);
    await one.recall(request.key);
    t.is((await two.book(request)).status, 'refused');
  });

  test('a booking and its recall at once: the parcel is called back in the end', async (t) => {
    const [one, two] = await open(t);
    for (let round = 0; round < 20; round++) {
      const request = newBooking(deliverable);
      await Promise.all([one.book(request), two.recall(request.key)]);
      t.is((await one.book(request)).status, 'refused');
    }
  });
}
