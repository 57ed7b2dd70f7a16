/** Orders in MongoDB: the runtime's `ActorStore`, and the queries beyond one order. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import type { ActorStore, PendingRef, VersionedActors } from '../actors/ports.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import type { OrderQueries } from '../ports/orders.ts';
import { isDuplicateKey } from './duplicate-key.ts';

const listOf = (ref: PendingRef) => (ref.kind === 'timer' ? 'timers' : 'invocations');

/** Matches the order while that invocation or timer is pending. */
const whilePending = (ref: PendingRef, more: object = {}): QueryFilter<OrderRecord> => ({
  _id: ref.actorId,
  status: 'active',
  [listOf(ref)]: trusted({ $elemMatch: { id: ref.id, seq: ref.seq, ...more } }),
});

/** `sweepAt` as an update: there is none when nothing is left to look after. */
const sweepTimeUpdate = (sweepAt: Date | undefined, set: object) =>
  sweepAt === undefined ? { $set: set, $unset: { sweepAt: 1 } } : { $set: { ...set, sweepAt } };

/** Writing one order: each method is one round trip to one document. */
function orderWrites(model: Model<OrderRecord>): Omit<ActorStore, 'load' | 'due'> {
  return {
    async insert(record) {
      try {
        await model.create([record as OrderRecord], { validateBeforeSave: false });
        return undefined;
      } catch (error) {
        if (!isDuplicateKey(error, 'idempotency.key') || record.idempotency === undefined) throw error;
        const earlier = await model
          .findOne({ 'idempotency.key': record.idempotency.key })
          .lean<OrderRecord>();
        if (earlier === null) throw error;
        return earlier;
      }
    },

    async commit(actorId, expectedSeq, { entry, sweepAt, ...changed }) {
      const result = await model.updateOne(
        { _id: actorId, seq: expectedSeq },
        { ...sweepTimeUpdate(sweepAt, { ...changed, seq: entry.seq }), $push: { history: entry } },
      );
      return result.matchedCount === 1;
    },

    async countAttempt(ref, error) {
      const after = await model
        .findOneAndUpdate(
          whilePending(ref),
          { $inc: { 'invocations.$.attempts': 1 }, $set: { 'invocations.$.lastError': error } },
          { returnDocument: 'after', projection: { invocations: 1 } },
        )
        .lean<OrderRecord>();
      return after?.invocations.find(({ id, seq }) => id === ref.id && seq === ref.seq)?.attempts;
    },

    async raiseDispatch(ref, dispatch) {
      const result = await model.updateOne(whilePending(ref, { dispatch }), {
        $set: { [`${listOf(ref)}.$.dispatch`]: dispatch + 1 },
      });
      return result.matchedCount === 1;
    },

    async acknowledge(entries) {
      if (entries.length === 0) return;
      const operations = entries.map(({ actorId, seq, sweepAt }) => ({
        updateOne: { filter: { _id: actorId, seq }, update: sweepTimeUpdate(sweepAt, { publications: [] }) },
      }));
      await model.bulkWrite(operations as Parameters<typeof model.bulkWrite>[0], { ordered: false });
    },

    async claim(actorId, sweepAt, next) {
      const result = await model.updateOne({ _id: actorId, sweepAt }, { $set: { sweepAt: next } });
      return result.matchedCount === 1;
    },

    async quarantine(actorId, reason, at) {
      const quarantine = { reason, at };
      await model.updateOne(
        { _id: actorId },
        {
          $set: { status: 'quarantined', state: 'quarantined', quarantine, updatedAt: at },
          $unset: { sweepAt: 1 },
        },
      );
    },
  };
}

/** Orders as durable actors, and the lists of them. */
export function createOrderStore(model: Model<OrderRecord>): ActorStore & VersionedActors & OrderQueries {
  return {
    ...orderWrites(model),

    async load(actorId) {
      return (await model.findById(actorId).lean<OrderRecord>()) ?? undefined;
    },

    async due(before, limit) {
      return model
        .find({ sweepAt: trusted({ $lte: before }) })
        .sort({ sweepAt: 1 })
        .limit(limit)
        .lean<OrderRecord[]>();
    },

    async onOtherVersions(version, { ended }, { limit, after }) {
      const filter = {
        'machine.version': trusted({ $ne: version }),
        status: ended ? trusted({ $ne: 'quarantined' }) : 'active',
        ...(after !== undefined && { _id: trusted({ $gt: after }) }),
      };
      return model
        .find(filter as QueryFilter<OrderRecord>)
        .sort({ _id: 1 })
        .limit(limit)
        .lean<OrderRecord[]>();
    },

    async list({ customerId, state }, { limit, after }) {
      const filter = {
        ...(customerId !== undefined && { 'input.customerId': customerId }),
        ...(state !== undefined && { state }),
        ...(after !== undefined && { _id: trusted({ $lt: after }) }),
      };
      return model.find(filter).sort({ _id: -1 }).limit(limit).lean<OrderRecord[]>();
    },

    async countByState() {
      const groups = await model.aggregate<{ _id: string; count: number }>([
        { $group: { _id: '$state', count: { $sum: 1 } } },
      ]);
      return Object.fromEntries(groups.map(({ _id, count }) => [_id, count]));
    },
  };
}
