// Completed orders in the true stored shape, by example: real orders are cloned under new names.
import { v7 } from 'uuid';
import { now, r } from '../peers/lib/util.mjs';

const BATCH = 1000,
  INSERTS_AT_ONCE = 3;

/** A copy in which every text that names the example names the clone, and all times are moved by `shiftMs`. */
function cloneOrder(value, names, shiftMs) {
  if (typeof value === 'string') {
    for (const [from, to] of names) if (value.includes(from)) value = value.replaceAll(from, to);
    return value;
  }
  if (value instanceof Date) return new Date(value.getTime() + shiftMs);
  if (Array.isArray(value)) return value.map((x) => cloneOrder(x, names, shiftMs));
  if (value === null || typeof value !== 'object') return value;
  const out = {};
  for (const k in value) out[k] = cloneOrder(value[k], names, shiftMs);
  return out;
}

/** Inserts `count` clones of `examples` ([{ name, order }]), the oldest first, spread over the year before now. */
export async function storeOrders(db, examples, count, say = () => {}) {
  const orders = db.collection('orders'),
    from = now();
  const newest = Date.now() - 86_400_000,
    stepMs = (365 * 86_400_000) / count;
  let next = 0,
    stored = 0;
  const inserter = async () => {
    while (next < count) {
      const batch = [];
      for (; next < count && batch.length < BATCH; next++) {
        const { name, order } = examples[next % examples.length];
        const msecs = Math.floor(newest - (count - next) * stepMs);
        const id = v7({ msecs });
        batch.push(
          cloneOrder(
            order,
            [
              [order._id, id],
              [name, `stored-${next}`],
            ],
            msecs - order.placedAt.getTime(),
          ),
        );
      }
      await orders.insertMany(batch, { ordered: false });
      const before = Math.floor(stored / 100_000);
      stored += batch.length;
      if (Math.floor(stored / 100_000) > before) say(`${stored} of ${count} orders stored`);
    }
  };
  await Promise.all(Array.from({ length: INSERTS_AT_ONCE }, inserter));
  return r((now() - from) / 1000);
}
