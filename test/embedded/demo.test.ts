import test from 'ava';
import { seedDemo } from '../../src/embedded/demo.ts';
import { DEMO_PRODUCTS, FIRST_ORDER } from '../../src/embedded/demo-catalogue.ts';
import { renderScreen } from '../../src/embedded/screen.ts';
import { type ErrorCode, TerminalError } from '../../src/platform/errors.ts';
import type { NewProduct } from '../../src/ports/products.ts';
import { createFakeClock } from '../support/fake-clock.ts';

/** What the seed asks of the two repositories, kept in two maps. */
function createShop() {
  const products = new Map<string, NewProduct>();
  const users = new Map<string, { email: string; role: string; passwordHash: string }>();
  const once = <T>(map: Map<string, T>, key: string, value: T) => {
    if (map.has(key)) throw new TerminalError('conflict' satisfies ErrorCode, `${key} is there`);
    map.set(key, value);
  };
  const seed = {
    clock: createFakeClock(new Date('2026-01-01T00:00:00Z')),
    hashPassword: async (password: string) => `hash of ${password}`,
    products: { create: async (product: NewProduct) => once(products, product.sku, product) },
    users: {
      count: async () => users.size,
      create: async (user: { email: string; role: string; passwordHash: string }) =>
        once(users, user.email, user),
    },
  } as unknown as Parameters<typeof seedDemo>[0];
  return { products, users, seed };
}

test('an empty database gets the catalogue and three people, their passwords hashed', async (t) => {
  const { products, users, seed } = createShop();
  const credentials = (await seedDemo(seed)) ?? [];
  t.deepEqual([...products.values()], [...DEMO_PRODUCTS]);
  t.is(products.size, 12);
  t.deepEqual(
    credentials.map(({ role }) => role),
    ['customer', 'operator', 'admin'],
  );
  t.is(new Set(credentials.map(({ password }) => password)).size, 3);
  for (const { email, role, password } of credentials) {
    t.regex(password, /^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
    t.like(users.get(email), { role, passwordHash: `hash of ${password}` });
  }
});

test('a database that has users is left as it is', async (t) => {
  const { products, seed } = createShop();
  await seedDemo(seed);
  products.clear();
  t.is(await seedDemo(seed), undefined);
  t.is(products.size, 0);
});

test('a seed that was cut short before the people is completed by the next', async (t) => {
  const { products, seed } = createShop();
  const [first] = DEMO_PRODUCTS;
  if (first) products.set(first.sku, first);
  t.is((await seedDemo(seed))?.length, 3);
  t.is(products.size, 12);
});

test('a password that is given is the password of all three', async (t) => {
  const credentials = (await seedDemo({ ...createShop().seed, password: 'one for all' })) ?? [];
  t.deepEqual(
    credentials.map(({ password }) => password),
    ['one for all', 'one for all', 'one for all'],
  );
});

test("the first order is of a product of the catalogue, at the catalogue's price", (t) => {
  const product = DEMO_PRODUCTS.find(({ sku }) => sku === FIRST_ORDER.sku);
  t.like(product, { priceMinor: FIRST_ORDER.unitPriceMinor, currency: FIRST_ORDER.currency });
  t.true((product?.stock ?? 0) > FIRST_ORDER.quantity);
});

const facts = {
  url: 'http://127.0.0.1:3000',
  version: '1.2.3',
  role: 'all' as const,
  mongodbUri: 'mongodb://%2Ftmp%2Frun%2Fmongolet.sock/ordo?directConnection=true',
  redisUrl: 'redis://user:hidden-word@127.0.0.1:6379',
  demo: true,
  credentials: undefined,
};

test('the screen shows the passwords once, and an order of that customer', (t) => {
  const credentials = [
    {
      email: 'customer@ordo.example',
      username: 'customer',
      role: 'customer' as const,
      password: "it's-mine",
    },
  ];
  const screen = renderScreen({ ...facts, credentials });
  t.regex(screen, /customer@ordo\.example {2}it's-mine/);
  t.true(screen.includes(String.raw`-d '{"email":"customer@ordo.example","password":"it'\''s-mine"}'`));
  t.true(screen.includes('curl -s http://127.0.0.1:3000/api/v1/orders'));
});

test('the screen of a later start orders as a new customer, and shows no password of an address', (t) => {
  const screen = renderScreen(facts);
  t.true(screen.includes('/auth/register'));
  t.true(screen.includes(facts.mongodbUri));
  t.true(screen.includes('redis://***@127.0.0.1:6379'));
  t.false(screen.includes('hidden-word'));
  t.false(screen.includes('Demo users'));
});

test('the screen of a worker has no API to show', (t) => {
  const screen = renderScreen({ ...facts, role: 'worker' });
  t.true(screen.includes('running as worker'));
  t.false(screen.includes('/api/v1'));
});
