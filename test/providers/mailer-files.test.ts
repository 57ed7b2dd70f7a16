/** The mailer that writes files: the port's conformance, and messages that any mail program can read. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import { createFileMailer } from '../../src/providers/mailer-files.ts';
import { makeTestDir, type Teardown } from '../support/services.ts';
import { testMailer } from './mailer-conformance.ts';

const clock = { now: () => new Date('2026-01-02T03:04:05Z'), after: () => () => {} };

let ids = 0;
const newId = () => `${++ids}`;

const open = (directory: string) => createFileMailer({ directory, clock, newId });

async function openNew(t: Teardown) {
  const directory = join(await makeTestDir(t), 'data', 'mail');
  return { directory, mailer: open(directory) };
}

async function readMails(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
}

const directories = new WeakMap<object, string>();
testMailer(test, {
  async open(t) {
    const { directory, mailer } = await openNew(t);
    directories.set(t, directory);
    return [mailer, open(directory)];
  },
  async sentTo(t, to) {
    const mails = await readMails(directories.get(t) ?? '');
    const own = mails.filter((mail) => mail.includes(`To: ${to}\r\n`));
    return own.map((mail) => /^Subject: (.*)\r$/m.exec(mail)?.[1] ?? '');
  },
});

/** Reads what the standards say, written apart from the writer. */
function readMail(mail: string) {
  const [head = '', body = ''] = mail.split(/\r\n\r\n([\s\S]*)/);
  const headers = new Map(
    head
      .replaceAll(/\r\n[ \t]/g, ' ')
      .split('\r\n')
      .map((line) => line.split(/: (.*)/) as [string, string]),
  );
  const subject = (headers.get('Subject') ?? '')
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, words: string) => Buffer.from(words, 'base64').toString());
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers, subject, text: Buffer.from(bytes, 'latin1').toString() };
}

test('a message says who, when and what, in plain ASCII lines', async (t) => {
  const { directory, mailer } = await openNew(t);
  const subject = 'Bestellung bestätigt: 3 × „Tasse“ für 1.999,00 € — vielen Dank und bis bald 🎁🎁🎁';
  const text = `Grüße = ${'ä'.repeat(60)} \n\ttab\t\n.\n${'long '.repeat(40)}\r\nFrom here 🎁\rend`;
  const { messageId } = await mailer.send({ key: 'o1', to: 'ada@shop.example', subject, text });
  const [mail = ''] = await readMails(directory);
  t.regex(mail, /^[\x20-\x7e\t\r\n]*$/);
  for (const line of mail.split('\r\n')) t.true(line.length <= 76 && !/[\r\n]|\s$/.test(line), line);
  const read = readMail(mail);
  t.is(read.subject, subject);
  t.is(read.text, `${text.replaceAll(/\r\n|\r|\n/g, '\r\n')}\r\n`);
  t.is(read.headers.get('Message-ID'), messageId);
  t.is(read.headers.get('Date'), 'Fri, 02 Jan 2026 03:04:05 +0000');
  t.is(read.headers.get('To'), 'ada@shop.example');
  t.is(read.headers.get('Content-Type'), 'text/plain; charset=utf-8');
});

test('nobody writes a header of their own', async (t) => {
  const { directory, mailer } = await openNew(t);
  for (const to of [
    'ada@shop.example\r\nBcc: eve@evil.example',
    'a@b.example, eve@evil.example',
    'Eve <eve@evil.example>',
    '',
    'ada',
  ])
    await t.throwsAsync(mailer.send({ key: to, to, subject: '', text: '' }), { instanceOf: TerminalError });
  await mailer.send({ key: 'o1', to: 'ada@shop.example', subject: 'Hi\r\nBcc: eve@evil.example', text: '' });
  const mails = await readMails(directory);
  t.is(mails.length, 1);
  t.is(readMail(mails[0] ?? '').subject, 'Hi Bcc: eve@evil.example');
});

test('a key never leads out of the folder, and leaves one whole file', async (t) => {
  const { directory, mailer } = await openNew(t);
  await mailer.send({ key: '../../escape', to: 'ada@shop.example', subject: 'Hi', text: 'x' });
  t.regex((await readdir(directory)).join(), /^[0-9a-f]{40}\.eml$/);
});

test('a message that is there is left as it was', async (t) => {
  const { directory, mailer } = await openNew(t);
  const message = { key: 'o1', to: 'ada@shop.example', subject: 'Hi', text: 'first' };
  const { messageId } = await mailer.send(message);
  t.deepEqual(await mailer.send({ ...message, text: 'second' }), { messageId });
  const [mail = ''] = await readMails(directory);
  t.is(readMail(mail).text, 'first\r\n');
});

test('a folder that cannot be made fails as retryable, and works once it can', async (t) => {
  const directory = join(await makeTestDir(t), 'mail');
  await writeFile(directory, 'in the way');
  const mailer = open(directory);
  const message = { key: 'o1', to: 'ada@shop.example', subject: 'Hi', text: 'x' };
  await t.throwsAsync(mailer.send(message), { instanceOf: RetryableError });
  await rm(directory);
  await mailer.send(message);
  t.is((await readdir(directory)).length, 1);
});
