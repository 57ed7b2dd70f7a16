/** Where the embedded services keep what must last (the data folder) and their sockets (the run folder). */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';

/** macOS takes 103 bytes for a socket's path, Linux 107; some is kept for the names inside the folder. */
const RUN_FOLDER_MAX_BYTES = 80;

/** Absolute paths, both folders existing and writable. */
export interface Folders {
  data: string;
  run: string;
}

/**
 * Makes the data folder when there is none, and tries that it can be written.
 * @returns its real absolute path
 * @throws ConfigError when it cannot
 */
export function prepareDataFolder(dataDir: string): string {
  try {
    makeFolder(resolve(dataDir));
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(dataDir);
  } catch (error) {
    throw new ConfigError([
      `ORDO_DATA_DIR=${dataDir}: the folder ${resolve(dataDir)} cannot be written (${messageOf(error)}); ` +
        'make it writable, or set ORDO_DATA_DIR to another.',
    ]);
  }
}

/**
 * The folder for sockets: `run` in the data folder; where that path is too long for a socket, one of this user
 * alone under the system's temporary folder, named by a hash of the data folder's path.
 * @throws ConfigError when neither can be had
 */
export function prepareRunFolder(data: string): string {
  const inside = join(data, 'run');
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  const run = fitsSocket(inside) ? inside : join(tmpdir(), `ordo-${hash}`);
  try {
    makeFolder(run);
    const { mode, uid } = lstatSync(run);
    const own = (mode & 0o777) === 0o700 && uid === process.getuid?.();
    if (run !== inside && !own) throw new Error('it belongs to somebody else, or is open to others');
    if (!fitsSocket(run))
      throw new Error('its path is too long for a Unix socket: set TMPDIR to a shorter one');
    return run;
  } catch (error) {
    throw new ConfigError([`${run}: cannot be used for the services' sockets (${messageOf(error)}).`]);
  }
}

function fitsSocket(folder: string): boolean {
  return Buffer.byteLength(folder) <= RUN_FOLDER_MAX_BYTES;
}

/** Node's own recursive mkdir never returns where a file system answers ENOENT for a folder that is there (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return;
    throw new Error(`${path} is no folder`);
  }
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
