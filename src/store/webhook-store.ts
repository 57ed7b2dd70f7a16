/** Webhook endpoints in MongoDB, together with what is sent to them. */
import type { WebhookEndpoint, WebhookStore } from '../ports/webhooks.ts';
import { createWebhookDeliveries } from './webhook-deliveries.ts';
import type { EndpointDocument, WebhookModels } from './webhook-models.ts';

const toEndpoint = ({ _id, ...endpoint }: EndpointDocument): WebhookEndpoint => ({ id: _id, ...endpoint });

/** Endpoints and deliveries in those models. */
export function createWebhookStore({ endpoints, deliveries }: WebhookModels): WebhookStore {
  return {
    ...createWebhookDeliveries(deliveries),

    async listEndpoints() {
      return (await endpoints.find().sort({ _id: 1 }).lean<EndpointDocument[]>()).map(toEndpoint);
    },

    async insertEndpoint({ id, ...endpoint }) {
      await endpoints.create({ _id: id, ...endpoint });
    },

    async changeEndpoint(id, change) {
      const entries = Object.entries(change);
      const set = entries.filter(([, value]) => value !== null);
      const unset = entries.filter(([, value]) => value === null).map(([field]) => [field, 1]);
      const changed = await endpoints
        .findOneAndUpdate(
          { _id: id },
          {
            ...(set.length > 0 && { $set: Object.fromEntries(set) }),
            ...(unset.length > 0 && { $unset: Object.fromEntries(unset) }),
          },
          { returnDocument: 'after' },
        )
        .lean<EndpointDocument>();
      return changed ? toEndpoint(changed) : undefined;
    },

    async removeEndpoint(id) {
      const { deletedCount } = await endpoints.deleteOne({ _id: id });
      await deliveries.deleteMany({ endpointId: id });
      return deletedCount > 0;
    },
  };
}
