/** What every mailer has to do, whoever is behind it. */
import type { ExecutionContext, TestFn } from 'ava';
import { TerminalError } from '../../src/platform/errors.ts';
import type { Mail, Mailer } from '../../src/providers/mailer.ts';
import { readMail } from './read-mail.ts';

/** A mailer under test. */
export interface MailerUnderTest {
  /** Two handles on one mailer, as two processes hold them; one that is busy sending may refuse for now. */
  open(t: ExecutionContext): Promise<[Mailer, Mailer]>;
  /** The messages that went out, as they were sent. */
  sent(t: ExecutionContext): Promise<string[]>;
}

let mails = 0;

/** A mail of a key of its own. */
export function newMail(changes: Partial<Mail> = {}): Mail {
  const key = `o${process.pid}-${++mails}.confirmation.mail`;
  return {
    key,
    to: 'ada@shop.example',
    subject: 'Your order',
    text: 'Thank you.',
    html: '<p>Thank you.</p>',
    ...changes,
  };
}

/** Registers the tests of sending. */
export function testMailer(test: TestFn, { open, sent }: MailerUnderTest): void {
  test('a message is sent once under its key, however often and wherever it is asked for', async (t) => {
    const [one, two] = await open(t);
    const mail = newMail();
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? one : two).send(mail)),
    );
    t.true(answers.some(({ status }) => status === 'fulfilled'));
    const ids = [await one.send(mail), await two.send(mail)].map(({ messageId }) => messageId);
    t.is(new Set(ids).size, 1);
    const subjects = (await sent(t)).map((source) => readMail(source).subject);
    t.deepEqual(subjects, ['Your order']);
  });

  test('messages of their own keys are messages of their own', async (t) => {
    const [mailer] = await open(t);
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => mailer.send(newMail({ subject: name }))));
    t.is(new Set(answers.map(({ messageId }) => messageId)).size, 3);
    t.deepEqual((await sent(t)).map((source) => readMail(source).subject).sort(), ['a', 'b', 'c']);
  });

  test('a message says who, when and what, in plain ASCII lines', async (t) => {
    const [mailer] = await open(t);
    const subject = 'Đơn hàng của bạn: 3 × „Tasse“ für 1.999,00 € — vielen Dank und bis bald 🎁🎁🎁';
    const text = `Grüße = ${'ä'.repeat(60)} \n\ttab\t\n.\n${'long '.repeat(40)}\nFrom here 🎁\nend`;
    const html = `<p>${'Đơn hàng '.repeat(200)}</p>\n.\n`;
    const { messageId } = await mailer.send(newMail({ subject, text, html }));
    const [source = ''] = await sent(t);
    t.regex(source, /^[\x20-\x7e\t\r\n]*$/);
    for (const line of source.split('\r\n')) t.true(line.length <= 78 && !/[\r\n]/.test(line), line);
    const read = readMail(source);
    t.is(read.subject, subject);
    t.is(read.text.replaceAll('\r\n', '\n').trimEnd(), text);
    t.is(read.html.replaceAll('\r\n', '\n').trimEnd(), html.trimEnd());
    t.is(read.headers.get('Message-ID'), messageId);
    t.is(read.headers.get('From'), 'Ordo <orders@ordo.example>');
    t.is(read.headers.get('To'), 'ada@shop.example');
    t.is(read.headers.get('Date'), 'Fri, 02 Jan 2026 03:04:05 +0000');
    t.is(read.headers.get('Auto-Submitted'), 'auto-generated');
  });

  test('nobody writes a header or a recipient of their own', async (t) => {
    const [mailer] = await open(t);
    for (const to of [
      'ada@shop.example\r\nBcc: eve@evil.example',
      'a@b.example, eve@evil.example',
      'Eve <eve@evil.example>',
      '',
      'ada',
    ])
      await t.throwsAsync(mailer.send(newMail({ to })), { instanceOf: TerminalError });
    await mailer.send(newMail({ subject: 'Hi\r\nBcc: eve@evil.example' }));
    const mails = (await sent(t)).map(readMail);
    t.is(mails.length, 1);
    t.false(mails[0]?.headers.has('Bcc'));
    t.is(mails[0]?.subject.replaceAll(/\s+/g, ' '), 'Hi Bcc: eve@evil.example');
  });
}
