/** The client runs the engine's machine: what it says may be sent is what the engine then takes, and nothing else. */
import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../packages/client/src/index.ts';
import { DEMO_PASSWORD, eventually, logIn, orderBody, startEngine } from '../support/engine.ts';
import { shareServices } from '../support/services.ts';

const services = shareServices(test);

test('the commands that a client tells are those that the engine accepts from that role', async (t) => {
  const { mongodbUri, redisUrl, dir } = services();
  const env = { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl, ORDO_DATA_DIR: join(dir, 'data') };
  // Without a worker an order stays where commands alone have brought it.
  const { url } = await startEngine(t, { ...env, ORDO_ROLE: 'api' });
  const people = ['customer@ordo.example', 'operator@ordo.example'];
  const watch = async (email: string, id: string) => {
    const login = { email, password: DEMO_PASSWORD };
    const caller = await logIn(() => url, email);
    const { body } = await caller.call('POST', '/auth/login', login);
    const client = connect({ url, token: body.accessToken });
    t.teardown(() => client.close());
    return { caller, client, watch: client.watchOrder(id, () => {}) };
  };
  const customer = await logIn(() => url, people[0]);
  const { id, state } = await customer.place(orderBody(['CUP']));
  const watchers = await Promise.all(people.map((email) => watch(email, id)));
  for (const each of watchers) {
    t.deepEqual(await each.watch.allowedEvents(), (await each.caller.order(id)).allowedEvents);
    t.true((await each.watch.allowedEvents()).includes('order.cancel'), state);
  }
  t.is((await customer.call('POST', `/orders/${id}/cancel`)).status, 200);
  for (const each of watchers) {
    await eventually(
      async () => each.watch.seq,
      (seq) => seq === 2,
    );
    const told = await each.watch.allowedEvents();
    t.deepEqual(told, (await each.caller.order(id)).allowedEvents);
    t.false(told.includes('order.cancel'));
    const { status, body } = await each.caller.call('POST', `/orders/${id}/cancel`);
    t.is(status, 409);
    t.deepEqual(body.allowedEvents, told);
  }
});
