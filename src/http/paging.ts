/** Pages of lists: where the next one is. */
import type { Context } from './context.ts';

/** Sets RFC 8288's `Link` to the same list after that entry. */
export function linkToNext(ctx: Context, after: string): void {
  const query = new URLSearchParams(ctx.querystring);
  query.delete('skip');
  query.set('after', after);
  ctx.set('Link', `<${ctx.path}?${query}>; rel="next"`);
}
