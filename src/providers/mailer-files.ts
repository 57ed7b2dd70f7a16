/** The embedded mailer: it posts nothing, it leaves each message as a file that any mail program opens. */
import { createHash } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { messageOf, RetryableError } from '../platform/errors.ts';
import type { Mailer } from '../ports/mail.ts';
import { encodeMail } from './mail-message.ts';

/** What the mailer needs. */
export interface FileMailerOptions {
  /** The folder for the messages, such as `data/mail`; made when it is missing. */
  directory: string;
  clock: Clock;
  newId: () => string;
  /** The sender, as a header has it. */
  from?: string;
}

/**
 * Writes each message to `<hash of its key>.eml`, once: written aside and renamed, so that a file that is
 * there is whole. It outlives the process at once, and a loss of power as soon as the system has written
 * it to disk: waiting for that would cost more than an order.
 */
export function createFileMailer(options: FileMailerOptions): Mailer {
  const { directory, clock, newId, from = 'Ordo <orders@ordo.example>' } = options;
  let folder: Promise<unknown> | undefined;

  async function write(path: string, mail: string): Promise<void> {
    folder ??= mkdir(directory, { recursive: true });
    await folder;
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    const aside = `${path}.${newId()}.tmp`;
    await writeFile(aside, mail);
    await rename(aside, path);
  }

  return {
    async send({ key, to, subject, text }) {
      const hash = createHash('sha256').update(key).digest('hex').slice(0, 40);
      const messageId = `<${hash}@ordo.example>`;
      const mail = encodeMail({ messageId, date: clock.now(), from, to, subject, text });
      try {
        await write(join(directory, `${hash}.eml`), mail);
      } catch (cause) {
        folder = undefined;
        throw new RetryableError(`The message to ${to} was not written: ${messageOf(cause)}`, { cause });
      }
      return { messageId };
    },
  };
}
