/** The database alone, for the tools that work on it: the given one, that of the engine that runs, or one for a while. */
import { ConfigError } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { claimFolders, findHolder } from './claim.ts';
import { checkMongodb, startDocuments } from './documents.ts';
import { prepareDataFolder, prepareRunFolder } from './folders.ts';
import { findPrograms } from './programs.ts';

/** Where the database is to be found. */
export interface DatabaseOptions {
  dataDir: string;
  /** Used as it is; without it, the embedded one under `dataDir`. */
  mongodbUri?: string;
  logger: Logger;
}

/** A database that answers. */
export interface EmbeddedDatabase {
  mongodbUri: string;
  /** Ends it, if it was started for this. */
  close(): Promise<void>;
}

/**
 * Finds the database, or starts it, and nothing beside it: an engine that runs on the data folder is joined.
 * @throws ConfigError when it does not answer, an engine is just starting, or another tool works on it
 */
export async function openDatabase({
  dataDir,
  mongodbUri,
  logger,
}: DatabaseOptions): Promise<EmbeddedDatabase> {
  if (mongodbUri !== undefined) {
    await checkMongodb(mongodbUri);
    return { mongodbUri, close: async () => undefined };
  }
  const data = prepareDataFolder(dataDir);
  const folders = { data, run: prepareRunFolder(data) };
  const holder = await findHolder(folders);
  if (holder?.mongodbUri !== undefined)
    return { mongodbUri: holder.mongodbUri, close: async () => undefined };
  if (holder !== undefined && holder.kind !== 'tool')
    throw new ConfigError([
      `${data}: an engine runs on this data folder, and does not yet say where its database is; ` +
        'try again when it has started.',
    ]);
  const claim = await claimFolders(folders, 'tool');
  try {
    const site = { folders, holdFd: claim.holdFd, logger };
    const { address, child } = await startDocuments(site, findPrograms(process.env.PATH ?? ''));
    return {
      mongodbUri: address,
      async close() {
        await child?.end();
        claim.release();
      },
    };
  } catch (error) {
    claim.release();
    throw error;
  }
}
