/** What a request carries on its way: its id, and who asks. */
import type Koa from 'koa';
import type { Role } from '../machines/order-types.ts';
import { TerminalError } from '../platform/errors.ts';
import type { Viewer } from './tokens.ts';

/** Koa's `ctx.state` here. */
export interface RequestState {
  requestId: string;
  /** Who asks; absent when nobody is signed in. */
  viewer?: Viewer;
}

export type Context = Koa.ParameterizedContext<RequestState>;
export type Middleware = Koa.Middleware<RequestState>;

/**
 * Who asks.
 * @throws TerminalError `unauthenticated` when nobody is signed in.
 */
export function viewerIn(ctx: Context): Viewer {
  const { viewer } = ctx.state;
  if (!viewer) throw new TerminalError('unauthenticated', '');
  return viewer;
}

/** Whether that viewer runs the shop rather than buys in it. */
export function isOperator(viewer: { role: Role } | undefined): boolean {
  return viewer?.role === 'operator' || viewer?.role === 'admin';
}
