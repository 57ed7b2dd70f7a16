/** Standard Webhooks: the secret of an endpoint, and the headers that prove who sent a message. Pure. */
import { Webhook } from 'standardwebhooks';
import type { WebhookSecret } from '../ports/webhooks.ts';

/** How long a secret that was replaced still signs. */
export const OVERLAP_MS = 86_400_000;

const SECRET_BYTES = 32;

/** A new secret. @param randomBytes gives so many bytes that nobody can guess */
export function makeSecret(randomBytes: (count: number) => Buffer): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** The new secret first, with what was the newest before it, for as long as receivers may need to change over. */
export function rotated(secrets: WebhookSecret[], value: string, now: Date): WebhookSecret[] {
  const previous = secrets.slice(0, 1).map((each) => ({
    ...each,
    until: new Date(now.getTime() + OVERLAP_MS),
  }));
  return [{ value }, ...previous];
}

/** The three headers of a message, signed by each secret that counts now. */
export function signatureHeaders(
  secrets: WebhookSecret[],
  { id, body, now }: { id: string; body: string; now: Date },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const valid = secrets.filter(({ until }) => until === undefined || until > now);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': valid.map(({ value }) => new Webhook(value).sign(id, now, body)).join(' '),
  };
}
