/** Mail, whoever carries it: what a mailer promises, and the message as nodemailer composes it. */
import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import { TerminalError } from '../platform/errors.ts';

/** One mail to one person. */
export interface Mail {
  /** The idempotency key: one mail under it, for ever. */
  key: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /**
   * Sends it once under its key, as far as that can be known.
   * @returns its Message-ID, the same for the same key
   * @throws RetryableError when it could not be handed over; TerminalError when that address will never take it.
   */
  send(mail: Mail): Promise<{ messageId: string }>;
  /** Closes what is open to the outside. */
  close(): void;
}

/** Nothing that could begin a header of its own, or another recipient. */
const ADDRESS = /^[^\s\p{Cc},;<>]+@[^\s\p{Cc},;<>]+$/u;

/** What stands for a key where it must be short and plain, such as in a file's name. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40);
}

/** The Message-ID of the mail under that key, in the sender's domain: by it a receiver knows a mail that comes twice. */
export function messageIdOf(key: string, from: string): string {
  return `<${hashOf(key)}@${/@([^\s>]+)>?$/.exec(from)?.[1] ?? 'ordo.example'}>`;
}

/**
 * The mail as nodemailer takes it; the same mail makes the same bytes.
 * @param from the sender, as a header has it
 * @throws TerminalError `invalid-request` when `to` is not one plain address.
 */
export function composeMail(
  { key, to, subject, text, html }: Mail,
  from: string,
  date: Date,
): SendMailOptions {
  if (!ADDRESS.test(to))
    throw new TerminalError('invalid-request', `Expected one mail address, got ${JSON.stringify(to)}.`);
  return {
    messageId: messageIdOf(key, from),
    baseBoundary: hashOf(key),
    date,
    from,
    to: { name: '', address: to },
    subject,
    text,
    html,
    // RFC 3834: so that no absence note answers it.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
