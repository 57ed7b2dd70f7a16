/** Mail over SMTP, through a few connections that stay open. */
import { createTransport } from 'nodemailer';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError, TerminalError } from '../platform/errors.ts';
import { composeMail, type Mailer, messageIdOf } from './mailer.ts';
import { SEND_TIMEOUT_MS, type SendOnce } from './send-once.ts';

/** What the mailer needs. */
export interface SmtpMailerOptions {
  /** `smtp://` (with STARTTLS where the server offers it) or `smtps://`, with user and password. */
  url: string;
  /** The sender, as a header has it. */
  from: string;
  sendOnce: SendOnce;
  clock: Clock;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** What nodemailer tells of a failure. */
interface SmtpFailure extends Error {
  code?: string;
  command?: string;
  /** Whether the server's reply was a refusal for good. */
  permanent?: boolean;
}

/**
 * Refused for good are the recipient and the message alone. A refusal of ourselves (the login, the sender) is for
 * the operator to mend, and the mails wait.
 */
function isRefused({ code, command, permanent }: SmtpFailure): boolean {
  if (permanent === true) return command === 'RCPT TO' || command === 'DATA';
  return code === 'EENVELOPE' && command === 'API';
}

/** Hands each mail to the server at that URL; none is tried again by itself. */
export function createSmtpMailer({ url, from, sendOnce, clock }: SmtpMailerOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    // A mail whose connection closed is repeated by its job, which asks the book first, and never by the pool.
    maxRequeues: 0,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SEND_TIMEOUT_MS,
  });
  return {
    async send(mail) {
      const options = composeMail(mail, from, clock.now());
      const messageId = messageIdOf(mail.key, from);
      await sendOnce(mail.key, async () => {
        try {
          await transport.sendMail({ ...options, signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
        } catch (cause) {
          const reason = `The mail server did not take the mail: ${messageOf(cause)}`;
          if (isRefused(cause as SmtpFailure)) throw new TerminalError('invalid-request', reason, { cause });
          throw new RetryableError(reason, { cause });
        }
        return { messageId };
      });
      return { messageId };
    },
    close: () => transport.close(),
  };
}
