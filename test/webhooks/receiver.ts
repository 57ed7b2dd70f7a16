/** A receiver of webhooks on loopback that verifies by the library whatever comes, and answers as it is told. */
import { Webhook } from 'standardwebhooks';
import type { CloudEvent } from '../../src/webhooks/cloud-event.ts';
import { type HttpReceiver, startHttp } from '../providers/http-receiver.ts';
import type { Teardown } from '../support/services.ts';

/** What came, verified. */
export interface Received {
  id: string;
  event: CloudEvent;
}

/** A receiver whose secret is told later, when the endpoint has been registered. */
export interface WebhookReceiver {
  url: string;
  http: HttpReceiver;
  /** Everything so far, in the order of its coming. @throws WebhookVerificationError when one is not signed by it */
  received(secret: string): Received[];
}

/** Listens until the test ends. */
export async function startReceiver(t: Teardown): Promise<WebhookReceiver> {
  const http = await startHttp(t);
  return {
    url: `${http.url}/hook`,
    http,
    received: (secret) =>
      http.posted.map(({ headers, body }) => {
        const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
        return { id: String(headers['webhook-id']), event: verified as CloudEvent };
      }),
  };
}
