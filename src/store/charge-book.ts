/** The charge book in MongoDB: one document a charge key, changed by single-document operations alone. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { Reason } from '../machines/order-types.ts';
import { RetryableError } from '../platform/errors.ts';
import type { BookedCharge, BookedPayment, ChargeBook } from '../ports/charge-book.ts';
import { isDuplicateKey } from './duplicate-key.ts';

interface ChargeDocument {
  _id: string;
  payment?: BookedPayment;
  barred: boolean;
  decline?: Reason;
}

const text = { type: String, required: true };

const chargeSchema = new Schema(
  {
    _id: text,
    payment: {
      type: new Schema(
        { paymentId: text, orderId: text, amountMinor: { type: Number, required: true }, currency: text },
        { _id: false, strict: 'throw' },
      ),
    },
    barred: { type: Boolean, required: true },
    decline: { type: new Schema({ code: text, detail: text }, { _id: false, strict: 'throw' }) },
  },
  { collection: 'charges', versionKey: false, strict: 'throw', id: false },
);

/** The model of booked charges on that connection. */
export function chargeModel(connection: Connection): Model<ChargeDocument> {
  return connection.model<ChargeDocument>('Charge', chargeSchema as unknown as Schema<ChargeDocument>);
}

const toCharge = ({ _id, ...charge }: ChargeDocument): BookedCharge => ({ key: _id, ...charge });

/** The book in that collection. An entry begins with its payment or with its bar, so one insert settles which. */
export function createChargeBook(model: Model<ChargeDocument>): ChargeBook {
  async function find(key: string): Promise<BookedCharge | undefined> {
    const found = await model.findById(key).lean<ChargeDocument>();
    return found ? toCharge(found) : undefined;
  }

  /** True when the document went in; false when its key was in the book. */
  const insert = (document: ChargeDocument) =>
    model.create(document).then(
      () => true,
      (error: unknown) => {
        if (isDuplicateKey(error, '_id')) return false;
        throw error;
      },
    );

  return {
    find,

    async enter(key, payment) {
      if (await insert({ _id: key, payment, barred: false })) return { key, payment, barred: false };
      const standing = await find(key);
      // A read of a deposed primary can lag behind the insert that was refused.
      if (!standing) throw new RetryableError(`The charge ${key} is in the book, but cannot be read yet.`);
      return standing;
    },

    async bar(key) {
      const barring = { $set: { barred: true } };
      const options = { returnDocument: 'after' } as const;
      const change = () => model.findByIdAndUpdate(key, barring, options).lean<ChargeDocument>();
      const barred = await change();
      if (barred) return toCharge(barred);
      if (await insert({ _id: key, barred: true })) return { key, barred: true };
      const entered = await change();
      if (!entered) throw new RetryableError(`The charge ${key} is in the book, but cannot be changed yet.`);
      return toCharge(entered);
    },

    async decline(key, { code, detail }) {
      await model.updateOne({ _id: key }, { $set: { decline: { code, detail } } });
    },
  };
}
