/** Webhooks out: endpoints that operators register, and what was sent to them; `src/store` keeps it, `src/webhooks` runs it. */

/** A secret that signs; one that was replaced still signs until then. */
export interface WebhookSecret {
  /** `whsec_` and base64, as Standard Webhooks has it. */
  value: string;
  until?: Date;
}

/** Why an endpoint gets nothing: it answered 410; it failed for days; somebody said so. */
export type DisabledReason = 'gone' | 'failing' | 'operator';

/** Who is told, and of what. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  description?: string;
  /** Types of transitions, such as `payment.captured`, `payment.*` or `*`: those that are any of them. */
  events: string[];
  /** Of those the ones that lead to one of these states; all when empty. */
  states: string[];
  /** The newest first. */
  secrets: WebhookSecret[];
  createdAt: Date;
  updatedAt: Date;
  /** Since when no delivery has succeeded; absent while they do. */
  failingSince?: Date;
  disabled?: { at: Date; reason: DisabledReason };
}

/** One try; `status` is the HTTP status of the answer, `error` says why there was none. */
export interface DeliveryAttempt {
  at: Date;
  durationMs: number;
  status?: number;
  error?: string;
}

/** One event for one endpoint, by what names it for ever. */
export interface DeliveryRef {
  endpointId: string;
  /** The order's id and seq, `ID.SEQ`; of a ping, `ping.ID`. */
  eventId: string;
}

/** What became of it; `failed` when it was given up. */
export interface WebhookDelivery extends DeliveryRef {
  /** The type of the CloudEvent. */
  type: string;
  /** What it tells of; a ping tells of nothing. */
  transition?: { orderId: string; seq: number };
  status: 'pending' | 'delivered' | 'failed';
  /** Tries begun since it was recorded or asked for again. */
  attempts: number;
  /** When it is tried next; while `pending` alone. */
  dueAt?: Date;
  /** The last tries, the latest last. */
  log: DeliveryAttempt[];
  createdAt: Date;
  /** When it is forgotten. */
  expiresAt: Date;
}

/** How a try ended. */
export type Settlement = { status: 'delivered' | 'failed' } | { status: 'pending'; dueAt: Date };

/** What changes of an endpoint; null takes it away. */
export type EndpointChange = Partial<
  Pick<WebhookEndpoint, 'url' | 'events' | 'states' | 'secrets' | 'updatedAt'>
> & {
  description?: string | null;
  failingSince?: Date | null;
  disabled?: WebhookEndpoint['disabled'] | null;
};

/** Where endpoints and deliveries are kept. Every write is durable when its promise resolves. */
export interface WebhookStore {
  /** All of them, the oldest first. */
  listEndpoints(): Promise<WebhookEndpoint[]>;
  insertEndpoint(endpoint: WebhookEndpoint): Promise<void>;
  /** The endpoint as changed; undefined when there is none. */
  changeEndpoint(id: string, change: EndpointChange): Promise<WebhookEndpoint | undefined>;
  /** With its deliveries; false when there is none. */
  removeEndpoint(id: string): Promise<boolean>;
  /** Those that are there already stay as they are. */
  insertDeliveries(deliveries: WebhookDelivery[]): Promise<void>;
  /** Takes what is due for one try: nobody else may until then. Undefined when it is not due, or not pending. */
  claim(ref: DeliveryRef, now: Date, until: Date): Promise<WebhookDelivery | undefined>;
  /** Notes how the try ended; what a later claim has taken, a failure leaves alone. */
  settle(claimed: WebhookDelivery, attempt: DeliveryAttempt, settlement: Settlement): Promise<void>;
  /** What of that endpoint is due, the longest overdue first. */
  due(endpointId: string, now: Date, limit: number): Promise<DeliveryRef[]>;
  /** Makes it due again from its first attempt on; undefined when there is none. */
  renew(ref: DeliveryRef, now: Date, expiresAt: Date): Promise<WebhookDelivery | undefined>;
  /** Of one endpoint, newest first; `after` is the event's id of the last one of the page before. */
  listDeliveries(
    endpointId: string,
    page: { limit: number; after?: string; status?: WebhookDelivery['status'] },
  ): Promise<WebhookDelivery[]>;
}

/** What operators say of a new endpoint. */
export type NewEndpoint = Pick<WebhookEndpoint, 'url' | 'events' | 'states'> & { description?: string };

/** An endpoint, and the secret that is told this once. */
export interface EndpointWithSecret {
  endpoint: WebhookEndpoint;
  secret: string;
}

/** The desk at which operators look after endpoints. Each throws TerminalError `not-found` where there is none. */
export interface WebhookDesk {
  list(): Promise<WebhookEndpoint[]>;
  find(id: string): Promise<WebhookEndpoint>;
  /** @throws TerminalError `conflict` when there are as many as there may be */
  create(endpoint: NewEndpoint): Promise<EndpointWithSecret>;
  /** `enabled: true` also forgets that it was failing. */
  change(
    id: string,
    change: Pick<EndpointChange, 'url' | 'events' | 'states' | 'description'> & { enabled?: boolean },
  ): Promise<WebhookEndpoint>;
  remove(id: string): Promise<void>;
  /** A new secret; the one before signs too for a day. */
  rotateSecret(id: string): Promise<EndpointWithSecret>;
  /** Sends a test event, once. @throws TerminalError `conflict` when the endpoint is disabled */
  ping(id: string): Promise<WebhookDelivery>;
  deliveries(id: string, page: Parameters<WebhookStore['listDeliveries']>[1]): Promise<WebhookDelivery[]>;
  /** Sends it again, whatever became of it. @throws TerminalError `conflict` when the endpoint is disabled */
  redeliver(ref: DeliveryRef): Promise<WebhookDelivery>;
}
