/** A whole engine on one machine: starts the services that are not given, and ends them with the engine. */
import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { claimFolders } from './claim.ts';
import { checkMongodb, startDocuments } from './documents.ts';
import { prepareDataFolder, prepareRunFolder } from './folders.ts';
import { findPrograms, type Programs } from './programs.ts';
import { checkRedis, startRedis } from './redis.ts';
import { keptSecret } from './secret.ts';
import type { Service } from './service-site.ts';

/** What is given is used as it is; what is not is started, or made, under `dataDir`. */
export interface EmbeddedOptions {
  dataDir: string;
  mongodbUri?: string;
  redisUrl?: string;
  jwtSecret?: string;
  logger: Logger;
  /** Default: what the PATH and the installed packages have. */
  programs?: Programs;
}

/** The addresses and the secret that the engine runs with. */
export interface EmbeddedServices {
  mongodbUri: string;
  redisUrl: string;
  jwtSecret: string;
  /** Ends what was started, Redis first; resolves when it is gone. Calling it again changes nothing. */
  stop(): Promise<void>;
  /** Calls the listener when a service that was started ends by itself, also when it has already. */
  onExit(listener: (name: string, detail: string) => void): void;
}

/**
 * Starts what is not given, and checks that what is given answers. Nothing is left running when it throws.
 * @throws ConfigError with one clear line a fault
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServices> {
  const { mongodbUri, redisUrl } = options;
  const jwtSecret = options.jwtSecret ?? keptSecret(prepareDataFolder(options.dataDir));
  if (mongodbUri !== undefined && redisUrl !== undefined) {
    const given = await allOrNone([givenRedis(redisUrl), givenDocuments(mongodbUri)]);
    return asServices(given, jwtSecret, () => undefined);
  }
  const data = prepareDataFolder(options.dataDir);
  const folders = { data, run: prepareRunFolder(data) };
  const claim = await claimFolders(folders);
  try {
    const site = { folders, holdFd: claim.holdFd, logger: options.logger };
    const programs = options.programs ?? findPrograms(process.env.PATH ?? '');
    const services = await allOrNone([
      redisUrl === undefined ? startRedis(site, programs.redisServer) : givenRedis(redisUrl),
      mongodbUri === undefined ? startDocuments(site, programs) : givenDocuments(mongodbUri),
    ]);
    const [redis, documents] = services;
    claim.announce({ mongodbUri: documents.address, redisUrl: redis.address });
    return asServices(services, jwtSecret, claim.release);
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** Redis and the document server, in the order in which they are ended. */
type Pair = [Service, Service];

async function givenRedis(address: string): Promise<Service> {
  await checkRedis(address);
  return { address };
}

async function givenDocuments(address: string): Promise<Service> {
  await checkMongodb(address);
  return { address };
}

/** Both, or the faults of both in one error. */
async function allOrNone([first, second]: [Promise<Service>, Promise<Service>]): Promise<Pair> {
  const [redis, documents] = await Promise.allSettled([first, second]);
  if (redis.status === 'fulfilled' && documents.status === 'fulfilled') return [redis.value, documents.value];
  const faults: string[] = [];
  for (const outcome of [redis, documents]) {
    if (outcome.status === 'fulfilled') await outcome.value.child?.end();
    else if (outcome.reason instanceof ConfigError) faults.push(...outcome.reason.lines);
    else faults.push(messageOf(outcome.reason));
  }
  throw new ConfigError(faults);
}

function asServices([redis, documents]: Pair, jwtSecret: string, release: () => void): EmbeddedServices {
  const children = [redis, documents].flatMap(({ child }) => child ?? []);
  let stopped: Promise<void> | undefined;
  const endAll = async () => {
    for (const child of children) await child.end();
    release();
  };
  return {
    mongodbUri: documents.address,
    redisUrl: redis.address,
    jwtSecret,
    stop() {
      stopped ??= endAll();
      return stopped;
    },
    onExit(listener) {
      for (const child of children) {
        void child.ended.then((detail) => {
          if (stopped === undefined) listener(child.name, detail);
        });
      }
    },
  };
}
