/** What every carrier has to do, whoever is behind it. */
import type { ExecutionContext, TestFn } from 'ava';
import type { Address, ParcelStatus } from '../../src/machines/order-types.ts';
import { TerminalError } from '../../src/platform/errors.ts';
import type { Carrier } from '../../src/ports/shipping.ts';

/** A carrier under test, and what moves its parcels. */
export interface CarrierUnderTest {
  /** Two handles on one carrier, as two processes hold them. */
  open(t: ExecutionContext): Promise<[Carrier, Carrier]>;
  deliverable: Address;
  undeliverable: Address;
  /** The parcel gets there; changes nothing where it has been further already. */
  advance(t: ExecutionContext, key: string, status: Exclude<ParcelStatus, 'booked'>): Promise<void>;
}

let orders = 0;

/** A booking of an order of its own. */
export function newBooking(address: Address) {
  const orderId = `order-${process.pid}-${Date.now().toString(36)}-${++orders}`;
  return {
    key: `${orderId}.shipment`,
    orderId,
    address,
    lines: [{ sku: 'mug', quantity: 2, unitPriceMinor: 500 }],
  };
}

/** Registers the conformance tests of the port; call it at the top of a test file. */
export function testCarrier(test: TestFn, underTest: CarrierUnderTest): void {
  testBooking(test, underTest);
  testRecalling(test, underTest);
  testTracking(test, underTest);
}

function testBooking(test: TestFn, { open, deliverable, undeliverable }: CarrierUnderTest): void {
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
}

function testRecalling(test: TestFn, { open, deliverable, advance }: CarrierUnderTest): void {
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

  test('a parcel that is on its way is called back; one that has arrived or is lost is not', async (t) => {
    const [carrier] = await open(t);
    for (const [status, isCalledBack] of [
      ['pickedUp', true],
      ['inTransit', true],
      ['delivered', false],
      ['lost', false],
    ] as const) {
      const request = newBooking(deliverable);
      await carrier.book(request);
      await advance(t, request.key, status);
      if (isCalledBack) await carrier.recall(request.key);
      else {
        const error = await t.throwsAsync(carrier.recall(request.key), { instanceOf: TerminalError });
        t.is(error?.code, 'conflict');
      }
      t.is(await carrier.track(request.key), isCalledBack ? 'recalled' : status);
    }
  });
}

function testTracking(test: TestFn, { open, deliverable, undeliverable, advance }: CarrierUnderTest): void {
  test('a parcel is tracked on its whole way', async (t) => {
    const [one, two] = await open(t);
    const request = newBooking(deliverable);
    t.is(await one.track(request.key), undefined);
    const booking = await one.book(request);
    t.is(await two.track(request.key), 'booked');
    for (const status of ['pickedUp', 'inTransit', 'delivered'] as const) {
      await advance(t, request.key, status);
      t.is(await two.track(request.key), status);
    }
    t.deepEqual(await two.book(request), booking);
  });

  test('what is told late or twice does not move a parcel back', async (t) => {
    const [carrier] = await open(t);
    const request = newBooking(deliverable);
    await carrier.book(request);
    for (const [told, stands] of [
      ['inTransit', 'inTransit'],
      ['pickedUp', 'inTransit'],
      ['inTransit', 'inTransit'],
      ['lost', 'lost'],
      ['delivered', 'lost'],
      ['inTransit', 'lost'],
    ] as const) {
      await advance(t, request.key, told);
      t.is(await carrier.track(request.key), stands);
    }
  });

  test('a parcel that was called back is recalled, whatever is told then; a refused one is unknown', async (t) => {
    const [carrier] = await open(t);
    const [recalled, barred, refused] = [
      newBooking(deliverable),
      newBooking(deliverable),
      newBooking(undeliverable),
    ];
    await carrier.book(recalled);
    await carrier.recall(recalled.key);
    await advance(t, recalled.key, 'pickedUp');
    t.is(await carrier.track(recalled.key), 'recalled');
    await carrier.recall(barred.key);
    t.is(await carrier.track(barred.key), 'recalled');
    await carrier.book(refused);
    t.is(await carrier.track(refused.key), undefined);
  });
}
