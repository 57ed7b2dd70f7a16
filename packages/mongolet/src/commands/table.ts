/** All commands by name. */

import { aggregate } from '../aggregate/aggregate.ts';
import { collMod } from './coll-mod.ts';
import {
  create,
  drop,
  dropDatabase,
  listCollections,
  listDatabases,
  renameCollection,
} from './collections.ts';
import type { CommandDefinition } from './command.ts';
import { configureFailPoint } from './configure-fail-point.ts';
import { count, distinct } from './count.ts';
import { getMore, killCursors } from './cursors.ts';
import { dbStats } from './db-stats.ts';
import { deleteCommand } from './delete.ts';
import { explain } from './explain.ts';
import { find } from './find.ts';
import { findAndModify } from './find-and-modify.ts';
import {
  buildInfo,
  connectionStatus,
  getParameter,
  hello,
  isMaster,
  ping,
  saslStart,
  serverStatus,
} from './handshake.ts';
import { createIndexes, dropIndexes, listIndexes } from './indexes.ts';
import { insert } from './insert.ts';
import { searchIndexCommand } from './search-indexes.ts';
import {
  abortTransaction,
  commitTransaction,
  endSessions,
  killAllSessions,
  killSessions,
} from './transaction-commands.ts';
import { update } from './update.ts';

/** Command names are case-sensitive; a few have two spellings. */
export const COMMANDS: ReadonlyMap<string, CommandDefinition> = new Map<string, CommandDefinition>([
  ['abortTransaction', abortTransaction],
  ['aggregate', aggregate],
  ['buildInfo', buildInfo],
  ['buildinfo', buildInfo],
  ['collMod', collMod],
  ['commitTransaction', commitTransaction],
  ['configureFailPoint', configureFailPoint],
  ['connectionStatus', connectionStatus],
  ['count', count],
  ['create', create],
  ['createIndexes', createIndexes],
  ['createSearchIndexes', searchIndexCommand],
  ['dbStats', dbStats],
  ['dbstats', dbStats],
  ['delete', deleteCommand],
  ['distinct', distinct],
  ['drop', drop],
  ['dropDatabase', dropDatabase],
  ['dropIndexes', dropIndexes],
  ['dropSearchIndex', searchIndexCommand],
  ['endSessions', endSessions],
  ['explain', explain],
  ['find', find],
  ['findAndModify', findAndModify],
  ['findandmodify', findAndModify],
  ['getMore', getMore],
  ['getParameter', getParameter],
  ['hello', hello],
  ['insert', insert],
  ['isMaster', isMaster],
  ['ismaster', isMaster],
  ['killAllSessions', killAllSessions],
  ['killCursors', killCursors],
  ['killSessions', killSessions],
  ['listCollections', listCollections],
  ['listDatabases', listDatabases],
  ['listIndexes', listIndexes],
  ['ping', ping],
  ['renameCollection', renameCollection],
  ['saslStart', saslStart],
  ['serverStatus', serverStatus],
  ['update', update],
  ['updateSearchIndex', searchIndexCommand],
]);
