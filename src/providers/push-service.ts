/** Web Push: encrypted for one browser (RFC 8291), signed by our VAPID key (RFC 8292). */
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import webPush, { type RequestDetails } from 'web-push';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import { isPublicUrl, lookupPublic } from '../platform/public-address.ts';
import type { PushSubscription } from '../ports/users.ts';
import { failureOf } from './http-failure.ts';

/** Our identity at the push services, keys in URL-safe base64. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
  /** A `mailto:` or `https:` URL by which the push services reach us. */
  subject: string;
}

/** What one browser is told; the page's service worker gets `{title, body, orderId, tag}`. */
export interface PushMessage {
  /** Stands for the message: a browser that gets it twice shows it once, by its `tag`. */
  key: string;
  subscription: PushSubscription;
  title: string;
  body: string;
  orderId: string;
}

export interface PushService {
  /**
   * `gone` when the browser will take no messages any more.
   * @throws RetryableError when it was not taken; TerminalError when it never will be, or the endpoint is not one
   * that we call.
   */
  send(message: PushMessage): Promise<'sent' | 'gone'>;
}

const TIMEOUT_MS = 10_000;

/** A browser that is away for longer need not hear of it any more: the mail is there. */
const KEPT_S = 86_400;

/**
 * The push services that the browsers name.
 * @param allowPrivate for tests: calls private addresses too, and without TLS
 */
export function createPushService({
  vapid,
  allowPrivate,
}: {
  vapid: VapidKeys;
  allowPrivate: boolean;
}): PushService {
  /** By Node's own client, not by web-push's: it takes a `lookup`, and reads no answer longer than its head. */
  function post(endpoint: URL, { headers, body }: RequestDetails): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options: http.RequestOptions = {
        method: 'POST',
        headers: headers as http.OutgoingHttpHeaders,
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(!allowPrivate && { lookup: lookupPublic }),
      };
      const request = (endpoint.protocol === 'http:' ? http : https).request(
        endpoint,
        options,
        (response) => {
          response.destroy();
          resolve(response);
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  function detailsOf({ key, subscription, title, body, orderId }: PushMessage): RequestDetails {
    const tag = createHash('sha256').update(key).digest('base64url').slice(0, 32);
    try {
      return webPush.generateRequestDetails(subscription, JSON.stringify({ title, body, orderId, tag }), {
        vapidDetails: vapid,
        TTL: KEPT_S,
        // Of two under one topic, a push service that still keeps the first delivers one.
        topic: tag,
      });
    } catch (cause) {
      throw new TerminalError('invalid-request', `The browser's keys are unusable: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  return {
    async send(message) {
      const endpoint = new URL(message.subscription.endpoint);
      if (!allowPrivate && !isPublicUrl(endpoint))
        throw new TerminalError('forbidden', `Expected a public https address, got ${endpoint.origin}.`);
      const details = detailsOf(message);
      const response = await post(endpoint, details).catch((cause: unknown) => {
        if (cause instanceof TerminalError) throw cause;
        throw new RetryableError(`${endpoint.host} did not answer: ${messageOf(cause)}`, { cause });
      });
      const { statusCode = 0, headers } = response;
      if (statusCode >= 200 && statusCode < 300) return 'sent';
      if (statusCode === 404 || statusCode === 410) return 'gone';
      throw failureOf(statusCode, headers['retry-after'], `${endpoint.host} answered ${statusCode}.`);
    },
  };
}
