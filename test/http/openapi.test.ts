/** The document about the API: complete, sound, and served with all that reads it. That it is true, the matrix tests. */
import test from 'ava';
import { createContract, type OpenApiDocument, partAt, referencesIn } from './support/contract.ts';
import { orderBody, placeOrder, type RunningApp, startApp } from './support/running-app.ts';

const documentOf = async (app: RunningApp) =>
  (await app.call('GET', '/openapi.json')).json as unknown as OpenApiDocument;

const operationsOf = ({ paths }: OpenApiDocument) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

test('it has every route of the table, and no other', async (t) => {
  const app = await startApp(t, { config: { loginTest: true } });
  const document = await documentOf(app);
  t.is(document.openapi, '3.1.0');
  t.deepEqual(
    operationsOf(document)
      .map(({ path, method }) => `${method} ${path}`)
      .sort(),
    app.routes
      .flatMap(({ methods, path }) => methods.map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`))
      .sort(),
  );
  t.deepEqual(
    document.servers.map(({ url }) => url),
    ['/api/v1', '/api'],
  );
});

test('what it refers to is there, and what is there is a schema', async (t) => {
  const document = await documentOf(await startApp(t));
  const references = referencesIn(document);
  t.true(references.length > 100);
  for (const reference of new Set(references)) t.truthy(partAt(document, reference), reference);
  const { faultsOf } = createContract(document);
  for (const { operation } of operationsOf(document)) {
    const bodies = [operation.requestBody, ...Object.values(operation.responses)];
    const schemas = bodies.flatMap((body) => Object.values(body?.content ?? {}).map(({ schema }) => schema));
    for (const schema of [...schemas, ...operation.parameters.map((parameter) => parameter.schema)])
      t.notThrows(() => faultsOf(schema, undefined), operation.operationId);
  }
});

test('each operation has a name of its own, and each parameter of its path is described', async (t) => {
  const all = operationsOf(await documentOf(await startApp(t)));
  t.is(new Set(all.map(({ operation }) => operation.operationId)).size, all.length);
  for (const { path, operation } of all) {
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    t.deepEqual(
      inPath.map(({ name, required }) => `{${name}} ${required}`),
      (path.match(/\{\w+\}/g) ?? []).map((name) => `${name} true`),
      path,
    );
  }
});

test('numbers in a query are numbers, with their limits and defaults', async (t) => {
  const { paths } = await documentOf(await startApp(t));
  const limit = paths['/products']?.get?.parameters.find(({ name }) => name === 'limit');
  t.deepEqual(limit, {
    name: 'limit',
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 100 },
  });
});

test('a body that the document does not allow is refused, and the example of one is taken', async (t) => {
  const app = await startApp(t);
  const document = await documentOf(app);
  const { faultsOf } = createContract(document);
  const { token } = await app.person('operator');
  const newOrder = document.components.schemas.NewOrder as { examples: unknown[] };
  const newProduct = document.components.schemas.NewProduct as { examples: unknown[] };
  t.is((await placeOrder(app, token, newOrder.examples[0])).status, 201);
  const made = await app.call('POST', '/api/v1/products', { token, body: newProduct.examples[0] });
  t.is(made.status, 201, made.text);
  for (const changes of [{ currency: 'usd' }, { lines: [] }, { amountMinor: 1 }, { payment: 'card' }]) {
    const body = orderBody(changes);
    t.not(faultsOf(newOrder, body).length, 0, JSON.stringify(changes));
    t.is((await placeOrder(app, token, body)).status, 400, JSON.stringify(changes));
  }
});

for (const name of ['openapi.json', 'asyncapi.json'])
  test(`${name} is the same at the root and under both prefixes, and is not sent again unchanged`, async (t) => {
    const app = await startApp(t);
    const root = await app.call('GET', `/${name}`);
    t.is(root.status, 200);
    t.is(root.headers.get('content-type'), 'application/json; charset=utf-8');
    for (const prefix of ['/api/v1', '/api'])
      t.is((await app.call('GET', `${prefix}/${name}`)).text, root.text);
    const headers = {
      'if-none-match': root.headers.get('etag') ?? '',
      'cache-control': 'max-age=0',
    };
    t.is((await app.call('GET', `/${name}`, { headers })).status, 304);
  });

test('the page that shows it loads everything from here, runs no script of its own, and its policy lets no other in', async (t) => {
  const app = await startApp(t);
  const page = await app.call('GET', '/docs');
  t.is(page.status, 200);
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  t.is(loaded.length, 4);
  for (const path of loaded) {
    t.regex(path, /^\/docs\//);
    const { status, headers } = await app.call('GET', path);
    t.is(status, 200, path);
    t.is(headers.get('x-content-type-options'), 'nosniff');
  }
  t.notRegex(page.text, /<script(?![^>]* src=)|<style|\son\w+=|style="/);
  const policy = page.headers.get('content-security-policy') ?? '';
  t.regex(policy, /default-src 'none'/);
  t.regex(policy, /script-src 'self'(;|$)/);
  t.regex(policy, /connect-src 'self'(;|$)/);
  const start = await app.call('GET', '/docs/start.js');
  t.regex(start.text, /url: '\/openapi\.json'.*validatorUrl: null/);
});

for (const path of ['/docs/package.json', '/docs/..%2fpackage.json', '/docs/index.html', '/docs/a/b'])
  test(`there is nothing at ${path}`, async (t) => {
    const answer = await (await startApp(t)).call('GET', path);
    t.is(answer.status, 404);
    t.is(answer.json.code, 'route-not-found');
  });
