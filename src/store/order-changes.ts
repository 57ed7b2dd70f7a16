/** What changed of late, out of MongoDB, by the index on the time of the last change. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import type { OrderRecord } from '../machines/order-view.ts';
import type { ChangePosition, OrderChange, OrderChanges } from '../ports/order-changes.ts';

const IN_LINE = { updatedAt: 1, _id: 1 } as const;
const PLACE = { seq: 1, updatedAt: 1 } as const;

type Place = Pick<OrderRecord, '_id' | 'seq' | 'updatedAt'>;

// The range on `updatedAt` stands outside of the `$or`, for an index to serve it.
const behind = ({ updatedAt, orderId }: ChangePosition): QueryFilter<OrderRecord> => ({
  updatedAt: trusted({ $gte: updatedAt }),
  $or: [{ updatedAt: trusted({ $gt: updatedAt }) }, { _id: trusted({ $gt: orderId }) }],
});

const toChange = ({ _id, seq, updatedAt }: Place): OrderChange => ({ orderId: _id, seq, updatedAt });

/** Reads them from that model. */
export function createOrderChanges(model: Model<OrderRecord>): OrderChanges {
  return {
    async changedAfter(position, limit) {
      const found = await model.find(behind(position), PLACE).sort(IN_LINE).limit(limit).lean<Place[]>();
      return found.map(toChange);
    },

    async recordsAfter(position, limit, customerId) {
      const filter = {
        ...behind(position),
        ...(customerId !== undefined && { 'input.customerId': customerId }),
      };
      return model.find(filter).sort(IN_LINE).limit(limit).lean<OrderRecord[]>();
    },

    async changesOf(orderIds) {
      const found = await model.find({ _id: trusted({ $in: orderIds }) }, PLACE).lean<Place[]>();
      return found.map(toChange);
    },
  };
}
