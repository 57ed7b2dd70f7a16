/** The book of deliveries in MongoDB: one document a message and channel, changed by single-document operations. */
import { type Connection, type Model, Schema, trusted } from 'mongoose';
import type { ClaimAnswer, DeliveryBook, DeliveryOutcome } from '../ports/delivery-book.ts';
import { isDuplicateKey } from './duplicate-key.ts';

interface DeliveryDocument {
  /** The delivery's key. */
  _id: string;
  status: 'sending' | DeliveryOutcome['status'];
  attempts: number;
  /** Who is sending, and how long nobody else may: while `sending` alone. */
  claimId?: string;
  until?: Date;
  messageId?: string;
  reason?: string;
  settledAt?: Date;
}

const deliverySchema = new Schema(
  {
    _id: { type: String, required: true },
    status: { type: String, enum: ['sending', 'sent', 'refused'], required: true },
    attempts: { type: Number, required: true },
    claimId: String,
    until: Date,
    messageId: String,
    reason: String,
    settledAt: Date,
  },
  { collection: 'deliveries', versionKey: false, strict: 'throw', id: false },
);

/** The model of deliveries on that connection. */
export function deliveryModel(connection: Connection): Model<DeliveryDocument> {
  return connection.model<DeliveryDocument>(
    'Delivery',
    deliverySchema as unknown as Schema<DeliveryDocument>,
  );
}

/** Anybody may claim from then on. */
const LONG_AGO = new Date(0);

/** Claims and outcomes, by compare-and-set on the delivery's own document. */
export function createDeliveryBook(model: Model<DeliveryDocument>): DeliveryBook {
  async function whoHas(key: string, claimId: string, now: Date): Promise<ClaimAnswer> {
    const found = await model.findById(key).lean<DeliveryDocument>();
    if (found && found.status !== 'sending') return { status: 'settled' };
    // Our own write, whose reply was lost.
    if (found?.claimId === claimId) return { status: 'claimed', attempt: found.attempts };
    return { status: 'busy', until: found?.until ?? now };
  }

  return {
    async claim(key, { id: claimId, now, until }) {
      try {
        const claimed = await model
          .findOneAndUpdate(
            // What is settled has no `until`: then the upsert meets the document that is there.
            { _id: key, until: trusted({ $lte: now }) },
            { $set: { claimId, until }, $inc: { attempts: 1 }, $setOnInsert: { status: 'sending' } },
            { upsert: true, returnDocument: 'after' },
          )
          .lean<DeliveryDocument>();
        return { status: 'claimed', attempt: claimed?.attempts ?? 1 };
      } catch (error) {
        if (!isDuplicateKey(error, '_id')) throw error;
        return whoHas(key, claimId, now);
      }
    },

    async settle(key, outcome, at) {
      await model.updateOne(
        { _id: key, status: trusted({ $ne: 'sent' }) },
        { $set: { ...outcome, settledAt: at }, $unset: { claimId: 1, until: 1 } },
      );
    },

    async release(key, claimId) {
      await model.updateOne({ _id: key, claimId }, { $set: { until: LONG_AGO }, $unset: { claimId: 1 } });
    },
  };
}
