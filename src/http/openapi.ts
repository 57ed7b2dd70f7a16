/** OpenAPI 3.1 of the table of routes, from the very schemas that validate. Pure. */
import type { ErrorCode } from '../platform/errors.ts';
import { createSchemaBook, type JsonSchema, type SchemaBook } from '../platform/json-schema.ts';
import { MEDIA_TYPES } from './body.ts';
import { parametersOf } from './openapi-parameters.ts';
import { problemSchema } from './problem-schema.ts';
import { PROBLEMS } from './problems.ts';
import type { Access, Answer, AnswerHeader, Method, Route } from './route.ts';

const DESCRIPTION = `Every order is an XState machine actor that its owner and the operators can watch move.

Refusals are \`application/problem+json\` (RFC 9457) with a stable \`type\`. Lists are paged by cursor: \`next\`, also as \
\`Link\`. The live feed is described in \`/asyncapi.json\`.`;

const ANSWER_HEADERS: Readonly<Record<AnswerHeader, JsonSchema>> = {
  'Preference-Applied': { description: 'The preference that was followed.', schema: { type: 'string' } },
  ETag: { description: "The order's seq, quoted.", schema: { type: 'string' } },
  Location: { description: 'Where what was made is to be found.', schema: { type: 'string' } },
  Link: { description: 'The next page (RFC 8288); absent on the last one.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: '`true` where the answer is that to the first request with this key.',
    schema: { const: 'true' },
  },
};

const PROBLEM_HEADERS: Readonly<Partial<Record<number, JsonSchema>>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'In seconds.', schema: { type: 'integer' } } },
  503: { 'Retry-After': { description: 'In seconds.', schema: { type: 'integer' } } },
};

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  password: {
    type: 'oauth2',
    description:
      'With an email or a username. Tokens are refreshed at `/auth/refresh`, each refresh token once.',
    flows: { password: { tokenUrl: '/api/v1/auth/login', scopes: {} } },
  },
};

/** What any route may refuse. */
const EVERYWHERE: ErrorCode[] = [
  'invalid-request',
  'malformed-body',
  'unauthenticated',
  'forbidden',
  'too-many-requests',
  'internal',
  'unavailable',
];

/** What operations share: named where they are first used. */
interface Components {
  book: SchemaBook;
  responses: Record<string, JsonSchema>;
}

/** The document. @param prefixes where the table is served, the preferred one first */
export function describeApi(routes: Route[], prefixes: string[], version: string): JsonSchema {
  const components: Components = { book: createSchemaBook(), responses: {} };
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    paths[path] = item;
    for (const method of route.methods) item[method] = operationOf(route, method, components);
  }
  const tags = new Set(routes.flatMap(({ operation }) => operation.tags));
  return {
    openapi: '3.1.0',
    info: { title: 'Ordo', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: prefixes.map((url) => ({ url })),
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.book.named,
      responses: components.responses,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const FOR_WHOM: Readonly<Record<Access, string>> = {
  public: 'For everybody.',
  user: 'For everybody who is signed in.',
  operator: 'For operators and administrators.',
  admin: 'For administrators.',
};

function operationOf(route: Route, method: Method, components: Components): JsonSchema {
  const { access, operation, methods } = route;
  const suffix = method === methods[0] ? '' : `${method[0]?.toUpperCase()}${method.slice(1)}`;
  const requestBody = requestBodyOf(route, components.book);
  const answers = Object.entries(operation.answers).map(([status, answer]) => [
    status,
    answerOf(answer, components.book),
  ]);
  return {
    operationId: `${operation.id}${suffix}`,
    summary: operation.summary,
    description: FOR_WHOM[access],
    tags: operation.tags,
    // What is public may tell more to whoever is signed in.
    security: [...(access === 'public' ? [{}] : []), { bearer: [] }, { password: [] }],
    parameters: parametersOf(route),
    ...(requestBody && { requestBody }),
    responses: {
      ...Object.fromEntries(answers),
      ...problemsOf(route, requestBody !== undefined, components),
    },
  };
}

function requestBodyOf({ body, consumes = ['json'] }: Route, book: SchemaBook): JsonSchema | undefined {
  const isFile = consumes.includes('csv');
  const schema = isFile ? { type: 'string' } : body && book.write(body, 'input');
  if (schema === undefined || (!isFile && isEmpty(schema))) return undefined;
  return {
    required: isFile || body?.safeParse({}).success === false,
    content: Object.fromEntries(consumes.map((type) => [MEDIA_TYPES[type], { schema }])),
  };
}

/** Of what takes nothing, nothing is said. */
const isEmpty = ({ properties }: JsonSchema) =>
  properties !== undefined && Object.keys(properties as object).length === 0;

function answerOf({ description, body, type, headers = [] }: Answer, book: SchemaBook): JsonSchema {
  return {
    description,
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map((name) => [name, ANSWER_HEADERS[name]])),
    }),
    ...(body && { content: { [type ?? 'application/json']: { schema: book.write(body, 'output') } } }),
  };
}

/** One answer for each status, with the problems that it can be. */
function problemsOf({ operation }: Route, hasBody: boolean, { book, responses }: Components): JsonSchema {
  const own = operation.problems ?? [];
  const codes = [...new Set([...EVERYWHERE, ...(hasBody ? (['body-too-large'] as const) : []), ...own])];
  const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const group = codes.filter((code) => PROBLEMS[code].status === status).toSorted();
      const name = group.join('.');
      responses[name] ??= problemAnswer(status, group, book);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

function problemAnswer(status: number, codes: ErrorCode[], book: SchemaBook): JsonSchema {
  const schema = { ...book.write(problemSchema, 'output'), properties: { code: { enum: codes } } };
  const headers = PROBLEM_HEADERS[status];
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].en.title}.`).join(' '),
    ...(headers && { headers }),
    content: { 'application/problem+json': { schema } },
  };
}
