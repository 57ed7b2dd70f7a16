/** The commands of Atlas Search: refused in the words of a MongoDB server that has none. */
import { MongoletError } from '../errors.ts';
import type { CommandDefinition } from './command.ts';

/** The error of everything that needs Atlas Search. */
export function searchNotEnabled(): MongoletError {
  return new MongoletError(
    31082,
    'Using Atlas Search Database Commands and the $listSearchIndexes aggregation stage requires additional configuration. Please connect to Atlas or an AtlasCLI local deployment to enable.',
    { codeName: 'SearchNotEnabled' },
  );
}

/** Stands for each of them. */
export const searchIndexCommand: CommandDefinition = {
  kind: 'read',
  fields: 'any',
  run() {
    throw searchNotEnabled();
  },
};
