/** The lists of orders in MongoDB. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import type { OrderRecord } from '../machines/order-view.ts';
import type { OrderFilter, OrderQueries } from '../ports/orders.ts';
import { HIDDEN } from './order-model.ts';
import { beginsWith } from './search-terms.ts';
import { inTime } from './time-limit.ts';

const MAX_TIME_MS = 5_000;

/** A range, as far as it has ends; undefined where it has none. */
function between(ends: { $gte?: unknown; $lte?: unknown; $lt?: unknown }) {
  const given = Object.entries(ends).filter(([, end]) => end !== undefined);
  return given.length === 0 ? undefined : trusted(Object.fromEntries(given));
}

/** Any time is after that one: a range of the index. */
const ARCHIVED = { without: null, only: trusted({ $gt: new Date(0) }), with: undefined };

function toQuery(filter: OrderFilter, after: string | undefined): QueryFilter<OrderRecord> {
  const { customerId, state, placedFrom, placedBefore, currency, search, archived = 'without' } = filter;
  const conditions = {
    _id: between({ $lt: after }),
    'input.customerId': customerId,
    state,
    placedAt: between({ $gte: placedFrom, $lt: placedBefore }),
    'input.currency': currency,
    'input.amountMinor': between({ $gte: filter.amountMinMinor, $lte: filter.amountMaxMinor }),
    searchTerms: search === undefined ? undefined : beginsWith(search),
    archivedAt: ARCHIVED[archived],
  };
  return Object.fromEntries(Object.entries(conditions).filter(([, condition]) => condition !== undefined));
}

/** Lists over that model. */
export function createOrderQueries(model: Model<OrderRecord>): OrderQueries {
  return {
    list: (filter, { limit, after, skip = 0 }) =>
      inTime(
        model
          .find(toQuery(filter, after), HIDDEN)
          .sort({ _id: -1 })
          .skip(skip)
          .limit(limit)
          .maxTimeMS(MAX_TIME_MS)
          .lean<OrderRecord[]>(),
      ),

    count: (filter) => inTime(model.countDocuments(toQuery(filter, undefined)).maxTimeMS(MAX_TIME_MS)),
  };
}
