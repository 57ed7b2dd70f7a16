/** Runs jobs: finds the pending work in the order, does it, and tells the order's actor what came of it. */
import type Bull from 'bull';
import type { Actor } from '../actors/actor.ts';
import type { Stimulus } from '../actors/decide.ts';
import type { PendingRef } from '../actors/ports.ts';
import type { Registry } from '../actors/registry.ts';
import { TIMER_QUEUE } from '../actors/relay.ts';
import type { Invocation } from '../machines/actor-record.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import { messageOf, TerminalError } from '../platform/errors.ts';
import { failureWords } from '../platform/failure-words.ts';
import type { Logger } from '../platform/logger.ts';
import type { FirstStages, JobResult } from './first-stages.ts';
import type { JobData } from './job-data.ts';
import type { LateUndos, Processors } from './processors.ts';
import type { Queues } from './queues.ts';
import { retryLater } from './retry-later.ts';
import type { Work } from './work.ts';

/** What an attempt needs, whoever makes it. */
export interface AttemptParts {
  registry: Registry;
  processors: Processors;
  lateUndos: LateUndos;
  /** Attempts before a failure becomes an outcome. */
  attempts: number;
  logger: Logger;
}

export interface WorkerParts extends AttemptParts {
  queues: Pick<Queues, 'all' | 'add'>;
  concurrency: number;
  /** The first pause between two attempts. */
  backoffMs: number;
}

type Outcome = Extract<Stimulus, { kind: 'outcome' }>['outcome'];

/** Starts taking jobs from every queue. A job that completes has its transition committed. */
export function startWorkers(parts: WorkerParts, firstStages: FirstStages): void {
  for (const queue of parts.queues.all) {
    queue
      .process(parts.concurrency, (job) =>
        firstStages.hold(queue.name, () => runJob(parts, firstStages, queue.name, job)),
      )
      .catch((error: unknown) => {
        parts.logger.error({ err: error, queue: queue.name }, 'queue: no more jobs are taken');
      });
    queue.on('error', (error) =>
      parts.logger.warn({ err: error, queue: queue.name }, 'queue: connection failed'),
    );
    queue.on('failed', (job, error) =>
      parts.logger.warn({ job: job.id, err: messageOf(error) }, 'attempt failed'),
    );
  }
}

/**
 * Runs a job: its own work, and beside it that of its companions, each of which gets a job of its own when it fails.
 * The job ends as its own work does, after all of them; when that is repeated, it is repeated alone.
 */
async function runJob(
  parts: WorkerParts,
  firstStages: FirstStages,
  queue: string,
  { data: { companions = [], ...own }, attemptsMade }: Bull.Job<JobData>,
): Promise<JobResult> {
  const run = queue === TIMER_QUEUE ? runTimer : runQueued;
  const join = (ref: PendingRef) => firstStages.join(ref, () => run(parts, ref));
  const others = attemptsMade > 0 ? [] : companions;
  const [result] = await Promise.allSettled([
    join(own),
    ...others.map(({ jobId, ref }) =>
      join(ref).catch((error: unknown) => retryLater(parts, { queue, jobId, ref, delayMs: 0 }, error)),
    ),
  ]);
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

/** A deadline has come: the actor decides whether it still matters. */
export async function runTimer({ registry }: AttemptParts, ref: PendingRef): Promise<JobResult> {
  const told = await registry.activate(ref.actorId).tell({ kind: 'timer', ref });
  return told.kind === 'moved' ? 'moved' : 'stale';
}

/**
 * One attempt of an invocation from its queue, which others may have tried before. Not so of an order's first stage,
 * which does the same however often it was tried: it is the job that every order has, and spared the look.
 * @throws what made the attempt fail, so that Bull repeats it, as long as attempts are left.
 */
export const runQueued = (parts: AttemptParts, ref: PendingRef): Promise<JobResult> =>
  runInvocation(parts, ref, { fresh: ref.seq > 1 });

/**
 * One attempt of one invocation. @param look `fresh` where another process may have tried it
 * @throws what made the attempt fail, so that Bull repeats it, as long as attempts are left.
 */
export async function runInvocation(
  parts: AttemptParts,
  ref: PendingRef,
  look: { fresh: boolean },
): Promise<JobResult> {
  const actor = parts.registry.activate(ref.actorId);
  const pending = await actor.pending(ref, look);
  if (pending === undefined) return 'stale';
  const outcome = await attempt(
    parts,
    actor,
    ref,
    pending.record as OrderRecord,
    pending.found as Invocation,
  );
  const told = await actor.tell({ kind: 'outcome', ref, outcome });
  if (told.kind === 'moved') return 'moved';
  if (told.record) await parts.lateUndos[(pending.found as Invocation).src]?.(told.record as OrderRecord);
  return 'stale';
}

async function attempt(
  { processors, attempts }: AttemptParts,
  actor: Actor,
  ref: PendingRef,
  record: OrderRecord,
  { src, input, attempts: failedBefore }: Invocation,
): Promise<Outcome> {
  const process = processors[src];
  try {
    if (process === undefined) throw new TerminalError('internal', `There is no processor named ${src}.`);
    return { output: await process({ record, input, failedAttempts: failedBefore } as Work<never>) };
  } catch (error) {
    const words = failureWords(error);
    if (error instanceof TerminalError) return { error: words };
    const failed = await actor.countAttempt(ref, words);
    if (failed !== undefined && failed >= attempts) return { error: words };
    throw error;
  }
}
