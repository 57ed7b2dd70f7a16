/** News from outside that come before the order knows what they are about. Pure. */
import { unsentLines } from './order-lines.ts';
import type { OrderFact } from './order-types.ts';
import type { OrderRecord } from './order-view.ts';
import { isPaid } from './order-work.ts';

/**
 * Whether a fact that the order does not take may concern it later: it tells of a parcel that the order has not heard
 * of, and its carrier, or an operator, may have given one out whose booking is not committed yet.
 */
export function comesEarly({ status, input, snapshot }: OrderRecord, fact: OrderFact): boolean {
  if (fact.type !== 'shipment.tracked' || status !== 'active') return false;
  const context = { ...snapshot.context, input };
  const isKnown = context.shipments?.some(({ trackingNumber }) => trackingNumber === fact.trackingNumber);
  const maySend = isPaid(context) && context.ending === undefined && unsentLines(context).length > 0;
  return maySend && !isKnown;
}
