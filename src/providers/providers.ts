/** Chooses the outside world: what is given by its address, else the sandboxes on a ledger beside the orders. */
import type { Connection } from 'mongoose';
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import type { ChargeBook } from '../ports/charge-book.ts';
import type { DeliveryBook } from '../ports/delivery-book.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { PaymentGateway } from '../ports/payment.ts';
import type { WebhookReader } from '../ports/provider-events.ts';
import type { Carrier } from '../ports/shipping.ts';
import type { UserRepository } from '../ports/users.ts';
import { createHttpCarrier } from './carrier-http.ts';
import { createSandboxCarrier } from './carrier-sandbox.ts';
import { createNotifier } from './notifier.ts';
import { createHttpGateway } from './payment-http.ts';
import { createSandboxGateway } from './payment-sandbox.ts';
import { createSandboxWebhookReader } from './sandbox-webhooks.ts';
import { createStripeGateway } from './stripe-gateway.ts';
import { createStripeWebhooks } from './stripe-webhooks.ts';

/** The outside world as the engine sees it. */
export interface Providers {
  gateway: PaymentGateway;
  carrier: Carrier;
  notifier: Notifier;
  /** Of webhooks, by the provider's name in `/webhooks/:provider`. */
  readers: Readonly<Record<string, WebhookReader>>;
  /** Closes what is kept open to the outside. */
  close(): void;
}

/** Where the outside world is; absent is what a sandbox on a ledger plays. */
export interface ProviderAddresses {
  paymentUrl?: string;
  carrierUrl?: string;
  /** `whsec_` and base64; without it, no webhook of the sandbox is taken. */
  webhookSecret?: string;
}

/** What the providers stand on. */
export interface ProviderParts {
  environment: Environment;
  /** To the orders' database; the ledgers of sandboxes stand apart from it. */
  connection: Connection;
  charges: ChargeBook;
  deliveries: DeliveryBook;
  users: UserRepository;
  clock: Clock;
  newId: () => string;
  logger: Logger;
}

/** The providers at those addresses; Stripe, where its keys are given. */
export function openProviders(
  { paymentUrl, carrierUrl, webhookSecret }: ProviderAddresses,
  parts: ProviderParts,
): Providers {
  const { environment, connection, charges: book, clock, newId, logger } = parts;
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: secret } = environment;
  const ledger = connection.useDb(`${connection.name}_sandbox`, { useCache: true });
  const notifier = createNotifier(parts);
  const gateway = () => {
    if (secretKey !== undefined) return createStripeGateway({ secretKey, book, newId, logger });
    if (paymentUrl !== undefined) return createHttpGateway({ url: paymentUrl, clock });
    return createSandboxGateway({ connection: ledger, clock, newId });
  };
  return {
    gateway: gateway(),
    carrier:
      carrierUrl === undefined
        ? createSandboxCarrier({ connection: ledger, clock })
        : createHttpCarrier({ url: carrierUrl, clock }),
    notifier,
    readers: {
      ...(webhookSecret !== undefined && { sandbox: createSandboxWebhookReader(webhookSecret) }),
      ...(secret !== undefined && { stripe: createStripeWebhooks({ secret, clock }) }),
    },
    close: () => notifier.close(),
  };
}
