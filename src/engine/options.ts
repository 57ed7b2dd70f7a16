/** What an engine is started with. */
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import type { ProviderAddresses, Providers } from '../providers/providers.ts';

export interface EngineOptions extends ProviderAddresses {
  environment: Environment;
  mongodbUri: string;
  redisUrl: string;
  jwtSecret: string;
  version: string;
  clock: Clock;
  /** Time-ordered unique ids. */
  newId: () => string;
  logger: Logger;
  /** In place of those at the addresses: for tests and benchmarks. */
  providers?: Providers;
}
