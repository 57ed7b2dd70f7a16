/** A text message as RFC 5322 wants it: plain ASCII on the wire, whatever the words. */
import { TerminalError } from '../platform/errors.ts';

/** What a message is made of. */
export interface MailMessage {
  messageId: string;
  date: Date;
  from: string;
  to: string;
  subject: string;
  text: string;
}

/** RFC 2045: no encoded line is longer. */
const MAX_LINE_LENGTH = 76;

/** UTF-8 bytes in an encoded word: with its frame, and `Subject: ` before it, it stays within a line. */
const ENCODED_WORD_BYTES = 39;

const isPrintableAscii = (text: string) => /^[\x20-\x7e]*$/.test(text);

/** RFC 2047: words of their own, none of which cuts a character in two. */
function encodeSubject(subject: string): string {
  const line = subject.replaceAll(/\s+/g, ' ').trim();
  if (isPrintableAscii(line) && line.length <= MAX_LINE_LENGTH) return line;
  const chunks: string[] = [];
  let chunk = '';
  for (const character of line) {
    if (Buffer.byteLength(chunk + character) > ENCODED_WORD_BYTES) {
      chunks.push(chunk);
      chunk = '';
    }
    chunk += character;
  }
  chunks.push(chunk);
  return chunks.map((words) => `=?UTF-8?B?${Buffer.from(words).toString('base64')}?=`).join('\r\n ');
}

/** RFC 2045 quoted-printable: people can read it as it stands, in most languages of Europe. */
function encodeLine(line: string): string {
  const lines: string[] = [];
  let current = '';
  const bytes = Buffer.from(line);
  for (const [at, byte] of bytes.entries()) {
    const isLast = at === bytes.length - 1;
    const isBlank = byte === 0x20 || byte === 0x09;
    const isLiteral = isBlank ? !isLast : byte >= 0x21 && byte <= 0x7e && byte !== 0x3d;
    const token = isLiteral
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (current.length + token.length > MAX_LINE_LENGTH - 1) {
      lines.push(`${current}=`);
      current = '';
    }
    current += token;
  }
  lines.push(current);
  return lines.join('\r\n');
}

/** RFC 5322 dates are those of HTTP, with an offset in place of the zone's name. */
const encodeDate = (date: Date) => date.toUTCString().replace('GMT', '+0000');

/** Nothing that could begin a header of its own, or another recipient. */
const ADDRESS = /^[^\s\p{Cc},;<>]+@[^\s\p{Cc},;<>]+$/u;

/**
 * The message as it is sent, lines ending in CRLF.
 * @throws TerminalError `invalid-request` when `to` is not one plain address.
 */
export function encodeMail({ messageId, date, from, to, subject, text }: MailMessage): string {
  if (!ADDRESS.test(to))
    throw new TerminalError('invalid-request', `Expected one mail address, got ${JSON.stringify(to)}.`);
  const headers = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${encodeSubject(subject)}`,
    `Date: ${encodeDate(date)}`,
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
  ];
  const body = text.split(/\r\n|\r|\n/).map(encodeLine);
  return [...headers, '', ...body, ''].join('\r\n');
}
