/** The document server: the check of one that is given, and which of the two kinds of our own is started. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { mongo } from 'mongoose';

import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import { hideCredentials } from './addresses.ts';
import { startMongod } from './mongod.ts';
import { startMongolet } from './mongolet.ts';
import type { Programs } from './programs.ts';
import type { Service, ServiceSite } from './service-site.ts';

const SELECTION_TIMEOUT_MS = 5_000;

/**
 * Tries that a MongoDB that takes writes answers at the address.
 * @throws ConfigError when none does within 5 s
 */
export async function checkMongodb(mongodbUri: string): Promise<void> {
  let client: mongo.MongoClient | undefined;
  try {
    client = new mongo.MongoClient(mongodbUri, { serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS });
    const { isWritablePrimary } = await client.db().command({ hello: 1 });
    if (isWritablePrimary !== true) throw new Error('the server there is no primary');
    // Unlike hello, this one needs the right to read.
    await client.db().command({ listCollections: 1, nameOnly: true, authorizedCollections: true });
  } catch (error) {
    throw new ConfigError([
      `MONGODB_URI=${hideCredentials(mongodbUri)}: no MongoDB that can be used answers there ` +
        `(${messageOf(error)}); start it, correct the address, or leave MONGODB_URI out to have one started.`,
    ]);
  } finally {
    await client?.close();
  }
}

/**
 * Starts the kind that this folder's data is in; for a new folder `mongod` where there is one, else mongolet.
 * @throws ConfigError when it cannot
 */
export async function startDocuments(site: ServiceSite, programs: Programs): Promise<Service> {
  const folder = (name: string) => join(site.folders.data, name);
  const hasData = (name: string) => existsSync(folder(name)) && readdirSync(folder(name)).length > 0;
  if (programs.mongod === undefined && hasData('mongod')) {
    throw new ConfigError([
      `${folder('mongod')}: this data folder was written by mongod, and there is none on the PATH now; ` +
        'install it, or set MONGODB_URI, or set ORDO_DATA_DIR to another folder.',
    ]);
  }
  if (programs.mongod === undefined || hasData('mongolet')) {
    return startMongolet(site, folder('mongolet'), programs.mongolet);
  }
  return startMongod(site, folder('mongod'), programs.mongod);
}
