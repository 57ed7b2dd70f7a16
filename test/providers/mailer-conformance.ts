/** What every mailer has to do, whoever is behind it. */
import type { ExecutionContext, TestFn } from 'ava';
import type { Mailer } from '../../src/ports/mail.ts';

/** A mailer under test. */
export interface MailerUnderTest {
  /** Two handles on one mailer, as two processes hold them. */
  open(t: ExecutionContext): Promise<[Mailer, Mailer]>;
  /** The subjects of the messages that went out to that address. */
  sentTo(t: ExecutionContext, to: string): Promise<string[]>;
}

/** Registers the tests of sending. */
export function testMailer(test: TestFn, { open, sentTo }: MailerUnderTest): void {
  test('a message is sent once under its key, however often and wherever it is asked for', async (t) => {
    const [one, two] = await open(t);
    const message = {
      key: 'o1.confirmation',
      to: 'ada@shop.example',
      subject: 'Your order',
      text: 'Thank you.',
    };
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? one : two).send(message)));
    answers.push(await two.send(message));
    t.is(new Set(answers.map((answer) => answer.messageId)).size, 1);
    t.deepEqual(await sentTo(t, message.to), ['Your order']);
  });

  test('messages of their own keys are messages of their own', async (t) => {
    const [mailer] = await open(t);
    const send = (key: string) =>
      mailer.send({ key, to: 'bob@shop.example', subject: `Order ${key}`, text: '' });
    const answers = await Promise.all(['a', 'b', 'c'].map(send));
    t.is(new Set(answers.map((answer) => answer.messageId)).size, 3);
    t.deepEqual((await sentTo(t, 'bob@shop.example')).sort(), ['Order a', 'Order b', 'Order c']);
  });
}
