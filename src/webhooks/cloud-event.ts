/** What an endpoint is told, as a CloudEvent 1.0. Pure. */
import {
  type OrderRecord,
  type OrderView,
  type TransitionView,
  viewOrder,
  viewTransition,
} from '../machines/order-view.ts';
import type { DeliveryRef, WebhookDelivery } from '../ports/webhooks.ts';

/** The media type of an event in structured mode. */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/** The type of the event that tests an endpoint. */
export const PING_TYPE = 'ordo.ping';

/** An event in structured mode; `id` is the same whenever it is sent, so that a receiver can tell a repetition. */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject?: string;
  /** ISO 8601 in UTC. */
  time: string;
  datacontenttype: 'application/json';
  data: object;
}

const ENVELOPE = { specversion: '1.0', datacontenttype: 'application/json' } as const;

/** The event's id: unique among all events, the same for every endpoint. */
export const eventIdOf = ({ orderId, seq }: Pick<TransitionView, 'orderId' | 'seq'>): string =>
  `${orderId}.${seq}`;

/** The event's type, such as `ordo.payment.captured`. */
export const eventTypeOf = ({ type }: Pick<TransitionView, 'type'>): string => `ordo.${type}`;

/** What the event tells: the step, and the order as it was right after it. */
export interface TransitionData {
  transition: TransitionView;
  order: Omit<OrderView, 'allowedEvents'>;
}

/** The event of the last transition of that record: the order as it was then, not as it is now. */
export function transitionEvent(record: OrderRecord): CloudEvent {
  const last = record.history.at(-1);
  if (last === undefined) throw new Error(`Order ${record._id} has no transition.`);
  const transition = viewTransition(record._id, last);
  // What a viewer may do next depends on the viewer, and here is none.
  const { allowedEvents: _, ...order } = viewOrder(record, 'operator');
  const data: TransitionData = { transition, order };
  return {
    ...ENVELOPE,
    id: eventIdOf(transition),
    source: 'urn:ordo:orders',
    type: eventTypeOf(transition),
    subject: record._id,
    time: transition.at,
    data,
  };
}

/** The event that tests an endpoint; it tells of nothing. */
export function pingEvent({
  endpointId,
  eventId,
  createdAt,
}: DeliveryRef & Pick<WebhookDelivery, 'createdAt'>): CloudEvent {
  return {
    ...ENVELOPE,
    id: eventId,
    source: 'urn:ordo:webhooks',
    type: PING_TYPE,
    time: createdAt.toISOString(),
    data: { endpointId },
  };
}
