/** The book of deliveries on a real document server. */
import test from 'ava';
import { connectStore } from '../../src/store/connect.ts';
import { createDeliveryBook, deliveryModel } from '../../src/store/delivery-book.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});
const book = createDeliveryBook(deliveryModel(connection));

const later = (ms: number) => new Date(START.getTime() + ms);
const claim = (id: string, nowMs = 0) => ({ id, now: later(nowMs), until: later(nowMs + 60_000) });

test('of many attempts at once, one gets the message', async (t) => {
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, i) => book.claim('crowd', claim(`c${i}`))),
  );
  const claimed = answers.filter(({ status }) => status === 'claimed');
  t.deepEqual(claimed, [{ status: 'claimed', attempt: 1 }]);
  const busy = answers.filter(({ status }) => status === 'busy');
  t.is(busy.length, 15);
  t.deepEqual(busy[0], { status: 'busy', until: later(60_000) });
});

test('a claim that was made and whose reply was lost is still its own', async (t) => {
  await book.claim('own', claim('a'));
  t.deepEqual(await book.claim('own', claim('a')), { status: 'claimed', attempt: 1 });
});

test('a dead attempt is taken over when its time is up, and not before', async (t) => {
  await book.claim('dead', claim('a'));
  t.is((await book.claim('dead', claim('b', 59_999))).status, 'busy');
  const answers = await Promise.all(['c', 'd', 'e'].map((id) => book.claim('dead', claim(id, 60_000))));
  t.deepEqual(
    answers.filter(({ status }) => status === 'claimed'),
    [{ status: 'claimed', attempt: 2 }],
  );
});

test('what is released can be claimed at once, and its attempts are counted', async (t) => {
  await book.claim('failed', claim('a'));
  await book.release('failed', 'a');
  t.deepEqual(await book.claim('failed', claim('b')), { status: 'claimed', attempt: 2 });
  await book.release('failed', 'a');
  t.is((await book.claim('failed', claim('c'))).status, 'busy', 'a release of long ago frees nothing');
});

test('what is settled is never claimed again, whatever its attempts do afterwards', async (t) => {
  await book.claim('sent', claim('a'));
  await book.settle('sent', { status: 'sent', messageId: '<1@x>' }, later(1));
  await book.release('sent', 'a');
  await book.settle('sent', { status: 'refused', reason: 'too late' }, later(2));
  t.deepEqual(await book.claim('sent', claim('b', 3_600_000)), { status: 'settled' });
  const stored = await connection.collection<{ _id: string }>('deliveries').findOne({ _id: 'sent' });
  t.deepEqual(stored as unknown, {
    _id: 'sent',
    status: 'sent',
    attempts: 1,
    messageId: '<1@x>',
    settledAt: later(1),
  });
});
