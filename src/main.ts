/** Reads the configuration, starts what is needed, shows where it is, and ends cleanly on a signal. */
import { type Credentials, seedDemo } from './embedded/demo.ts';
import { renderScreen } from './embedded/screen.ts';
import { startEmbedded } from './embedded/services.ts';
import { type Engine, startEngine } from './engine.ts';
import { ensureFirstAdmin } from './http/first-admin.ts';
import { createPasswords } from './http/passwords.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError, type Environment, packageVersion, readEnvironment } from './platform/config.ts';
import { messageOf } from './platform/errors.ts';
import { createLogger } from './platform/logger.ts';
import { createNewId } from './platform/new-id.ts';

/** Work that does not end by then is left to the recovery sweep of the next start. */
const STOP_TIMEOUT_MS = 9_000;

/** The words for what kept the engine from starting: one line, and what to do. */
function explain(error: unknown, { ORDO_HOST, ORDO_PORT }: Environment): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return `Port ${ORDO_PORT} on ${ORDO_HOST} is in use; stop what holds it, or set ORDO_PORT to another.`;
  if (code === 'EACCES')
    return `Port ${ORDO_PORT} may not be opened by this user; set ORDO_PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `ORDO_HOST=${ORDO_HOST} is no address of this machine.`;
  return messageOf(error);
}

/** The people that the configuration asks for: those of the demo, and the first administrator. */
async function seed(
  engine: Engine,
  environment: Environment,
  demo: boolean,
): Promise<Credentials[] | undefined> {
  const { users, products } = engine;
  const { ORDO_ADMIN_EMAIL: email, ORDO_ADMIN_PASSWORD, ORDO_DEMO_PASSWORD: password } = environment;
  const passwords = createPasswords();
  // The demo comes first: it is sown only where there is nobody yet.
  const credentials = demo
    ? await seedDemo({
        users,
        products,
        hashPassword: passwords.hash,
        clock: systemClock,
        ...(password !== undefined && { password }),
      })
    : undefined;
  if (email !== undefined && ORDO_ADMIN_PASSWORD !== undefined)
    await ensureFirstAdmin(
      { users, passwords, clock: systemClock },
      { email, password: ORDO_ADMIN_PASSWORD },
    );
  return credentials;
}

async function start(environment: Environment): Promise<void> {
  const { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl, ORDO_JWT_SECRET: jwtSecret } = environment;
  const { ORDO_PAYMENT_URL: paymentUrl, ORDO_CARRIER_URL: carrierUrl } = environment;
  const { ORDO_WEBHOOK_SECRET: webhookSecret } = environment;
  const embedded = mongodbUri === undefined;
  const logger = createLogger(environment.ORDO_LOG_LEVEL ?? (embedded ? 'warn' : 'info'));
  const version = packageVersion();
  const services = await startEmbedded({
    dataDir: environment.ORDO_DATA_DIR,
    ...(mongodbUri !== undefined && { mongodbUri }),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(jwtSecret !== undefined && { jwtSecret }),
    ...(paymentUrl !== undefined && { paymentUrl }),
    ...(carrierUrl !== undefined && { carrierUrl }),
    ...(webhookSecret !== undefined && { webhookSecret }),
    logger,
  });
  const engine = await startEngine({
    environment,
    ...services,
    version,
    clock: systemClock,
    newId: createNewId(systemClock),
    logger,
  }).catch(async (error: unknown) => {
    await services.stop();
    throw error;
  });
  const stop = async (exitCode: number) => {
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    await engine.stop();
    await services.stop();
    process.exit(exitCode);
  };
  const stopOnce = once(stop);
  process.on('SIGINT', () => stopOnce(0));
  process.on('SIGTERM', () => stopOnce(0));
  services.onExit((name, detail) => {
    process.stderr.write(`ordo: ${name} ended by itself: ${detail}\n`);
    stopOnce(1);
  });
  if (environment.ORDO_ROLE !== 'worker')
    await services.directWebhooks(`${engine.url}/api/v1/webhooks/sandbox`);
  const demo = environment.ORDO_DEMO === undefined ? embedded : environment.ORDO_DEMO === 'true';
  const credentials = environment.ORDO_ROLE === 'worker' ? undefined : await seed(engine, environment, demo);
  process.stdout.write(
    renderScreen({ url: engine.url, version, role: environment.ORDO_ROLE, demo, credentials, ...services }),
  );
  logger.info({ url: engine.url, role: environment.ORDO_ROLE, version }, 'started');
}

function once(run: (exitCode: number) => Promise<void>): (exitCode: number) => void {
  let called = false;
  return (exitCode) => {
    if (called) return;
    called = true;
    run(exitCode).catch((error) => {
      process.stderr.write(`ordo: did not stop cleanly: ${messageOf(error)}\n`);
      process.exit(1);
    });
  };
}

function fail(lines: string[]): never {
  for (const line of lines) process.stderr.write(`ordo: ${line}\n`);
  process.exit(1);
}

try {
  const environment = readEnvironment(process.env);
  await start(environment).catch((error: unknown) => {
    throw error instanceof ConfigError ? error : new ConfigError([explain(error, environment)]);
  });
} catch (error) {
  fail(error instanceof ConfigError ? error.lines : [messageOf(error)]);
}
