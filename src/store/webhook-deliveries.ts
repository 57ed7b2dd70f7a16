/** Deliveries in MongoDB: recorded once, tried by one at a time, found when they are due. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import type { DeliveryRef, WebhookDelivery, WebhookStore } from '../ports/webhooks.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { DeliveryDocument } from './webhook-models.ts';

/** Tries that the log of one delivery keeps. */
const LOG_MAX = 20;

const AFTER = { returnDocument: 'after' } as const;
const keyOf = ({ endpointId, eventId }: DeliveryRef) => `${endpointId}.${eventId}`;
const toDelivery = ({ _id, ...delivery }: DeliveryDocument): WebhookDelivery => delivery;

type Deliveries = Pick<
  WebhookStore,
  'insertDeliveries' | 'claim' | 'settle' | 'due' | 'renew' | 'listDeliveries'
>;

/** Deliveries in that model. */
export const createWebhookDeliveries = (model: Model<DeliveryDocument>): Deliveries => ({
  ...writing(model),
  ...reading(model),
});

function writing(
  model: Model<DeliveryDocument>,
): Pick<Deliveries, 'insertDeliveries' | 'claim' | 'settle' | 'renew'> {
  return {
    async insertDeliveries(deliveries) {
      const documents = deliveries.map((delivery) => ({ _id: keyOf(delivery), ...delivery }));
      try {
        await model.insertMany(documents, { ordered: false, lean: true });
      } catch (error) {
        const { writeErrors = [error] } = error as { writeErrors?: unknown[] };
        for (const each of Array.isArray(writeErrors) ? writeErrors : [writeErrors])
          if (!isDuplicateKey((each as { err?: unknown }).err ?? each, '_id')) throw error;
      }
    },

    async claim(ref, now, until) {
      const claimed = await model
        .findOneAndUpdate(
          { _id: keyOf(ref), status: 'pending', dueAt: trusted({ $lte: now }) },
          { $set: { dueAt: until }, $inc: { attempts: 1 } },
          AFTER,
        )
        .lean<DeliveryDocument>();
      return claimed ? toDelivery(claimed) : undefined;
    },

    async settle(claimed, attempt, settlement) {
      // That it arrived is true whoever has claimed it since; that it failed, only for the one who tried.
      const mine = { status: 'pending', attempts: claimed.attempts } as const;
      const filter = { _id: keyOf(claimed), ...(settlement.status !== 'delivered' && mine) };
      await model.updateOne(filter, {
        $set: { ...settlement },
        $push: { log: { $each: [attempt], $slice: -LOG_MAX } },
        ...(settlement.status !== 'pending' && { $unset: { dueAt: 1 } }),
      });
    },

    async renew(ref, now, expiresAt) {
      const renewed = await model
        .findOneAndUpdate(
          { _id: keyOf(ref) },
          { $set: { status: 'pending', attempts: 0, dueAt: now, expiresAt } },
          AFTER,
        )
        .lean<DeliveryDocument>();
      return renewed ? toDelivery(renewed) : undefined;
    },
  };
}

function reading(model: Model<DeliveryDocument>): Pick<Deliveries, 'due' | 'listDeliveries'> {
  /** Behind the delivery of that event, in a list that begins with the newest; nothing is behind one that is gone. */
  async function behind(endpointId: string, eventId: string): Promise<QueryFilter<DeliveryDocument>> {
    const last = await model.findById(keyOf({ endpointId, eventId })).lean<DeliveryDocument>();
    if (!last) return { _id: trusted({ $in: [] }) };
    const { _id, createdAt } = last;
    return {
      createdAt: trusted({ $lte: createdAt }),
      $or: [{ createdAt: trusted({ $lt: createdAt }) }, { _id: trusted({ $lt: _id }) }],
    };
  }

  return {
    async due(endpointId, now, limit) {
      return model
        .find({ endpointId, dueAt: trusted({ $lte: now }) }, { _id: 0, endpointId: 1, eventId: 1 })
        .sort({ dueAt: 1 })
        .limit(limit)
        .lean<DeliveryRef[]>();
    },

    async listDeliveries(endpointId, { limit, after, status }) {
      const found = await model
        .find({
          endpointId,
          ...(status !== undefined && { status }),
          ...(after !== undefined && (await behind(endpointId, after))),
        })
        .sort({ createdAt: -1, _id: -1 })
        .limit(limit)
        .lean<DeliveryDocument[]>();
      return found.map(toDelivery);
    },
  };
}
