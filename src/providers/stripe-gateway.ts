/**
 * The payment gateway on Stripe's PaymentIntents. An intent is created, then entered in the charge book, and only
 * then confirmed: no money can move before it is known, for ever, which intent the key stands for (ADR 8).
 */
import type Stripe from 'stripe';
import type { Reason } from '../machines/order-types.ts';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { BookedCharge, BookedPayment, ChargeBook } from '../ports/charge-book.ts';
import type { Charge, ChargeRequest, PaymentGateway } from '../ports/payment.ts';
import { fromStripeAmount } from './stripe-amounts.ts';
import { asOurs, createStripeClient, refusesToken, type StripeAccess } from './stripe-client.ts';
import { cancelIntent, confirmIntent, createIntent } from './stripe-intents.ts';
import { declineReason, REFUSED_TOKEN } from './stripe-reasons.ts';
import { listRefunds, refundPayment } from './stripe-refunds.ts';

/** What the Stripe gateway needs. */
export interface StripeGatewayOptions extends StripeAccess {
  book: ChargeBook;
  newId: () => string;
  logger: Logger;
}

/** A charge under a key whose payment is known. */
interface KnownCharge extends BookedCharge {
  payment: BookedPayment;
}

const isKnown = (entry: BookedCharge): entry is KnownCharge => entry.payment !== undefined;

function refuseOtherRequest({ key, payment }: BookedCharge, request: ChargeRequest): void {
  const { orderId, amountMinor, currency } = request;
  if (!payment) return;
  if (payment.orderId === orderId && payment.amountMinor === amountMinor && payment.currency === currency)
    return;
  throw new TerminalError(
    'idempotency-key-reused',
    `The charge key ${key} stands for ${payment.amountMinor} ${payment.currency} of order ${payment.orderId}; ` +
      `it came again with ${amountMinor} ${currency} of order ${orderId}. Use another key for another charge.`,
  );
}

/** Brings charges to where they belong. Their states are Stripe's; the book only remembers whose they are. */
function createSteps(stripe: Stripe, { book, newId, logger }: StripeGatewayOptions) {
  /** Makes a failed payment a definite decline: nobody can try another card on it any more. */
  async function decline(entry: KnownCharge, reason: Reason): Promise<Charge | undefined> {
    await book.decline(entry.key, reason);
    return chargeOf({ ...entry, decline: reason }, await cancelIntent(stripe, entry.payment.paymentId));
  }

  /** What the intent comes to; undefined when it has not been confirmed. */
  async function chargeOf(entry: KnownCharge, intent: Stripe.PaymentIntent): Promise<Charge | undefined> {
    const { id: paymentId, currency } = intent;
    switch (intent.status) {
      case 'succeeded': {
        const amountMinor = fromStripeAmount(intent.amount_received, currency);
        return { status: 'captured', paymentId, amountMinor, refunds: await listRefunds(stripe, paymentId) };
      }
      case 'canceled': {
        // Another run may have found the decline since the entry was read.
        const reason = entry.decline ?? (await book.find(entry.key))?.decline;
        return reason ? { status: 'declined', reason } : { status: 'voided' };
      }
      case 'requires_payment_method':
        return decline(entry, declineReason(intent.last_payment_error));
      case 'requires_confirmation':
        return undefined;
      default:
        return { status: 'pending', paymentId };
    }
  }

  return {
    /** An intent of that charge, entered under its key; or what came first under it. */
    async begin(request: ChargeRequest): Promise<BookedCharge> {
      const { key, orderId, amountMinor, currency } = request;
      const { id: paymentId } = await createIntent(stripe, request, newId);
      const standing = await book.enter(key, { paymentId, orderId, amountMinor, currency });
      if (standing.payment?.paymentId !== paymentId)
        await cancelIntent(stripe, paymentId).catch((error: unknown) => {
          const why = messageOf(asOurs(error, 'the cancellation'));
          logger.warn({ paymentId, chargeKey: key, why }, 'an unconfirmed payment that nobody needs stays');
        });
      return standing;
    },

    async confirm(entry: KnownCharge): Promise<Charge | undefined> {
      try {
        return await chargeOf(entry, await confirmIntent(stripe, entry.payment.paymentId));
      } catch (error) {
        if (!refusesToken(error)) throw error;
        return decline(entry, REFUSED_TOKEN);
      }
    },

    /** What stands under the key; what is barred is brought to its end first. */
    async stands(entry: BookedCharge): Promise<Charge | undefined> {
      if (!isKnown(entry)) return { status: 'voided' };
      const { paymentId } = entry.payment;
      if (entry.barred) return chargeOf(entry, await cancelIntent(stripe, paymentId));
      return chargeOf(entry, await stripe.paymentIntents.retrieve(paymentId));
    },
  };
}

/**
 * The gateway of that Stripe account. The payment token is the id of a PaymentMethod (`pm_...`). Any number of
 * processes may share the book.
 */
export function createStripeGateway(options: StripeGatewayOptions): PaymentGateway {
  const { book } = options;
  const stripe = createStripeClient(options);
  const steps = createSteps(stripe, options);

  async function capture(request: ChargeRequest): Promise<Charge> {
    const found = await book.find(request.key);
    const entry = found ?? (await steps.begin(request));
    refuseOtherRequest(entry, request);
    const standing = found || entry.barred ? await steps.stands(entry) : undefined;
    const charge = standing ?? (isKnown(entry) && !entry.barred ? await steps.confirm(entry) : undefined);
    if (!charge) throw new RetryableError(`The charge ${request.key} was not taken yet.`);
    return charge;
  }

  async function lookUp(key: string): Promise<Charge | undefined> {
    const entry = await book.find(key);
    return entry && steps.stands(entry);
  }

  async function voidCharge(key: string): Promise<Exclude<Charge, { status: 'pending' }>> {
    const charge = await steps.stands(await book.bar(key));
    if (charge && charge.status !== 'pending') return charge;
    throw new RetryableError(
      `The charge ${key} is being processed: wait until it can be voided or refunded.`,
    );
  }

  /** Errors of Stripe leave as the port's own. */
  const told = <T>(what: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw asOurs(error, what);
    });

  return {
    capture: (request) =>
      told(
        `the charge ${request.key}`,
        capture(request).catch((error: unknown) => {
          if (refusesToken(error)) return { status: 'declined', reason: REFUSED_TOKEN };
          throw error;
        }),
      ),
    lookUp: (key) => told(`the look-up of ${key}`, lookUp(key)),
    void: (key) => told(`the voiding of ${key}`, voidCharge(key)),
    refund: (request) =>
      told(
        `the refund ${request.refundKey}`,
        book.find(request.chargeKey).then((entry) => {
          if (entry?.payment) return refundPayment(stripe, entry.payment, request);
          throw new TerminalError(
            'conflict',
            `The charge ${request.chargeKey} is not captured: nothing to refund.`,
          );
        }),
      ),
  };
}
