/** The documents of webhook endpoints, and of what is sent to them, as MongoDB keeps them. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { WebhookDelivery, WebhookEndpoint } from '../ports/webhooks.ts';

/** An endpoint; `_id` is its id. */
export interface EndpointDocument extends Omit<WebhookEndpoint, 'id'> {
  _id: string;
}

/** A delivery; `_id` is its endpoint's id and its event's, so that none is recorded twice. */
export interface DeliveryDocument extends WebhookDelivery {
  _id: string;
}

const asIs = { type: Schema.Types.Mixed, required: true };
const text = { type: String, required: true };
const date = { type: Date, required: true };
const count = { type: Number, required: true };

const endpointSchema = new Schema(
  {
    _id: text,
    url: text,
    description: String,
    events: { type: [String], required: true },
    states: { type: [String], required: true },
    secrets: asIs,
    createdAt: date,
    updatedAt: date,
    failingSince: Date,
    disabled: Schema.Types.Mixed,
  },
  { collection: 'webhook_endpoints', versionKey: false, strict: 'throw', id: false },
);

const deliverySchema = new Schema(
  {
    _id: text,
    endpointId: text,
    eventId: text,
    type: text,
    transition: Schema.Types.Mixed,
    status: { type: String, enum: ['pending', 'delivered', 'failed'], required: true },
    attempts: count,
    dueAt: Date,
    log: asIs,
    createdAt: date,
    expiresAt: date,
  },
  { collection: 'webhook_deliveries', versionKey: false, strict: 'throw', id: false },
);

/** The models on that connection. */
export const webhookModels = (connection: Connection): WebhookModels => ({
  endpoints: connection.model<EndpointDocument>(
    'WebhookEndpoint',
    endpointSchema as unknown as Schema<EndpointDocument>,
  ),
  deliveries: connection.model<DeliveryDocument>(
    'WebhookDelivery',
    deliverySchema as unknown as Schema<DeliveryDocument>,
  ),
});

/** The collections of webhooks. */
export interface WebhookModels {
  endpoints: Model<EndpointDocument>;
  deliveries: Model<DeliveryDocument>;
}
