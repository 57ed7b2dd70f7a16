/** The channels to the customer. Idempotent by the notice's key, channel by channel. */
import type { OrderView } from '../machines/order-view.ts';
import type { User } from './users.ts';

/** What a notice can be about; each has its words in every language and channel. */
export type NoticeTemplate = 'confirmation' | 'rejected' | 'declined' | 'cancelled' | 'expired' | 'refunded';

export interface Notice {
  /** The idempotency key: one message under it per channel, for ever. */
  key: string;
  template: NoticeTemplate;
  /** The order as its customer sees it. */
  order: OrderView;
  recipient: User;
}

export interface Notifier {
  /** Resolves when every channel has taken it. @throws RetryableError when a channel could not be reached. */
  send(notice: Notice): Promise<{ messageId: string }>;
}
