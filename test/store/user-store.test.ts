/** What users say about themselves, on a real document server. */
import { randomUUID } from 'node:crypto';
import test from 'ava';
import { connectStore } from '../../src/store/connect.ts';
import { createUserStore, userModel } from '../../src/store/user-store.ts';
import { migrate } from '../support/migrate.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
const model = userModel(connection);
await migrate(connection);
test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});
const users = createUserStore(model, randomUUID);

const make = () => {
  const username = randomUUID();
  const email = `${username}@example.com`;
  return users.create({ username, email, role: 'customer', createdAt: START, passwordHash: 'x' });
};
/** As long as the longest that is taken. */
const subscription = (name: string) => ({
  endpoint: `https://push.example/${name}/${'x'.repeat(2_000)}`,
  keys: { p256dh: 'p', auth: 'a' },
});
const endpointsOf = async (id: string) =>
  (await users.findById(id))?.pushSubscriptions?.map(({ endpoint }) => endpoint.split('/')[3]) ?? [];

test('a user says and takes back a phone number, and the rest stays', async (t) => {
  const made = await make();
  t.deepEqual(await users.update(made.id, { language: 'vi', phone: '+84912345678' }), {
    ...made,
    language: 'vi',
    phone: '+84912345678',
  });
  t.deepEqual(await users.update(made.id, { phone: null }), { ...made, language: 'vi' });
  t.deepEqual(await users.findById(made.id), { ...made, language: 'vi' });
  t.is(await users.update('nobody', { language: 'en' }), undefined);
});

test('a browser subscribes once, however often and at once it does', async (t) => {
  const { id } = await make();
  const results = await Promise.all(
    Array.from({ length: 8 }, () => users.addPushSubscription(id, subscription('a'))),
  );
  t.true(results.every(Boolean));
  await users.addPushSubscription(id, subscription('b'));
  t.deepEqual(await endpointsOf(id), ['a', 'b']);
  t.deepEqual((await users.findById(id))?.pushSubscriptions?.[1], subscription('b'));
  await users.removePushSubscription(id, subscription('a').endpoint);
  await users.removePushSubscription(id, subscription('a').endpoint);
  t.deepEqual(await endpointsOf(id), ['b']);
  t.false(await users.addPushSubscription('nobody', subscription('c')));
});

test('a browser belongs to whoever signed in there last', async (t) => {
  const [first, second] = [await make(), await make()];
  await users.addPushSubscription(first.id, subscription('shared'));
  await users.addPushSubscription(second.id, subscription('shared'));
  t.deepEqual([await endpointsOf(first.id), await endpointsOf(second.id)], [[], ['shared']]);
});

test('the browsers that came last are kept', async (t) => {
  const { id } = await make();
  for (let i = 0; i < 12; i++) await users.addPushSubscription(id, subscription(`kept-${i}`));
  t.deepEqual(
    await endpointsOf(id),
    Array.from({ length: 10 }, (_, i) => `kept-${i + 2}`),
  );
});
