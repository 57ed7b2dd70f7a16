/** `configureFailPoint`, which exists with `--test-commands` only. */
import { errorOf } from '../errors.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import { type CommandDefinition, optionalDoc } from './command.ts';

/** Switches a fail point on or off. */
export const configureFailPoint: CommandDefinition = {
  kind: 'read',
  fields: ['mode', 'data'],
  run({ engine, command, database }): ReplyDoc {
    if (!engine.failPoints) throw errorOf('CommandNotFound', "no such command: 'configureFailPoint'");
    if (database !== 'admin')
      throw errorOf('Unauthorized', 'configureFailPoint may only be run against the admin database.');
    const data = optionalDoc(command, 'data') ?? {};
    return { count: engine.failPoints.configure(command.configureFailPoint, command.mode, data), ok: 1 };
  },
};
