/** Which transitions an endpoint is told of. Pure. */
import type { TransitionView } from '../machines/order-view.ts';
import type { WebhookEndpoint } from '../ports/webhooks.ts';

function matchesEvent(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  // With the dot, so that `order.*` is not also `orders.x`.
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

/** Whether it is one of the endpoint's events, and leads to one of its states. */
export function isWanted(
  { events, states }: Pick<WebhookEndpoint, 'events' | 'states'>,
  { type, to }: Pick<TransitionView, 'type' | 'to'>,
): boolean {
  return (
    events.some((pattern) => matchesEvent(pattern, type)) && (states.length === 0 || states.includes(to))
  );
}
