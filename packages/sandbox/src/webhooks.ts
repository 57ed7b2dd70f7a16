/** Tells the outside what happened: one signed POST, in the form of Standard Webhooks. */
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { EventDraft } from './events.ts';

/** Where events are told, and the secret that signs them: `whsec_` and base64. */
export const destination = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'expected whsec_ and at least 24 bytes in base64'),
});

export type Destination = z.output<typeof destination>;

/** An event as it was recorded; its id stays the same however often it is told. */
export type RecordedEvent = EventDraft & { id: string; atMs: number };

const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** How long to wait after that many attempts that failed. */
export function pauseAfter(attempts: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
}

/** Tells one event, once; true when it was taken with a 2xx. Never rejects. */
export async function tell(
  { url, secret }: Destination,
  { id, atMs, type, data }: RecordedEvent,
  clock: Clock,
): Promise<boolean> {
  const sentAt = new Date(clock.nowMs());
  const body = JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, sentAt, body),
  };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
