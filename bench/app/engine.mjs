/**
 * The application that is measured: the built engine as anybody runs it, configured by its own settings, with the
 * outside world inside the process. It stamps the end of each order when the transition is committed.
 */
import { v7 as newId } from 'uuid';
import { startEngine } from '../../dist/engine.js';
import { createPasswords } from '../../dist/http/passwords.js';
import { systemClock } from '../../dist/platform/clock.js';
import { packageVersion, readEnvironment } from '../../dist/platform/config.js';
import { createLogger } from '../../dist/platform/logger.js';
import { done, ready } from '../peers/lib/recorder.mjs';
import { createProviders } from './providers.mjs';

const CUSTOMERS = 8;
const PASSWORD = 'a-password-for-the-bench';

const environment = readEnvironment(process.env);
const { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl, ORDO_JWT_SECRET: jwtSecret } = environment;

/** The load's names of orders, by the engine's: the payment token carries them. */
const names = new Map();
let opening = Promise.resolve();
let open = () => undefined;

process.on('message', ({ gateway }) => {
  if (gateway === 'hold') {
    opening = new Promise((resolve) => {
      open = resolve;
    });
  }
  if (gateway === 'open') open();
});

const engine = await startEngine({
  environment,
  mongodbUri,
  redisUrl,
  jwtSecret,
  version: packageVersion(),
  clock: systemClock,
  newId,
  logger: createLogger(environment.ORDO_LOG_LEVEL ?? 'warn'),
  providers: createProviders({
    onCharge: (orderId, token) => names.set(orderId, token),
    untilOpen: () => opening,
  }),
});

engine.onTransition(({ transition: { orderId, final } }) => {
  if (!final) return;
  // In another process than the one that charged, an order has no name: that one stamps it.
  const name = process.env.BENCH_NAMES === 'own' ? orderId : names.get(orderId);
  if (name !== undefined) done(name);
  names.delete(orderId);
});

/** The people of the run, logged in. */
async function people() {
  const passwordHash = await createPasswords().hash(PASSWORD);
  const enrol = async (username, role) => {
    const email = `${username}@ordo.example`;
    const person = {
      email,
      username,
      role,
      createdAt: systemClock.now(),
      passwordHash,
    };
    const user = (await engine.users.findByEmail(email)) ?? (await engine.users.create(person));
    const login = await fetch(`${engine.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    const { accessToken } = await login.json();
    return { id: user.id, token: accessToken };
  };
  const customers = [];
  for (let index = 0; index < CUSTOMERS; index += 1)
    customers.push(await enrol(`customer-${index}`, 'customer'));
  return { operator: await enrol('operator', 'operator'), customers };
}

process.on('SIGTERM', () => {
  engine.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});

const isWorker = environment.ORDO_ROLE === 'worker';
ready({
  url: engine.url,
  versions: { ordo: packageVersion() },
  ...(!isWorker && { people: await people() }),
});
