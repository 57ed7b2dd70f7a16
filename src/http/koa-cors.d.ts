/** The part of @koa/cors that is used; the package brings no types. */
declare module '@koa/cors' {
  import type { Context, Middleware } from 'koa';

  export default function cors(options: {
    /** The origin to allow; empty for none. */
    origin: (ctx: Context) => string;
    exposeHeaders: string[];
    /** In seconds. */
    maxAge: number;
  }): Middleware;
}
