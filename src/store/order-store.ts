/** Orders in MongoDB: the runtime's `ActorStore`, and the queries beyond one order. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import type { ActorStore, PendingRef, VersionedActors } from '../actors/ports.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import { RetryableError } from '../platform/errors.ts';
import type { OrderQueries } from '../ports/orders.ts';
import { HIDDEN } from './order-model.ts';
import { createOrderQueries } from './order-queries.ts';
import { groupedOrderWrites } from './order-writes.ts';

const listOf = (ref: PendingRef) => (ref.kind === 'timer' ? 'timers' : 'invocations');

/** Matches the order while that invocation or timer is pending. */
const whilePending = (ref: PendingRef, more: object = {}): QueryFilter<OrderRecord> => ({
  _id: ref.actorId,
  status: 'active',
  [listOf(ref)]: trusted({ $elemMatch: { id: ref.id, seq: ref.seq, ...more } }),
});

/** Writing one order: each method is one round trip to one document, shared with those asked for at the same time. */
function orderWrites(model: Model<OrderRecord>): Omit<ActorStore, 'load' | 'due' | 'hasten'> {
  const { insert, change } = groupedOrderWrites(model);
  const findByKey = async (key: string) =>
    (await model.findOne({ 'idempotency.key': key }, HIDDEN).lean<OrderRecord>()) ?? undefined;
  return {
    async insert(record) {
      if ((await insert(record as OrderRecord)) === 'inserted') return undefined;
      const key = record.idempotency?.key ?? '';
      const earlier = await findByKey(key);
      if (earlier === undefined) throw new RetryableError(`The order placed under ${key} is gone.`);
      return earlier;
    },

    findByKey,

    commit: (actorId, expectedSeq, commit) => change({ kind: 'commit', actorId, expectedSeq, commit }),

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
      await Promise.all(entries.map((entry) => change({ kind: 'acknowledge', ...entry })));
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
      return (await model.findById(actorId, HIDDEN).lean<OrderRecord>()) ?? undefined;
    },

    async due(before, limit) {
      return model
        .find({ sweepAt: trusted({ $lte: before }) }, HIDDEN)
        .sort({ sweepAt: 1 })
        .limit(limit)
        .lean<OrderRecord[]>();
    },

    async hasten(now, until, limit) {
      // In pages: a single update of all of them would keep a smaller server from everything else.
      const page = await model
        .find({ sweepAt: trusted({ $lte: until, $ne: now }) }, { sweepAt: 1 })
        .sort({ sweepAt: -1 })
        .limit(limit)
        .lean<Pick<OrderRecord, '_id' | 'sweepAt'>[]>();
      const ids = page.map(({ _id }) => _id);
      const { matchedCount } = await model.updateMany(
        { _id: trusted({ $in: ids }), sweepAt: trusted({ $lte: until }) },
        { $set: { sweepAt: now } },
      );
      return { hastened: matchedCount, until: page.length < limit ? undefined : page.at(-1)?.sweepAt };
    },

    async onOtherVersions(version, { ended }, { limit, after }) {
      const filter = {
        'machine.version': trusted({ $ne: version }),
        status: ended ? trusted({ $ne: 'quarantined' }) : 'active',
        ...(after !== undefined && { _id: trusted({ $gt: after }) }),
      };
      return model
        .find(filter as QueryFilter<OrderRecord>, HIDDEN)
        .sort({ _id: 1 })
        .limit(limit)
        .lean<OrderRecord[]>();
    },

    ...createOrderQueries(model),
  };
}
