/** The mailer that writes files: a mailer's conformance, and files that are whole or not there. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { RetryableError } from '../../src/platform/errors.ts';
import { createFileMailer } from '../../src/providers/mailer-files.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeTestDir, type Teardown } from '../support/services.ts';
import { newMail, testMailer } from './mailer-conformance.ts';
import { readMail } from './read-mail.ts';

const clock = createFakeClock(new Date('2026-01-02T03:04:05Z'));

let ids = 0;
const newId = () => `${++ids}`;

const open = (directory: string) =>
  createFileMailer({ directory, clock, newId, from: 'Ordo <orders@ordo.example>' });

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
  sent: (t) => readMails(directories.get(t) ?? ''),
});

test('a key never leads out of the folder, and leaves one whole file', async (t) => {
  const { directory, mailer } = await openNew(t);
  await mailer.send(newMail({ key: '../../escape' }));
  t.regex((await readdir(directory)).join(), /^[0-9a-f]{40}\.eml$/);
});

test('a message that is there is left as it was', async (t) => {
  const { directory, mailer } = await openNew(t);
  const mail = newMail({ text: 'first' });
  const { messageId } = await mailer.send(mail);
  t.deepEqual(await mailer.send({ ...mail, text: 'second' }), { messageId });
  const [source = ''] = await readMails(directory);
  t.is(readMail(source).text.trim(), 'first');
});

test('a folder that cannot be made fails as retryable, and works once it can', async (t) => {
  const directory = join(await makeTestDir(t), 'mail');
  await writeFile(directory, 'in the way');
  const mailer = open(directory);
  const mail = newMail();
  await t.throwsAsync(mailer.send(mail), { instanceOf: RetryableError });
  await rm(directory);
  await mailer.send(mail);
  t.is((await readdir(directory)).length, 1);
});
