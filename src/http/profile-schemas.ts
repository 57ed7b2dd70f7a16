/** What requests about oneself may hold. A message here is the code of the fault. */
import { ECDH } from 'node:crypto';
import { z } from 'zod';
import { isPublicUrl } from '../platform/public-address.ts';

const ENDPOINT_MAX = 2_048;

export const profileBody = z
  .strictObject({
    language: z.enum(['en', 'vi']).exactOptional(),
    phone: z.e164('phone_invalid').nullable().exactOptional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'nothing_to_change');

/** One way of writing it, so that all who read it later read the same. */
const endpoint = z
  .url({ protocol: /^https?$/, error: 'endpoint_refused' })
  .max(ENDPOINT_MAX)
  .transform((text) => new URL(text).href);

/** Whether it is a point of the curve that Web Push encrypts on, in URL-safe base64. */
function isPublicKey(key: string): boolean {
  if (!/^[\w-]{87}=?$/.test(key)) return false;
  try {
    return ECDH.convertKey(key, 'prime256v1', 'base64url').length === 65;
  } catch {
    return false;
  }
}

/** A browser's `PushSubscription.toJSON()`. @param allowPrivate for tests: takes any endpoint by HTTP */
export function pushSubscriptionBody(allowPrivate: boolean) {
  return z.strictObject({
    endpoint: endpoint.refine((href) => allowPrivate || isPublicUrl(new URL(href)), 'endpoint_refused'),
    expirationTime: z.number().nullable().exactOptional(),
    keys: z.strictObject({
      p256dh: z.string().refine(isPublicKey, 'push_key_invalid'),
      auth: z.string().regex(/^[\w-]{22}(==)?$/, 'push_key_invalid'),
    }),
  });
}

export const endpointQuery = z.strictObject({ endpoint });

export const publicKeyAnswer = z.strictObject({ publicKey: z.string() });
