/** Which programs this machine has for the services that are to be embedded. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

import { findSandbox } from './sandbox.ts';

/** Absolute paths; absent is what this machine does not have. */
export interface Programs {
  redisServer?: string;
  mongod?: string;
  /** The embedded document server's script, for this very Node. */
  mongolet?: string;
  /** The sandbox's script, for this very Node. */
  sandbox?: string;
}

/** Looks on the given search path (`PATH`), and among the packages for mongolet and the sandbox. */
export function findPrograms(searchPath: string): Programs {
  const redisServer = findOnPath('redis-server', searchPath);
  const mongod = findOnPath('mongod', searchPath);
  const mongolet = findMongolet();
  const sandbox = findSandbox();
  return {
    ...(redisServer !== undefined && { redisServer }),
    ...(mongod !== undefined && { mongod }),
    ...(mongolet !== undefined && { mongolet }),
    ...(sandbox !== undefined && { sandbox }),
  };
}

function findOnPath(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function findMongolet(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('mongolet/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { mongolet: string } };
    const script = join(dirname(manifest), bin.mongolet);
    return existsSync(script) ? script : undefined;
  } catch {
    // The image of docker-compose.yml leaves the package out: its engine is given its addresses.
    return undefined;
  }
}
