/** A payment gateway over HTTP, in the API of the sandbox (`packages/sandbox/README.md`). */
import { z } from 'zod';
import type { Charge, PaymentGateway } from '../ports/payment.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';

const refund = z.object({ key: z.string(), amountMinor: z.number().int() });
const reason = z.object({ code: z.string(), detail: z.string() });
const captured = z.object({
  status: z.literal('captured'),
  paymentId: z.string(),
  amountMinor: z.number().int(),
  refunds: z.array(refund),
});
const declined = z.object({ status: z.literal('declined'), reason });
const voided = z.object({ status: z.literal('voided') });
const pending = z.object({ status: z.literal('pending'), paymentId: z.string() });
const settled = z.discriminatedUnion('status', [captured, declined, voided]);
const charge = z.discriminatedUnion('status', [captured, declined, voided, pending]);

/** The gateway at that address. */
export function createHttpGateway(options: Omit<HttpClientOptions, 'name'>): PaymentGateway {
  const { post, get } = createHttpClient({ ...options, name: 'the payment gateway' });
  return {
    capture: (request) => post<Charge>(['charges'], request, charge),
    lookUp: (key) => get<Charge>(['charges', key], charge),
    void: (key) => post(['charges', key, 'void'], {}, settled),
    refund: ({ chargeKey, refundKey: key, amountMinor }) =>
      post(['charges', chargeKey, 'refunds'], { key, amountMinor }, refund),
  };
}
