/** Reading an order's history: what happened after a seq, and where it stood at a time. */
import { type OrderRecord, type TransitionView, viewTransition } from './order-view.ts';

/** The transitions of the record with a seq above `afterSeq`, in order. */
export function transitionsAfter(record: OrderRecord, afterSeq: number): TransitionView[] {
  return record.history
    .filter((entry) => entry.seq > afterSeq)
    .map((entry) => viewTransition(record._id, entry));
}

/** The seq of the last transition dated at that time or before; 0 when all are later. */
export function seqAt(record: OrderRecord, time: Date): number {
  return record.history.findLast(({ at }) => at <= time)?.seq ?? 0;
}
