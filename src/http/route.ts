/** A route as data: who may call it, what it takes, what it does. One table serves both prefixes. */
import Router from '@koa/router';
import { z } from 'zod';
import { TerminalError } from '../platform/errors.ts';
import { readBody } from './body.ts';
import { type Context, isOperator, type Middleware, viewerIn } from './context.ts';
import { validate } from './validate.ts';

/** Everybody; everybody who is signed in; those who run the shop. */
export type Access = 'public' | 'user' | 'operator';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler gets: the context, and the validated parts of the request. */
export interface Call<TBody, TParams, TQuery> {
  ctx: Context;
  body: TBody;
  params: TParams;
  query: TQuery;
}

/** One route. A part of the request without a schema must be empty. */
export interface Route<TBody = unknown, TParams = unknown, TQuery = unknown> {
  methods: Method[];
  /** Below the prefix, in the router's notation. */
  path: string;
  access: Access;
  body?: z.ZodType<TBody>;
  params?: z.ZodType<TParams>;
  query?: z.ZodType<TQuery>;
  handle(call: Call<TBody, TParams, TQuery>): Promise<void>;
}

const nothing = z.strictObject({});

/** Lets the compiler infer what the handler gets from the route's schemas. */
export function route<TBody, TParams, TQuery>(definition: Route<TBody, TParams, TQuery>): Route {
  const { body = nothing, params = nothing, query = nothing, handle, ...rest } = definition;
  return { ...rest, body, params, query, handle: handle as Route['handle'] };
}

/** A router that serves those routes under each of the prefixes. */
export function mount(routes: Route[], prefixes: string[]): Router {
  const router = new Router();
  for (const { methods, path, ...rest } of routes) {
    const paths = prefixes.map((prefix) => prefix + path);
    for (const method of methods) router[method](paths, admit(rest.access), readBody, handlerOf(rest));
  }
  return router;
}

/** Refuses before the body is read: who may not call costs nothing. */
function admit(access: Access): Middleware {
  return async (ctx, next) => {
    if (access !== 'public') viewerIn(ctx);
    if (access === 'operator' && !isOperator(ctx.state.viewer)) {
      throw new TerminalError('forbidden', 'Only operators may do this.');
    }
    await next();
  };
}

function handlerOf(route: Pick<Route, 'body' | 'params' | 'query' | 'handle'>): Middleware {
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
