/** The embedded mailer: it posts nothing, it leaves each message as a file that any mail program opens. */
import { access, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError } from '../platform/errors.ts';
import { composeMail, hashOf, type Mailer, messageIdOf } from './mailer.ts';

/** What the mailer needs. */
export interface FileMailerOptions {
  /** The folder for the messages, such as `data/mail`; made when it is missing. */
  directory: string;
  clock: Clock;
  newId: () => string;
  /** The sender, as a header has it. */
  from: string;
}

const isCode = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code;

/**
 * Writes each message to `<hash of its key>.eml`, once: written aside, then linked to its name, which fails when the
 * name is there. So a file that is there is whole, and is the memory of having been sent. It outlives the process at
 * once, and a loss of power as soon as the system has written it to disk: waiting for that would cost more than an order.
 */
export function createFileMailer({ directory, clock, newId, from }: FileMailerOptions): Mailer {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  let folder: Promise<unknown> | undefined;

  async function write(path: string, mail: Buffer): Promise<void> {
    folder ??= mkdir(directory, { recursive: true });
    await folder;
    const aside = `${path}.${newId()}.tmp`;
    try {
      await writeFile(aside, mail);
      await link(aside, path).catch((error: unknown) => {
        if (!isCode(error, 'EEXIST')) throw error;
      });
    } finally {
      await rm(aside, { force: true });
    }
  }

  return {
    async send(mail) {
      const options = composeMail(mail, from, clock.now());
      const messageId = messageIdOf(mail.key, from);
      const path = join(directory, `${hashOf(mail.key)}.eml`);
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return { messageId };
      try {
        const { message } = await composer.sendMail(options);
        await write(path, message as Buffer);
      } catch (cause) {
        folder = undefined;
        throw new RetryableError(`The message to ${mail.to} was not written: ${messageOf(cause)}`, { cause });
      }
      return { messageId };
    },
    close: () => composer.close(),
  };
}
