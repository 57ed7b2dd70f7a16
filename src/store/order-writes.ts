/** The writes of the hot path, many orders to a round trip: placing, committing, acknowledging. */
import { type Model, mongo } from 'mongoose';
import type { Commit } from '../actors/ports.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type GroupWrite, groupWrites } from './group-writes.ts';
import { orderSearchTerms } from './search-terms.ts';
import { type ConditionalUpdate, updateEach } from './update-each.ts';

/** A change of one order. */
export type OrderChange =
  | { kind: 'commit'; actorId: string; expectedSeq: number; commit: Commit }
  | { kind: 'acknowledge'; actorId: string; seq: number; sweepAt: Date | undefined };

type Operation = ConditionalUpdate<OrderRecord>;

const GROUP_MAX = 200;

/** What the runtime made is stored as it is: nothing to cast, nothing to validate. */
const AS_IS = { ignoreUndefined: true } as const;

/** There is no `sweepAt` when nothing is left to look after; what is undefined is not set either. */
const withoutSweep = (sweepAt: Date | undefined) => sweepAt === undefined && { $unset: { sweepAt: 1 } };

function toOperation(change: OrderChange): Operation {
  if (change.kind === 'acknowledge') {
    const { actorId, seq, sweepAt } = change;
    const update = { $set: { publications: [], sweepAt }, ...withoutSweep(sweepAt) };
    return { filter: { _id: actorId, seq }, update } as Operation;
  }
  const { actorId, expectedSeq, commit } = change;
  const { entry, ...changed } = commit;
  const update = {
    $set: { seq: entry.seq, ...changed },
    $push: { history: entry },
    ...withoutSweep(changed.sweepAt),
  };
  return { filter: { _id: actorId, seq: expectedSeq }, update } as Operation;
}

const toDocument = ({ _id, ...record }: OrderRecord) => ({
  _id,
  ...record,
  searchTerms: orderSearchTerms(_id, record.input),
});

/** How far back a commit of this moment is looked for: others may have followed it already. */
const LOOK_BACK = 8;

/** The commits that are in their order's history to the letter: of a group, MongoDB tells only how many went through. */
async function lookUp(
  collection: mongo.Collection<OrderRecord>,
  changes: OrderChange[],
): Promise<Set<OrderChange>> {
  const _id = { $in: changes.map(({ actorId }) => actorId) };
  const found = await collection.find({ _id }, { projection: { history: { $slice: -LOOK_BACK } } }).toArray();
  const histories = new Map(
    found.map((record) => [record._id, new Set(record.history.map((entry) => JSON.stringify(entry)))]),
  );
  return new Set(
    changes.filter(
      (change) =>
        change.kind === 'commit' &&
        histories.get(change.actorId)?.has(JSON.stringify(change.commit.entry)) === true,
    ),
  );
}

/** The grouped writes on the collection of that model. A commit says whether it found its order at its seq. */
export function groupedOrderWrites(model: Model<OrderRecord>): {
  insert: GroupWrite<OrderRecord, 'inserted' | 'key-taken'>;
  change: GroupWrite<OrderChange, boolean>;
} {
  const collection = model.collection as unknown as mongo.Collection<OrderRecord>;
  return {
    insert: groupWrites(async (records) => {
      const outcomes = records.map(() => 'inserted' as 'inserted' | 'key-taken');
      try {
        const documents = records.map(toDocument);
        const [first] = documents;
        if (first && documents.length === 1) await collection.insertOne(first, AS_IS);
        else await collection.insertMany(documents, { ...AS_IS, ordered: false });
      } catch (error) {
        for (const refused of refusalsOf(error)) {
          if (!isDuplicateKey(refused, 'idempotency.key')) throw error;
          outcomes[refused.index] = 'key-taken';
        }
      }
      return outcomes;
    }, GROUP_MAX),

    change: groupWrites(async (changes) => {
      // Of two changes of one order at the same time only the first can find it at its seq.
      const first = new Map(changes.toReversed().map((change) => [change.actorId, change]));
      const operations = [...first.values()].map(toOperation);
      if ((await updateEach(collection, operations)) === operations.length)
        return changes.map((change) => first.get(change.actorId) === change);
      const committed = changes.length === 1 ? new Set() : await lookUp(collection, changes);
      return changes.map((change) => first.get(change.actorId) === change && committed.has(change));
    }, GROUP_MAX),
  };
}

/** The refused items of a group, or the one that went alone. @throws the error itself when it is about the group */
function refusalsOf(error: unknown): { index: number }[] {
  if (error instanceof mongo.MongoBulkWriteError) {
    const errors = [error.writeErrors].flat();
    if (errors.length > 0) return errors;
  } else if (error instanceof mongo.MongoServerError) {
    return [Object.assign(error, { index: 0 })];
  }
  throw error;
}
