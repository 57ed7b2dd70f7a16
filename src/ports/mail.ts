/** The channel to the customer. Idempotent by its key. */
export interface Mailer {
  /** @throws RetryableError when the attempt failed. */
  send(message: { key: string; to: string; subject: string; text: string }): Promise<{ messageId: string }>;
}
