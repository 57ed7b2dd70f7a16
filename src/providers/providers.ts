/** Chooses the outside world: what is given by its address, else the sandboxes on a ledger beside the orders. */
import type { Connection } from 'mongoose';
import type { Clock } from '../platform/clock.ts';
import type { PaymentGateway } from '../ports/payment.ts';
import type { WebhookReader } from '../ports/provider-events.ts';
import type { Carrier } from '../ports/shipping.ts';
import { createHttpCarrier } from './carrier-http.ts';
import { createSandboxCarrier } from './carrier-sandbox.ts';
import { createHttpGateway } from './payment-http.ts';
import { createSandboxGateway } from './payment-sandbox.ts';
import { createSandboxWebhookReader } from './sandbox-webhooks.ts';

/** The outside world as the engine sees it. */
export interface Providers {
  gateway: PaymentGateway;
  carrier: Carrier;
  /** Of webhooks, by the provider's name in `/webhooks/:provider`. */
  readers: Readonly<Record<string, WebhookReader>>;
}

/** Where the outside world is; absent is what a sandbox on a ledger plays. */
export interface ProviderAddresses {
  paymentUrl?: string;
  carrierUrl?: string;
  /** `whsec_` and base64; without it, no webhook is taken. */
  webhookSecret?: string;
}

/** The providers at those addresses. @param connection to the orders' database; the ledgers stand apart from it */
export function openProviders(
  { paymentUrl, carrierUrl, webhookSecret }: ProviderAddresses,
  { connection, clock, newId }: { connection: Connection; clock: Clock; newId: () => string },
): Providers {
  const ledger = connection.useDb(`${connection.name}_sandbox`, { useCache: true });
  return {
    gateway:
      paymentUrl === undefined
        ? createSandboxGateway({ connection: ledger, clock, newId })
        : createHttpGateway({ url: paymentUrl, clock }),
    carrier:
      carrierUrl === undefined
        ? createSandboxCarrier({ connection: ledger, clock })
        : createHttpCarrier({ url: carrierUrl, clock }),
    readers: webhookSecret === undefined ? {} : { sandbox: createSandboxWebhookReader(webhookSecret) },
  };
}
