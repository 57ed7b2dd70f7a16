/** The durable memory of what has been sent to customers: what makes a channel without one of its own send once. */

/** What became of a message, for ever. */
export type DeliveryOutcome =
  | { status: 'sent'; messageId: string }
  /** The receiver will never take it, so it is never tried again. */
  | { status: 'refused'; reason: string };

/** One attempt's right to send. */
export interface Claim {
  id: string;
  now: Date;
  /** When another attempt may take over, for this one must have died. */
  until: Date;
}

export type ClaimAnswer =
  /** `attempt` counts from 1. */
  | { status: 'claimed'; attempt: number }
  | { status: 'settled' }
  /** Another attempt is sending. */
  | { status: 'busy'; until: Date };

/** Every operation throws RetryableError when the book cannot be reached. */
export interface DeliveryBook {
  /** Before sending: one attempt at a time has the message under that key. */
  claim(key: string, claim: Claim): Promise<ClaimAnswer>;
  /** After sending: whoever claims the key later is told that it is settled. A message once sent stays sent. */
  settle(key: string, outcome: DeliveryOutcome, at: Date): Promise<void>;
  /** The attempt failed: another may claim the key at once. Without effect when the claim has passed on. */
  release(key: string, claimId: string): Promise<void>;
}
