/** The double's books: PaymentIntents and Refunds, with the states and refusals that Stripe documents. */
import { outcomeOf } from './cards.ts';
import { badParameter, missing, type Params, Refusal, type StripeObject, unexpectedState } from './faults.ts';

/** The fields of a PaymentIntent that the double works with; the rest is there for the shape alone. */
export interface Intent extends StripeObject {
  id: string;
  amount: number;
  amount_received: number;
  currency: string;
  status: string;
  payment_method: string | null;
  last_payment_error: StripeObject | null;
  metadata: Record<string, string>;
}

/** A Refund, likewise. */
export interface RefundObject extends StripeObject {
  id: string;
  amount: number;
  currency: string;
  status: string;
  payment_intent: string;
  metadata: Record<string, string>;
}

/** An event of the account, as its webhooks tell it. */
export interface StripeEvent extends StripeObject {
  id: string;
  type: string;
}

const CANCELLABLE = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
];
const CREATE_PARAMS = ['amount', 'currency', 'payment_method', 'automatic_payment_methods', 'metadata'];
const REFUND_PARAMS = ['payment_intent', 'amount', 'metadata'];

function refuseUnknown(params: Params, known: string[]): void {
  const name = Object.keys(params).find((param) => !known.includes(param));
  if (name) throw badParameter(name, 'parameter_unknown', `Received unknown parameter: ${name}`);
}

function integer(params: Params, name: string): number {
  const text = params[name];
  if (text === undefined) throw badParameter(name, 'parameter_missing', `Missing required param: ${name}.`);
  if (typeof text === 'string' && /^[1-9]\d*$/.test(text)) return Number(text);
  throw badParameter(name, 'parameter_invalid_integer', `Invalid integer: ${text}`);
}

const text = (params: Params, name: string): string => {
  const value = params[name];
  if (typeof value === 'string' && value !== '') return value;
  throw badParameter(name, 'parameter_missing', `Missing required param: ${name}.`);
};

