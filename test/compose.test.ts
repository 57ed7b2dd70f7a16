/** No Docker engine is needed: what production is started from must agree with the configuration and the docs. */
import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { environmentSchema, readEnvironment } from '../src/platform/config.ts';

interface Service {
  image?: string;
  build?: string;
  user?: string;
  command?: string[];
  environment?: Record<string, string>;
  env_file?: { path: string; required: boolean }[];
  ports?: string[];
  networks: string[];
  volumes: string[];
  container_name?: string;
  restart: string;
  read_only: boolean;
  cap_drop: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const compose: {
  services: Record<'api' | 'worker' | 'mongodb' | 'redis', Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
} = parse(read('docker-compose.yml'), { merge: true });
const { api, worker, mongodb, redis } = compose.services;
const dockerfile = read('Dockerfile');
const settings = new Set(Object.keys(environmentSchema.shape));

/**
 * The environment as Docker hands it over where .env has what is given: all of that, and over it what the compose file
 * names, with the defaults of `${NAME:-default}` and the given value of `${NAME:?why}`.
 */
function interpolate(service: Service, given: Record<string, string>): Record<string, string> {
  const fill = (text: string) =>
    text.replace(
      /\$\{(\w+):([-?])([^}]*)\}/g,
      (_all, name, kind, rest) => given[name] ?? (kind === '-' ? rest : ''),
    );
  const own = Object.entries(service.environment ?? {}).map(([name, text]) => [name, fill(text)]);
  return { ...(service.env_file && given), ...Object.fromEntries(own) };
}

/** What the image sets by itself. */
const imageEnvironment = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').map((pair) => pair.split('=') as [string, string]),
  ),
);

test('every variable that the compose file or the image sets is a setting', (t) => {
  const composeNames = [api, worker].flatMap(({ environment = {} }) => Object.keys(environment));
  const asked = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
  t.true(composeNames.length > 0 && asked.length > 0);
  for (const name of [...composeNames, ...asked]) t.true(settings.has(name), `${name} is no setting`);
  const { NODE_ENV, ...own } = imageEnvironment;
  t.is(NODE_ENV, 'production');
  for (const name of Object.keys(own)) t.true(settings.has(name), `${name} is no setting`);
});

for (const [role, service] of [
  ['api', api],
  ['worker', worker],
] as const) {
  test(`the engine takes the environment of ${role}, and not without a secret`, (t) => {
    const { NODE_ENV: _, ...image } = imageEnvironment;
    const secret = 'thirty-two characters, and a few more';
    const environment = readEnvironment({ ...image, ...interpolate(service, { ORDO_JWT_SECRET: secret }) });
    t.like(environment, { ORDO_ROLE: role, ORDO_HOST: '0.0.0.0', ORDO_PORT: 3000, ORDO_JWT_SECRET: secret });
    t.truthy(environment.MONGODB_URI);
    t.truthy(environment.REDIS_URL);
    t.regex(service.environment?.ORDO_JWT_SECRET ?? '', /^\$\{ORDO_JWT_SECRET:\?.*32.*\}$/);
  });

  test(`every setting reaches ${role}, but for what is the place's own`, (t) => {
    t.deepEqual(service.env_file, [{ path: '.env', required: false }]);
    const given = Object.fromEntries([...settings].map((name) => [name, `a value of ${name}`]));
    const { ORDO_ROLE: _, ORDO_HOST, ORDO_PORT, ORDO_DATA_DIR, ...handed } = interpolate(service, given);
    t.deepEqual(
      { ORDO_HOST, ORDO_PORT, ORDO_DATA_DIR },
      {
        ORDO_HOST: imageEnvironment.ORDO_HOST,
        ORDO_PORT: imageEnvironment.ORDO_PORT,
        ORDO_DATA_DIR: imageEnvironment.ORDO_DATA_DIR,
      },
    );
    const own = ['ORDO_ROLE', 'ORDO_HOST', 'ORDO_PORT', 'ORDO_DATA_DIR'];
    for (const name of settings)
      if (!own.includes(name)) t.is(handed[name], given[name], `${name} does not reach the container`);
  });

  test(`${role} waits for healthy stores, restarts, and has no rights that it does not need`, (t) => {
    t.deepEqual(service.depends_on, {
      mongodb: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
    t.is(service.build, '.');
    t.is(service.restart, 'unless-stopped');
    t.true(service.read_only);
    t.deepEqual(service.cap_drop, ['ALL']);
  });
}

test('workers can be scaled: no name and no port of the host is theirs', (t) => {
  t.is(worker.container_name, undefined);
  t.is(worker.ports, undefined);
  t.regex(api.ports?.join() ?? '', /^\$\{ORDO_PORT:-3000\}:3000$/);
});

test('the stores are reached by the engine alone', (t) => {
  for (const store of [mongodb, redis]) {
    t.is(store.ports, undefined);
    t.deepEqual(store.networks, ['stores']);
    t.not(store.user ?? 'root', 'root');
    t.true(store.read_only);
  }
  t.true(compose.networks.stores?.internal);
  for (const service of [api, worker]) t.true(service.networks.includes('stores'));
});

test('MongoDB is the replica set that the address names, and initiates itself', (t) => {
  const name = mongodb.command?.[(mongodb.command.indexOf('--replSet') ?? 0) + 1];
  const { searchParams, host } = new URL(String(interpolate(api, {}).MONGODB_URI));
  t.is(searchParams.get('replicaSet'), name ?? null);
  const check = mongodb.healthcheck?.test.at(-1) ?? '';
  t.true(check.includes(`_id: '${name}'`));
  t.true(check.includes(`host: '${host}'`));
  t.true(check.includes('isWritablePrimary'));
});

test('Redis appends to its file and never evicts', (t) => {
  const words = redis.command?.join(' ') ?? '';
  t.true(words.includes('--appendonly yes'));
  t.true(words.includes('--maxmemory-policy noeviction'));
  t.truthy(redis.healthcheck);
});

test('every volume that is used is declared', (t) => {
  const used = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.map((line) => line.split(':')[0]),
  );
  t.deepEqual([...new Set(used)].sort(), Object.keys(compose.volumes).sort());
});

test('the image runs as a user without rights, says its health, and copies what is there', (t) => {
  t.regex(dockerfile, /^USER node$/m);
  t.regex(dockerfile, /^HEALTHCHECK /m);
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, list = '']) =>
    list.split(' '),
  );
  t.true(copied.length > 0);
  const sent: string[] = read('.dockerignore').match(/^!.*$/gm) ?? [];
  for (const path of copied) {
    t.true(existsSync(new URL(`../${path}`, import.meta.url)), `${path} is not there`);
    t.true(sent.includes(`!${path.replace(/\/$/, '')}`), `${path} is kept back by .dockerignore`);
  }
});

test('the operating guide has every setting, with its default, and no other', (t) => {
  const rows = [...read('docs/operating.md').matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm)];
  const documented = Object.fromEntries(rows.map(([, name = '', fallback = '']) => [name, fallback]));
  t.is(rows.length, Object.keys(documented).length, 'a setting stands there twice');
  const defaults: Record<string, unknown> = environmentSchema.parse({});
  const actual = [...settings].map((name) => [name, name in defaults ? `\`${defaults[name]}\`` : 'none']);
  t.deepEqual(documented, Object.fromEntries(actual));
});
