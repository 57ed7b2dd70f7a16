/** One run: orders lived through while everything goes wrong, then calm, then the books are checked. */
import type { OrderRecord } from '../../src/machines/order-view.ts';
import type { FeedTransition } from '../../src/ports/order-actors.ts';
import { faultsIn } from './invariants.ts';
import { createOutside, type Outside } from './outside.ts';
import { attend, command, place } from './people.ts';
import { LEASE_MS, type SimulatedProcess, startProcess } from './process.ts';
import { Scheduler, settle } from './scheduler.ts';
import { bankDecides, goAway, hearNews, parcelMoves } from './world.ts';

const ORDERS = 4;
const PROCESSES = 2;
const STORMY_STEPS = 340;
const CALM_STEPS = 8_000;

/** How a run ended. */
export interface SimulationResult {
  seed: number;
  /** What does not hold, in words; empty when every promise does. */
  broken: string[];
  states: string[];
  /** How often what went wrong, or was asked for. */
  faults: Map<string, number>;
  /** Everything that the feed was told. */
  told: FeedTransition[];
}

/** Runs one seed; the same seed gives the same run, byte for byte. */
export async function simulate(seed: number): Promise<SimulationResult> {
  const scheduler = new Scheduler(seed);
  const outside = createOutside(scheduler, { CUP: 6, POT: 3 });
  let ids = 0;
  const newId = () => `order-${++ids}`;
  const processes = Array.from({ length: PROCESSES }, () => startProcess(outside, newId));
  const accepted = new Set<string>();
  let placed = 0;
  for (let step = 0; step < STORMY_STEPS; step += 1) {
    if (placed < ORDERS && scheduler.chance(0.06)) place(outside, processes, accepted, ++placed);
    else storm(outside, processes, newId);
    await settle();
  }
  scheduler.faulty = false;
  for (let step = 0; step < CALM_STEPS && !isAtRest(outside); step += 1) {
    calm(outside, processes);
    await settle();
  }
  const records = [...outside.store.records.values()] as OrderRecord[];
  return {
    seed,
    broken: faultsIn(outside, accepted, placed),
    states: records.map(({ state }) => state).sort(),
    faults: scheduler.faults,
    told: outside.told,
  };
}

/** One thing happens, good or bad. */
function storm(outside: Outside, processes: SimulatedProcess[], newId: () => string): void {
  const { scheduler, clock, roughness } = outside;
  const dice = scheduler.random();
  if (dice < 0.62 && scheduler.step()) return;
  if (dice < 0.8) deliver(outside, processes);
  else if (dice < 0.86)
    clock.advance(Math.floor(scheduler.random() * (scheduler.chance(0.03) ? 120_000 : 4_000)));
  else if (dice < 0.89) command(outside, processes);
  else if (dice < 0.905) bankDecides(outside);
  else if (dice < 0.935) parcelMoves(outside);
  else if (dice < 0.965) hearNews(outside, processes);
  // Some runs are rough from end to end, in others nearly everything goes well.
  else if (!scheduler.chance(roughness)) return;
  else if (dice < 0.97) goAway(outside);
  else if (dice < 0.978) replaceOne(outside, processes, newId);
  else if (dice < 0.981) loseJobs(outside);
  else if (dice < 0.99) giveUp(outside);
  else runTwice(outside, processes);
}

/** Redis is emptied, or restarted with less than it had. */
function loseJobs({ scheduler, jobs, redis }: Outside): void {
  if (scheduler.chance(0.5)) {
    scheduler.count('redis emptied');
    redis.mark = '';
    jobs.clear();
    return;
  }
  scheduler.count('redis restarted with less');
  redis.run += 1;
  for (const jobId of [...jobs.keys()]) if (scheduler.chance(0.5)) jobs.delete(jobId);
}

/** As Bull does with a job that stalled too often: it fails, though nobody ran it to its end. */
function giveUp({ scheduler, jobs }: Outside): void {
  const job = scheduler.pick([...jobs.values()].filter(({ state }) => state === 'waiting'));
  if (job === undefined) return;
  scheduler.count('job given up by the queue');
  job.state = 'finished';
}

/** A worker has lost its lock without knowing: another one takes the same job. */
function runTwice({ scheduler, jobs }: Outside, processes: SimulatedProcess[]): void {
  const job = scheduler.pick([...jobs.values()].filter(({ state }) => state === 'active'));
  if (job === undefined) return;
  scheduler.count('job run twice at once');
  scheduler.pick(processes.filter(({ alive }) => alive))?.work(job);
}

const activeJobs = ({ jobs }: Outside) => [...jobs.values()].filter(({ state }) => state === 'active').length;

/** Faults are over: what waits happens, what is due is delivered, and time goes on when there is nothing else. */
function calm(outside: Outside, processes: SimulatedProcess[]): void {
  const { scheduler, clock } = outside;
  if (scheduler.chance(0.7) && scheduler.step()) return;
  const before = activeJobs(outside);
  deliver(outside, processes);
  if (activeJobs(outside) > before || scheduler.waiting > 0) return;
  if (hearNews(outside, processes) || attend(outside, processes)) return;
  clock.advance(1_000);
}

function deliver({ scheduler, clock, jobs }: Outside, processes: SimulatedProcess[]): void {
  const nowMs = clock.now().getTime();
  const due = [...jobs.values()].filter(({ state, dueMs }) => state === 'waiting' && dueMs <= nowMs);
  const job = scheduler.pick(due);
  if (job) scheduler.pick(processes.filter(({ alive }) => alive))?.work(job);
}

/** SIGKILL, and a new process in its place; the jobs that it had stall, and wait again. */
function replaceOne(outside: Outside, processes: SimulatedProcess[], newId: () => string): void {
  const index = Math.floor(outside.scheduler.random() * processes.length);
  const victim = processes[index];
  if (victim === undefined) return;
  outside.scheduler.count('process killed');
  victim.kill();
  for (const job of outside.jobs.values())
    if (job.state === 'active' && job.owner === victim) job.state = 'waiting';
  processes[index] = startProcess(outside, newId);
}

/** Every order is at its end, nothing waits, and the sweep has had the time to give back what was left held. */
function isAtRest({ store, scheduler, products, clock, news }: Outside): boolean {
  const records = [...store.records.values()];
  const holds = [...products.values()].flatMap((product) => [...product.holds]);
  const isFresh = (atMs: number) => clock.now().getTime() - atMs < 5 * LEASE_MS;
  const tooFresh = holds.some(
    ([orderId, { atMs }]) => isFresh(atMs) || isFresh(store.records.get(orderId)?.updatedAt.getTime() ?? 0),
  );
  return (
    scheduler.waiting === 0 &&
    news.length === 0 &&
    !tooFresh &&
    records.every(({ status, sweepAt }) => status !== 'active' && sweepAt === undefined)
  );
}
