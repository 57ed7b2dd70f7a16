/** Several updates in one round trip, by the cheapest command for their number. */
import type { mongo } from 'mongoose';

/** An update of one document, if it is as it is expected to be. */
export interface ConditionalUpdate<T> {
  filter: mongo.Filter<T>;
  update: mongo.UpdateFilter<T>;
}

/**
 * Makes all of them, in no order; how many found their document. What is given is stored as it is: nothing is cast.
 * @throws what the driver says; others of the same group may have been made
 */
export async function updateEach<T extends mongo.Document>(
  collection: mongo.Collection<T>,
  updates: ConditionalUpdate<T>[],
): Promise<number> {
  const [first] = updates;
  // A bulk costs the driver twice as much as a single update, also where it has one item only.
  if (first && updates.length === 1)
    return (await collection.updateOne(first.filter, first.update, { ignoreUndefined: true })).matchedCount;
  const operations = updates.map((updateOne) => ({ updateOne }));
  const done = await collection.bulkWrite(operations, { ordered: false, ignoreUndefined: true });
  return done.matchedCount;
}
