/** A whole engine on one machine: starts the services that are not given, and ends them with the engine. */
import { ConfigError } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { type Addresses, claimFolders } from './claim.ts';
import { checkMongodb, startDocuments } from './documents.ts';
import { prepareDataFolder, prepareRunFolder } from './folders.ts';
import { findPrograms, type Programs } from './programs.ts';
import { checkRedis, startRedis } from './redis.ts';
import { directWebhooks, startSandbox } from './sandbox.ts';
import { keptSecret, TOKEN_SECRET, WEBHOOK_SECRET } from './secret.ts';
import type { Service } from './service-site.ts';

/** What is given is used as it is; what is not is started, or made, under `dataDir`. */
export interface EmbeddedOptions {
  dataDir: string;
  mongodbUri?: string;
  redisUrl?: string;
  jwtSecret?: string;
  /** Of the payment gateway and the carrier: where one is missing, the sandbox is started. */
  paymentUrl?: string;
  carrierUrl?: string;
  webhookSecret?: string;
  logger: Logger;
  /** Default: what the PATH and the installed packages have. */
  programs?: Programs;
}

/** The addresses and the secrets that the engine runs with. */
export interface EmbeddedServices {
  mongodbUri: string;
  redisUrl: string;
  jwtSecret: string;
  /** Absent, like the next two, where everything else is given: then there is no sandbox to be started. */
  paymentUrl?: string;
  carrierUrl?: string;
  webhookSecret?: string;
  /** Has the sandbox that was started, if one was, tell its events there. @throws ConfigError */
  directWebhooks(url: string): Promise<void>;
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
  const { mongodbUri, redisUrl, paymentUrl, carrierUrl } = options;
  const needsSandbox = paymentUrl === undefined || carrierUrl === undefined;
  const jwtSecret = options.jwtSecret ?? keptSecret(prepareDataFolder(options.dataDir), TOKEN_SECRET);
  if (mongodbUri !== undefined && redisUrl !== undefined) {
    const given = await allOrNone([givenRedis(redisUrl), givenDocuments(mongodbUri)]);
    return asServices({ ...options, jwtSecret }, given, () => undefined);
  }
  const data = prepareDataFolder(options.dataDir);
  const folders = { data, run: prepareRunFolder(data) };
  const claim = await claimFolders(folders);
  try {
    const site = { folders, holdFd: claim.holdFd, logger: options.logger };
    const webhookSecret =
      options.webhookSecret ?? (needsSandbox ? keptSecret(data, WEBHOOK_SECRET) : undefined);
    const programs = options.programs ?? findPrograms(process.env.PATH ?? '');
    const services = await allOrNone([
      redisUrl === undefined ? startRedis(site, programs.redisServer) : givenRedis(redisUrl),
      mongodbUri === undefined ? startDocuments(site, programs) : givenDocuments(mongodbUri),
      ...(needsSandbox ? [startSandbox(site, programs.sandbox)] : []),
    ]);
    const given = { ...options, jwtSecret, ...(webhookSecret !== undefined && { webhookSecret }) };
    const embedded = asServices(given, services, claim.release);
    claim.announce(addressesOf(embedded));
    return embedded;
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** Redis, the document server and, where one was started, the sandbox, in the order in which they are ended. */
type Started = [redis: Service, documents: Service, sandbox?: Service];

async function givenRedis(address: string): Promise<Service> {
  await checkRedis(address);
  return { address };
}

async function givenDocuments(address: string): Promise<Service> {
  await checkMongodb(address);
  return { address };
}

/** All, or the faults of all in one error. */
async function allOrNone(
  starts: [Promise<Service>, Promise<Service>, ...Promise<Service>[]],
): Promise<Started> {
  const outcomes = await Promise.allSettled(starts);
  const [redis, documents, sandbox] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : undefined,
  );
  if (redis && documents && outcomes.every(({ status }) => status === 'fulfilled'))
    return [redis, documents, ...(sandbox ? [sandbox] : [])] as Started;
  const faults: string[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') await outcome.value.child?.end();
    else if (outcome.reason instanceof ConfigError) faults.push(...outcome.reason.lines);
    else faults.push(messageOf(outcome.reason));
  }
  throw new ConfigError(faults);
}

/** Without the secrets: whoever asks is told these. */
function addressesOf({ mongodbUri, redisUrl, paymentUrl, carrierUrl }: EmbeddedServices): Addresses {
  return {
    mongodbUri,
    redisUrl,
    ...(paymentUrl !== undefined && { paymentUrl }),
    ...(carrierUrl !== undefined && { carrierUrl }),
  };
}

function asServices(
  given: EmbeddedOptions & { jwtSecret: string },
  started: Started,
  release: () => void,
): EmbeddedServices {
  const [redis, documents, sandbox] = started;
  const children = started.flatMap((service) => service?.child ?? []);
  const { jwtSecret, webhookSecret } = given;
  const paymentUrl = given.paymentUrl ?? sandbox?.address;
  const carrierUrl = given.carrierUrl ?? sandbox?.address;
  let stopped: Promise<void> | undefined;
  const endAll = async () => {
    for (const child of children) await child.end();
    release();
  };
  return {
    mongodbUri: documents.address,
    redisUrl: redis.address,
    jwtSecret,
    ...(paymentUrl !== undefined && { paymentUrl }),
    ...(carrierUrl !== undefined && { carrierUrl }),
    ...(webhookSecret !== undefined && { webhookSecret }),
    async directWebhooks(url) {
      if (sandbox !== undefined && webhookSecret !== undefined)
        await directWebhooks(sandbox.address, { url, secret: webhookSecret });
    },
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
