/** What every process knows of the endpoints: at once by a message, and by time where none gets through. */
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { WebhookEndpoint } from '../../src/ports/webhooks.ts';
import { openEndpointBook } from '../../src/webhooks/endpoint-book.ts';
import { createFakeNetwork } from '../http/support/fake-channel.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { START } from '../support/orders.ts';

const endpoint: WebhookEndpoint = {
  id: 'one',
  url: 'https://hooks.example/',
  events: ['*'],
  states: [],
  secrets: [],
  createdAt: START,
  updatedAt: START,
};

/** Two processes over the same store, which begins empty. */
async function twoBooks(t: ExecutionContext) {
  const network = createFakeNetwork();
  const clock = createFakeClock(START);
  const endpoints: WebhookEndpoint[] = [];
  const store = { reads: 0, fails: false };
  const listEndpoints = async () => {
    store.reads += 1;
    if (store.fails) throw new Error('The database is away.');
    return [...endpoints];
  };
  const open = () =>
    openEndpointBook({
      store: { listEndpoints },
      channel: network.join(),
      clock,
      logger: pino({ level: 'silent' }),
    });
  const [mine, other] = [await open(), await open()];
  t.teardown(() => {
    mine.close();
    other.close();
  });
  const known = () => other.enabled().map(({ id }) => id);
  return { network, clock, endpoints, store, mine, other, known };
}

test('a change in one process is known in the other at once', async (t) => {
  const { endpoints, mine, known } = await twoBooks(t);
  endpoints.push(endpoint, { ...endpoint, id: 'two', disabled: { at: START, reason: 'gone' } });
  await mine.changed();
  await eventually(
    async () => known(),
    ({ length }) => length > 0,
  );
  t.deepEqual(known(), ['one']);
  t.is(mine.find('two')?.disabled?.reason, 'gone');
});

test('without a message it is known after five seconds, and when the channel is heard again', async (t) => {
  const { network, clock, endpoints, mine, known } = await twoBooks(t);
  network.cut();
  endpoints.push(endpoint);
  await t.notThrowsAsync(mine.changed());
  clock.advance(4_999);
  t.deepEqual(known(), []);
  clock.advance(1);
  await eventually(
    async () => known(),
    ({ length }) => length === 1,
  );
  endpoints.push({ ...endpoint, id: 'two' });
  network.mend();
  await eventually(
    async () => known(),
    ({ length }) => length === 2,
  );
  t.pass();
});

test('what cannot be read stays as it was, and is read again', async (t) => {
  const { clock, endpoints, store, mine, known } = await twoBooks(t);
  endpoints.push(endpoint);
  await mine.changed();
  await eventually(
    async () => known(),
    ({ length }) => length === 1,
  );
  store.fails = true;
  const { reads } = store;
  clock.advance(5_000);
  await eventually(
    async () => store.reads,
    (count) => count > reads,
  );
  t.deepEqual(known(), ['one']);
  store.fails = false;
  endpoints.pop();
  await eventually(
    async () => {
      clock.advance(5_000);
      return known();
    },
    ({ length }) => length === 0,
  );
  t.pass();
});
