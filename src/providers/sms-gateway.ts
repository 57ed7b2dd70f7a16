/** Text messages through an HTTP gateway. */
import { z } from 'zod';
import { messageOf, RetryableError } from '../platform/errors.ts';
import { failureOf } from './http-failure.ts';

/** One text message. */
export interface TextMessage {
  /** The idempotency key, in the body and as the header `Idempotency-Key`. */
  key: string;
  /** E.164. */
  to: string;
  text: string;
}

export interface SmsGateway {
  /** @throws RetryableError when it was not taken; TerminalError when the gateway refuses it for good. */
  send(message: TextMessage): Promise<{ messageId: string }>;
}

const TIMEOUT_MS = 10_000;
const SHOWN_MAX = 200;

const replySchema = z.object({ id: z.string().min(1).max(200) });

/** The gateway's own id of the message, where it gives one. */
function idIn(body: string): string | undefined {
  try {
    return replySchema.parse(JSON.parse(body)).id;
  } catch {
    return undefined;
  }
}

/**
 * Posts `{to, text, key}` as JSON to that URL, and takes any 2xx for the gateway's word that it has the message.
 * @param token sent as a bearer token
 */
export function createSmsGateway({ url, token }: { url: string; token: string | undefined }): SmsGateway {
  return {
    async send({ key, to, text }) {
      let response: Response;
      let body: string;
      try {
        response = await fetch(url, {
          method: 'POST',
          redirect: 'error',
          signal: AbortSignal.timeout(TIMEOUT_MS),
          headers: {
            'content-type': 'application/json',
            'idempotency-key': key,
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ to, text, key }),
        });
        body = await response.text();
      } catch (cause) {
        throw new RetryableError(`The SMS gateway did not answer: ${messageOf(cause)}`, { cause });
      }
      if (response.ok) return { messageId: idIn(body) ?? key };
      const reason = `The SMS gateway answered ${response.status}: ${body.slice(0, SHOWN_MAX)}`;
      // A refusal of ourselves is for the operator to mend, and the messages wait.
      if (response.status === 401 || response.status === 403) throw new RetryableError(reason);
      throw failureOf(response.status, response.headers.get('retry-after') ?? undefined, reason);
    },
  };
}
