/** Bull's queue, but for the promises that Bull leaves to nobody, and for how it stops. */
import Bull from 'bull';
import type { Redis } from 'ioredis';
import { endConnection } from './bull-connection.ts';

/** What the queues of Bull 4 have and their types do not tell. */
interface Untold {
  /** The connection on which it waits for jobs, opened when it is first asked for. */
  readonly bclient: Redis;
  readonly bclientInitialized?: boolean;
  /** What each place does: waits for a job, or works on one. */
  readonly processing: Record<string, Promise<unknown>>;
  _registerEvent(event: string): Promise<unknown>;
}

const Base = Bull as unknown as new <T>(name: string, options: Bull.QueueOptions) => Bull.Queue<T> & Untold;

/**
 * A Bull queue whose stop, at whatever moment and with Redis away too, rejects nothing that nobody hears. Who pauses
 * it locally (`pause(true)`) pauses it for good: the connection that it takes jobs by ends at once, instead of Bull's
 * waiting half a second and connecting again.
 */
export class BullQueue<T> extends Base<T> {
  /** Tells Redis whose connection it is, for people to read; Bull hears no answer, nor is there need of one. */
  override async setWorkerName(): Promise<void> {
    const tell = () => this.bclient.client('SETNAME', this.clientName()).catch(() => undefined);
    // Before it is ready: then it waits for jobs, and Redis answers nothing else.
    this.bclient.on('connect', tell);
  }

  /** Whoever waits for the answer hears it; but Bull's own `on` does not. */
  override _registerEvent(event: string): Promise<unknown> {
    const registered = super._registerEvent(event);
    registered.catch(() => undefined);
    return registered;
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  override async whenCurrentJobsFinished(): Promise<void> {
    if (this.bclientInitialized) await endConnection(this.bclient);
    await Promise.all(Object.values(this.processing));
  }
}
