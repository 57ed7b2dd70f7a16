/** What every embedded service is started with, and what it is once it runs. */
import type { Logger } from '../platform/logger.ts';
import type { Folders } from './folders.ts';
import type { GuardedChild } from './guardian.ts';

/** The place a service is started at. */
export interface ServiceSite {
  folders: Folders;
  /** The claim's descriptor, that every child holds open. */
  holdFd: number;
  logger: Logger;
}

/** A service that answers at its address; it has a child when it was started here. */
export interface Service {
  address: string;
  child?: GuardedChild;
}