/** Books of one account. */
export class Ledger {
  readonly intents = new Map<string, Intent>();
  readonly refunds: RefundObject[] = [];
  readonly events: StripeEvent[] = [];
  #count = 0;

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_3Double${String(this.#count).padStart(10, '0')}`;
  }

  #tell(type: string, intent: Intent): void {
    const created = Math.floor(Date.now() / 1_000);
    const data = { object: structuredClone(intent) };
    const head = { id: this.#id('evt'), object: 'event', api_version: '2026-10-28.endive', created };
    this.events.push({ ...head, data, livemode: false, pending_webhooks: 1, request: null, type });
  }

  find(id: string): Intent {
    const intent = this.intents.get(id);
    if (!intent) throw missing('payment_intent', id);
    return intent;
  }

  create(params: Params): Intent {
    refuseUnknown(params, CREATE_PARAMS);
    const amount = integer(params, 'amount');
    const currency = text(params, 'currency');
    const payment_method = text(params, 'payment_method');
    if (!/^[a-z]{3}$/.test(currency))
      throw badParameter('currency', 'parameter_invalid_string', `Invalid currency: ${currency}.`);
    if (amount < 50)
      throw badParameter('amount', 'amount_too_small', `Amount must be at least €0.50 ${currency}`);
    if (!outcomeOf(payment_method)) throw missing('PaymentMethod', payment_method, 'payment_method');
    const id = this.#id('pi');
    const intent: Intent = {
      id,
      object: 'payment_intent',
      amount,
      amount_capturable: 0,
      amount_received: 0,
      automatic_payment_methods: params.automatic_payment_methods,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: 'automatic_async',
      client_secret: `${id}_secret_double`,
      confirmation_method: 'automatic',
      created: Math.floor(Date.now() / 1_000),
      currency,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: (params.metadata ?? {}) as Record<string, string>,
      next_action: null,
      payment_method,
      status: 'requires_confirmation',
    };
    this.intents.set(id, intent);
    return intent;
  }

  confirm(id: string, params: Params): Intent {
    refuseUnknown(params, []);
    const intent = this.find(id);
    const { status, payment_method } = intent;
    const confirmable = ['requires_confirmation', 'requires_payment_method', 'requires_action'].includes(
      status,
    );
    if (!confirmable || payment_method === null) throw unexpectedState(intent, 'confirm');
    const outcome = outcomeOf(payment_method);
    if (outcome?.kind === 'declined') throw this.#decline(intent, outcome.decline);
    if (outcome?.kind === 'authentication') {
      const next_action = { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect' } };
      Object.assign(intent, { status: 'requires_action', next_action });
    } else if (outcome?.kind === 'processing') intent.status = 'processing';
    else this.#succeed(intent);
    return intent;
  }

  cancel(id: string, params: Params): Intent {
    refuseUnknown(params, ['cancellation_reason']);
    const intent = this.find(id);
    if (!CANCELLABLE.includes(intent.status)) throw unexpectedState(intent, 'cancel');
    const canceled_at = Math.floor(Date.now() / 1_000);
    // "Cleared if the PaymentIntent is later updated for any reason."
    Object.assign(intent, { status: 'canceled', canceled_at, next_action: null, last_payment_error: null });
    this.#tell('payment_intent.canceled', intent);
    return intent;
  }

  refund(params: Params): RefundObject {
    refuseUnknown(params, REFUND_PARAMS);
    const amount = integer(params, 'amount');
    const intent = this.find(text(params, 'payment_intent'));
    const invalid = { type: 'invalid_request_error' };
    if (intent.status !== 'succeeded')
      throw new Refusal(400, {
        ...invalid,
        message: 'This PaymentIntent does not have a successful charge.',
      });
    const left = intent.amount_received - this.refundedOf(intent.id);
    if (left === 0) {
      const message = `Charge ${intent.latest_charge} has already been refunded.`;
      throw new Refusal(400, { ...invalid, code: 'charge_already_refunded', message });
    }
    if (amount > left) {
      const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
      throw new Refusal(400, { ...invalid, message, param: 'amount' });
    }
    const refund: RefundObject = {
      id: this.#id('re'),
      object: 'refund',
      amount,
      charge: intent.latest_charge,
      created: Math.floor(Date.now() / 1_000),
      currency: intent.currency,
      metadata: (params.metadata ?? {}) as Record<string, string>,
      payment_intent: intent.id,
      reason: null,
      status: 'succeeded',
    };
    this.refunds.push(refund);
    return refund;
  }

  /** What stands given back of that payment. */
  refundedOf(paymentIntent: string): number {
    return this.refunds
      .filter((refund) => refund.payment_intent === paymentIntent && refund.status === 'succeeded')
      .reduce((sum, refund) => sum + refund.amount, 0);
  }

  /** The payer, or the payer's bank, acts on a pending payment, or on a failed one with another card. */
  settle(intent: Intent, outcome: 'captured' | 'failed'): void {
    if (!['requires_action', 'processing', 'requires_payment_method'].includes(intent.status)) return;
    const code = 'payment_intent_authentication_failure';
    if (outcome === 'captured') this.#succeed(intent);
    else this.#decline(intent, { code, message: 'We are unable to authenticate your payment method.' });
  }

  #succeed(intent: Intent): void {
    const charged = { amount_received: intent.amount, latest_charge: this.#id('ch') };
    Object.assign(intent, { ...charged, status: 'succeeded', next_action: null, last_payment_error: null });
    this.#tell('payment_intent.succeeded', intent);
  }

  #decline(intent: Intent, decline: { code: string; message: string }): Refusal {
    const card = {
      brand: 'visa',
      last4: '0002',
      exp_month: 8,
      exp_year: 2030,
      fingerprint: 'mToisGZ01V71BCos',
    };
    const payment_method = { id: intent.payment_method, object: 'payment_method', type: 'card', card };
    const error = { type: 'card_error', ...decline, charge: this.#id('ch'), payment_method };
    const after = { status: 'requires_payment_method', payment_method: null, last_payment_error: error };
    Object.assign(intent, { ...after, next_action: null });
    this.#tell('payment_intent.payment_failed', intent);
    return new Refusal(402, { ...error, payment_intent: structuredClone(intent) });
  }
}
