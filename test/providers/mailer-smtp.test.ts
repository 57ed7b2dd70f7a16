/** Mail over SMTP against a real server: a mailer's conformance, every kind of refusal, and processes that are killed. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { RetryableError, TerminalError } from '../../src/platform/errors.ts';
import type { Mail } from '../../src/providers/mailer.ts';
import { createSmtpMailer } from '../../src/providers/mailer-smtp.ts';
import { createSendOnce } from '../../src/providers/send-once.ts';
import { connectStore } from '../../src/store/connect.ts';
import { createDeliveryBook, deliveryModel } from '../../src/store/delivery-book.ts';
import { eventually } from '../support/engine.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { shareServices } from '../support/services.ts';
import { newMail, testMailer } from './mailer-conformance.ts';
import { readMail } from './read-mail.ts';
import { type SmtpReceiver, startSmtp } from './smtp-receiver.ts';

const services = shareServices(test);
const FROM = 'Ordo <orders@ordo.example>';
const SENDING_PROCESS = fileURLToPath(new URL('./sending-process.ts', import.meta.url));

/** A mailer to that server, with a clock of its own. */
async function open(t: ExecutionContext, { url }: { url: string }, start = '2026-01-02T03:04:05Z') {
  const connection = await connectStore(services().mongodbUri);
  t.teardown(() => connection.close());
  const clock = createFakeClock(new Date(start));
  const sendOnce = createSendOnce({
    book: createDeliveryBook(deliveryModel(connection)),
    clock,
    newId: randomUUID,
  });
  const mailer = createSmtpMailer({ url, from: FROM, sendOnce, clock });
  t.teardown(() => mailer.close());
  return { ...mailer, clock };
}

const servers = new WeakMap<object, SmtpReceiver>();
testMailer(test, {
  async open(t) {
    const server = await startSmtp(t);
    servers.set(t, server);
    return [await open(t, server), await open(t, server)];
  },
  sent: async (t) => servers.get(t)?.messages ?? [],
});

const idsOf = ({ messages }: SmtpReceiver) =>
  messages.map((source) => readMail(source).headers.get('Message-ID'));

test('mails go through few connections that stay open', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  await Promise.all(Array.from({ length: 40 }, () => mailer.send(newMail())));
  t.is(server.messages.length, 40);
  t.true(server.connections <= 5, `${server.connections} connections`);
});

test('an address that the server refuses for good is told once, and never tried again', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  server.refusals.set('ada@shop.example', 550);
  const mail = newMail();
  const error = await t.throwsAsync(mailer.send(mail), { instanceOf: TerminalError });
  t.regex(error?.message ?? '', /550 Not here/);
  server.refusals.clear();
  await mailer.send(mail);
  t.is(server.messages.length, 0);
});

test('a message that the server refuses for good is told once, and never tried again', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  server.fates.push(554);
  const mail = newMail();
  await t.throwsAsync(mailer.send(mail), { instanceOf: TerminalError });
  await mailer.send(mail);
  t.is(server.messages.length, 0);
});

test('what the server refuses for now is sent later, once', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  const mail = newMail();
  server.refusals.set('ada@shop.example', 450);
  await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  server.refusals.clear();
  server.fates.push(451);
  await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  t.is(server.fates.length, 0);
  await mailer.send(mail);
  await mailer.send(mail);
  t.is(server.messages.length, 1);
});

test('a wrong password is for the operator to mend: the mail waits, and its error does not tell it', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  server.password = 'changed';
  const mail = newMail();
  const error = await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  t.false(error?.message.includes('secret'));
  server.password = 'secret';
  await mailer.send(mail);
  t.is(server.messages.length, 1);
});

test('a server that is down fails as retryable, and gets the mail when it is back', async (t) => {
  const down = await startSmtp(t);
  await down.close();
  const mailer = await open(t, down);
  const mail = newMail();
  await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  const server = await startSmtp(t, Number(new URL(down.url).port));
  await mailer.send(mail);
  t.is(server.messages.length, 1);
});

test('a server that closes at once is tried once an attempt: the pool repeats nothing by itself', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const mailer = await open(t, { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await t.throwsAsync(mailer.send(newMail()), { instanceOf: RetryableError });
  t.is(connections, 1);
});

test('a lost reply leaves it open whether the mail was taken: it is sent again, known by its Message-ID', async (t) => {
  const server = await startSmtp(t);
  const mailer = await open(t, server);
  server.fates.push('reply-lost');
  const mail = newMail();
  await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  t.is(server.messages.length, 1);
  const { messageId } = await mailer.send(mail);
  await mailer.send(mail);
  t.deepEqual(idsOf(server), [messageId, messageId]);
});

/** Sends the mail in a process of its own; `kill` is SIGKILL. */
function sendElsewhere(t: ExecutionContext, { url }: SmtpReceiver, mail: Mail) {
  const args = ['--import=tsx', SENDING_PROCESS, services().mongodbUri, url, JSON.stringify(mail)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.on('error', () => {});
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  async function kill() {
    child.kill('SIGKILL');
    return (await exited)[1];
  }
  t.teardown(async () => void (await kill()));
  return { kill, said: () => output };
}

test('a process killed after the mail is noted: nobody sends it again', async (t) => {
  const server = await startSmtp(t);
  const mail = newMail();
  const child = sendElsewhere(t, server, mail);
  await eventually(
    async () => child.said(),
    (said) => said === 'sent\n',
  );
  t.is(await child.kill(), 'SIGKILL');
  const mailer = await open(t, server, '2100-01-01T00:00:00Z');
  await mailer.send(mail);
  t.is(server.messages.length, 1);
});

test('a process killed while the server has the mail: nobody else sends it until it must be dead', async (t) => {
  const server = await startSmtp(t);
  server.fates.push('held');
  const mail = newMail();
  const child = sendElsewhere(t, server, mail);
  await eventually(
    async () => server.messages.length,
    (count) => count === 1,
  );
  t.is(await child.kill(), 'SIGKILL');
  t.is(child.said(), '');
  const mailer = await open(t, server, new Date().toISOString());
  const error = await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  const retryAfterMs = (error as RetryableError).retryAfterMs ?? 0;
  t.true(retryAfterMs > 0 && retryAfterMs <= 60_000, String(retryAfterMs));
  t.is(server.messages.length, 1);
  mailer.clock.advance(retryAfterMs);
  const { messageId } = await mailer.send(mail);
  await mailer.send(mail);
  t.deepEqual(idsOf(server), [messageId, messageId]);
});
