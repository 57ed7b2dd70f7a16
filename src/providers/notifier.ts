/** All channels to the customer behind one port: mail always, text messages and push where there is somebody to get them. */
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/config.ts';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { DeliveryBook } from '../ports/delivery-book.ts';
import type { Notice, Notifier } from '../ports/notifier.ts';
import type { UserRepository } from '../ports/users.ts';
import { hashOf, type Mailer, messageIdOf } from './mailer.ts';
import { createFileMailer } from './mailer-files.ts';
import { createSmtpMailer } from './mailer-smtp.ts';
import { letterOf } from './notices/letter.ts';
import { createPushService, type PushMessage, type PushService } from './push-service.ts';
import { createSendOnce, type SendOnce } from './send-once.ts';
import { createSmsGateway, type SmsGateway } from './sms-gateway.ts';

/** The settings that choose the channels. */
export type NotifierEnvironment = Pick<
  Environment,
  | 'ORDO_DATA_DIR'
  | 'ORDO_MAIL_FROM'
  | 'ORDO_PRIVATE_ENDPOINTS'
  | 'SMTP_URL'
  | 'SMS_URL'
  | 'SMS_TOKEN'
  | 'VAPID_PUBLIC_KEY'
  | 'VAPID_PRIVATE_KEY'
  | 'VAPID_SUBJECT'
>;

/** What the notifier needs. */
export interface NotifierOptions {
  environment: NotifierEnvironment;
  deliveries: DeliveryBook;
  users: Pick<UserRepository, 'removePushSubscription'>;
  clock: Clock;
  newId: () => string;
  logger: Logger;
}

/** The channels that are set up; without `sms` or `push`, nothing goes that way. */
interface Channels {
  mailer: Mailer;
  sms: SmsGateway | undefined;
  push: PushService | undefined;
}

/** A push endpoint is the customer's word: one that never answers must not hold up the order for ever. */
const PUSH_ATTEMPTS_MAX = 3;

function openChannels(options: NotifierOptions, sendOnce: SendOnce): Channels {
  const { environment, clock, newId } = options;
  const { ORDO_MAIL_FROM: from, SMTP_URL, SMS_URL, SMS_TOKEN } = environment;
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, VAPID_SUBJECT } = environment;
  const hasVapid =
    VAPID_PUBLIC_KEY !== undefined && VAPID_PRIVATE_KEY !== undefined && VAPID_SUBJECT !== undefined;
  return {
    mailer:
      SMTP_URL === undefined
        ? createFileMailer({ directory: join(environment.ORDO_DATA_DIR, 'mail'), clock, newId, from })
        : createSmtpMailer({ url: SMTP_URL, from, sendOnce, clock }),
    sms: SMS_URL === undefined ? undefined : createSmsGateway({ url: SMS_URL, token: SMS_TOKEN }),
    push: hasVapid
      ? createPushService({
          vapid: { publicKey: VAPID_PUBLIC_KEY, privateKey: VAPID_PRIVATE_KEY, subject: VAPID_SUBJECT },
          allowPrivate: environment.ORDO_PRIVATE_ENDPOINTS === 'true',
        })
      : undefined,
  };
}

/** One message on its way. */
interface Delivery {
  channel: 'mail' | 'sms' | 'push';
  send(): Promise<unknown>;
}

/**
 * The notifier that the settings ask for. Each channel sends a notice once, by itself: a retry sends what is missing.
 * What a channel refuses for good is logged and counts as done.
 */
export function createNotifier(options: NotifierOptions): Notifier & { close(): void } {
  const { deliveries, users, clock, newId, logger, environment } = options;
  const sendOnce = createSendOnce({ book: deliveries, clock, newId });
  const { mailer, sms, push } = openChannels(options, sendOnce);

  async function pushTo(service: PushService, message: PushMessage, userId: string) {
    if ((await service.send(message)) === 'gone')
      await users.removePushSubscription(userId, message.subscription.endpoint);
    return { messageId: message.key };
  }

  function deliveriesOf(notice: Notice): Delivery[] {
    const { key, order, recipient } = notice;
    const { subject, text, html, brief } = letterOf(notice);
    const { email, phone, pushSubscriptions = [] } = recipient;
    const mail = { key: `${key}.mail`, to: email, subject, text, html };
    const all: Delivery[] = [{ channel: 'mail', send: () => mailer.send(mail) }];
    if (sms && phone !== undefined) {
      const message = { key: `${key}.sms`, to: phone, text: brief };
      all.push({ channel: 'sms', send: () => sendOnce(message.key, () => sms.send(message)) });
    }
    if (push === undefined) return all;
    for (const subscription of pushSubscriptions) {
      const pushKey = `${key}.push.${hashOf(subscription.endpoint)}`;
      const message = { key: pushKey, subscription, title: subject, body: brief, orderId: order.id };
      const send = () => pushTo(push, message, recipient.id);
      all.push({ channel: 'push', send: () => sendOnce(pushKey, send, PUSH_ATTEMPTS_MAX) });
    }
    return all;
  }

  async function deliver({ channel, send }: Delivery, key: string): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      logger.warn({ key, channel, reason: error.message }, 'a notice was refused for good on one channel');
    }
  }

  return {
    async send(notice) {
      const { key } = notice;
      const results = await Promise.allSettled(deliveriesOf(notice).map((each) => deliver(each, key)));
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      if (failures.length > 0) throw failureFrom(failures);
      return { messageId: messageIdOf(`${key}.mail`, environment.ORDO_MAIL_FROM) };
    },
    close: () => mailer.close(),
  };
}

/** All that failed as one; it says the longest pause that any of them asks for. */
function failureFrom(failures: unknown[]): RetryableError {
  const pauses = failures.flatMap((error) =>
    error instanceof RetryableError ? (error.retryAfterMs ?? []) : [],
  );
  return new RetryableError(failures.map(messageOf).join(' '), {
    ...(pauses.length > 0 && { retryAfterMs: Math.max(...pauses) }),
    cause: failures[0],
  });
}
