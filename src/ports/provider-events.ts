/** What the outside world tells by itself: webhooks of the gateway and the carrier, made facts about orders. */
import type { OrderFact } from '../machines/order-types.ts';

/** One fact out of a provider's webhook. */
export interface ProviderEvent {
  /** The provider's own id of it: the same event again changes nothing. */
  eventId: string;
  orderId: string;
  fact: OrderFact;
}

/** Reads what one provider posts. */
export interface WebhookReader {
  /**
   * The facts in it: none when it tells of something that does not concern an order.
   * @param headers names in lower case
   * @throws TerminalError `unauthenticated` when the signature is not the provider's, or too old;
   * `invalid-request` when it is signed, but not what the provider documents.
   */
  read(headers: Readonly<Record<string, string | undefined>>, rawBody: Buffer): ProviderEvent[];
}
