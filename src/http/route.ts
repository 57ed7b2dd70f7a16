/** A route as data: who may call it, what it takes, what it answers, what it does. One table serves both prefixes. */
import Router from '@koa/router';
import { z } from 'zod';
import { type ErrorCode, TerminalError } from '../platform/errors.ts';
import type { BodyReader, BodyType } from './body.ts';
import { type Context, isOperator, type Middleware, type RequestState, viewerIn } from './context.ts';
import type { RateClass, RateLimit } from './rate-limits.ts';
import { validate } from './validate.ts';

/** Everybody; everybody who is signed in; those who run the shop; those who run the engine. */
export type Access = 'public' | 'user' | 'operator' | 'admin';

/** A method that a route can take. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler gets: the context, and the validated parts of the request. */
export interface Call<TBody, TParams, TQuery> {
  ctx: Context;
  body: TBody;
  params: TParams;
  query: TQuery;
}

/** The headers of a request that some routes heed. */
export type RequestHeader = 'Idempotency-Key' | 'If-Match' | 'If-None-Match' | 'Last-Event-ID' | 'Prefer';

/** The headers that tell something of an answer. */
export type AnswerHeader = 'ETag' | 'Location' | 'Link' | 'Idempotent-Replayed' | 'Preference-Applied';

/** One answer other than a problem; without a schema, it has no body. */
export interface Answer {
  description: string;
  body?: z.ZodType;
  /** What the body is sent as; JSON unless it says otherwise. */
  type?: 'text/event-stream';
  headers?: AnswerHeader[];
}

/** What a document about the API says of a route beyond its schemas. */
export interface Operation {
  /** Unique in the table; with several methods, each but the first has its own name added: `updateProductPut`. */
  id: string;
  summary: string;
  tags: string[];
  headers?: Readonly<Partial<Record<RequestHeader, 'required' | 'optional'>>>;
  /** The answers other than problems, by status. */
  answers: Readonly<Record<number, Answer>>;
  /** The problems of its own; those that any route can answer with need no mention (400, 401, 403, 429, 500, 503). */
  problems?: ErrorCode[];
}

/** One route. A part of the request without a schema must be empty. */
export interface Route<TBody = unknown, TParams = unknown, TQuery = unknown> {
  methods: Method[];
  /** Below the prefix, in the router's notation. */
  path: string;
  access: Access;
  /** What its body may be sent as; JSON alone unless it says otherwise. The handler reads a `csv` by itself. */
  consumes?: BodyType[];
  /** What a call counts as; a GET as one of the `reads`, another as one of the `writes`, unless it says otherwise. */
  counts?: RateClass;
  operation: Operation;
  body?: z.ZodType<TBody>;
  params?: z.ZodType<TParams>;
  query?: z.ZodType<TQuery>;
  handle(call: Call<TBody, TParams, TQuery>): Promise<void>;
}

/** What every route stands behind. */
export interface Doors {
  limits: Readonly<Record<RateClass, RateLimit>>;
  readBody: BodyReader;
}

const nothing = z.strictObject({});

/** Lets the compiler infer what the handler gets from the route's schemas. */
export function route<TBody, TParams, TQuery>(definition: Route<TBody, TParams, TQuery>): Route {
  const { body = nothing, params = nothing, query = nothing, handle, ...rest } = definition;
  return { ...rest, body, params, query, handle: handle as Route['handle'] };
}

/** What serves those routes under each of the prefixes. */
export interface Mounted {
  /** Serves what comes to a path without parameters, written as in the table: a look in a map finds its route. */
  serveDirectly: Middleware;
  /** Serves everything, in whatever way a path can be written; tries one route after the other. */
  router: Router<RequestState>;
}

/** Puts the doors before each route. */
export function mount(routes: Route[], prefixes: string[], doors: Doors): Mounted {
  const router = new Router<RequestState>();
  const direct = new Map<string, Serve>();
  for (const route of routes) {
    const paths = prefixes.map((prefix) => prefix + route.path);
    for (const method of route.methods) {
      const serve = behindDoors(route, method, doors);
      router[method](paths, serve);
      if (PLAIN_PATH.test(route.path))
        for (const path of paths) direct.set(`${method.toUpperCase()} ${path}`, serve);
    }
  }
  return {
    serveDirectly: (ctx, next) => direct.get(`${ctx.method} ${ctx.path}`)?.(ctx) ?? next(),
    router,
  };
}

/** A path that is no pattern. */
const PLAIN_PATH = /^[a-z/-]+$/;

type Serve = (ctx: Context) => Promise<void>;

/** Who may not call is refused before the body is read: that costs nothing. */
function behindDoors(route: Route, method: Method, { limits, readBody }: Doors): Serve {
  const { access, consumes = ['json'], counts = method === 'get' ? 'reads' : 'writes' } = route;
  const count = limits[counts];
  const read = readBody(consumes);
  const handle = handlerOf(route);
  return async (ctx) => {
    count(ctx);
    admit(ctx, access);
    await read(ctx, () => handle(ctx));
  };
}

function admit(ctx: Context, access: Access): void {
  if (access !== 'public') viewerIn(ctx);
  if (access === 'operator' && !isOperator(ctx.state.viewer))
    throw new TerminalError('forbidden', 'Only operators may do this.');
  if (access === 'admin' && ctx.state.viewer?.role !== 'admin')
    throw new TerminalError('forbidden', 'Only administrators may do this.');
}

function handlerOf(route: Pick<Route, 'body' | 'params' | 'query' | 'handle'>): Serve {
  const { body = nothing, params = nothing, query = nothing, handle } = route;
  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    await handle({
      ctx,
      params: validate(params, { ...ctx.params }, '/path'),
      query: validate(query, { ...ctx.query }, '/query'),
      body: validate(body, ctx.request.body ?? {}, ''),
    });
  };
}
