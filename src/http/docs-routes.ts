/** The documents about the API and the feed, and Swagger UI to read and try the first one with: nothing from afar. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import Router from '@koa/router';
import type { Middleware, RequestState } from './context.ts';

/** What these routes stand on. */
export interface DocsParts {
  /** Makes the OpenAPI document; called when it is first asked for. */
  describe: () => object;
  /** The AsyncAPI document. */
  feedDocument: object;
}

const DOCS_PATH = '/docs';

/** Whether that path is of Swagger UI. */
export function isDocsPath(path: string): boolean {
  return path === DOCS_PATH || path.startsWith(`${DOCS_PATH}/`);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Ordo</title>
<link rel="icon" href="${DOCS_PATH}/favicon-32x32.png">
<link rel="stylesheet" href="${DOCS_PATH}/swagger-ui.css">
<script src="${DOCS_PATH}/swagger-ui-bundle.js" defer></script>
<script src="${DOCS_PATH}/start.js" defer></script>
</head>
<body><div id="api"></div></body>
</html>`;

/** A file of its own, for our pages run no script that stands in them. Nothing is sent to be validated elsewhere. */
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });`;

const PACKAGE = import.meta.resolve('swagger-ui-dist/package.json');
const PACKAGED = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** GET /openapi.json and /asyncapi.json, also under each of the prefixes; GET /docs, and what that page loads. */
export function createDocsRouter(
  { describe, feedDocument }: DocsParts,
  prefixes: string[],
): Router<RequestState> {
  const router = new Router<RequestState>();
  const everywhere = (name: string) => ['', ...prefixes].map((prefix) => `${prefix}/${name}`);
  router.get(
    everywhere('openapi.json'),
    serve('json', () => JSON.stringify(describe())),
  );
  router.get(
    everywhere('asyncapi.json'),
    serve('json', () => JSON.stringify(feedDocument)),
  );
  router.get(
    DOCS_PATH,
    serve('html', () => PAGE),
  );
  router.get(
    `${DOCS_PATH}/start.js`,
    serve('js', () => START),
  );
  for (const file of PACKAGED)
    router.get(
      `${DOCS_PATH}/${file}`,
      serve(extname(file), () => readFile(new URL(file, PACKAGE))),
    );
  return router;
}

/** Makes the content when it is first asked for; its hash is the `ETag`, so that what is known is not sent again. */
function serve(type: string, make: () => string | Promise<Buffer>): Middleware {
  let made: { content: string | Buffer; etag: string } | undefined;
  return async (ctx) => {
    made ??= withTag(await make());
    ctx.type = type;
    ctx.etag = made.etag;
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = made.content;
    if (ctx.fresh) ctx.status = 304;
  };
}

const withTag = (content: string | Buffer) => ({
  content,
  etag: createHash('sha256').update(content).digest('base64url'),
});
