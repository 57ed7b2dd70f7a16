/** The orders as they move: how REST's event streams reach the feed; `src/realtime` implements it. */
import type { Role } from '../machines/order-types.ts';
import type { OrderRecord, TransitionView } from '../machines/order-view.ts';

/** Who watches, and until when their token lets them. */
export interface LiveViewer {
  userId: string;
  role: Role;
  expiresAt: Date;
}

export interface LiveOrders {
  /**
   * Counts one more connection of that viewer; `hangUp` is called when their token or their rights end, or
   * this instance does. Returns what ends the counting.
   * @throws TerminalError `too-many-requests` when the user has as many as one may have;
   * RetryableError when this instance is stopping.
   */
  admit(viewer: LiveViewer, hangUp: () => void): () => void;
  /**
   * Reads the order as committed, and calls `begin` with it (undefined when there is none). What `begin` returns
   * is from that moment on called with every further transition: once, in order, without a gap.
   * Resolves with what ends it. @throws what reading the order throws
   */
  watch(
    orderId: string,
    begin: (record: OrderRecord | undefined) => ((transition: TransitionView) => void) | undefined,
  ): Promise<() => void>;
}
