/** One run: orders placed and cancelled while everything goes wrong, then calm, then the books are checked. */
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { faultsIn } from './invariants.ts';
import { createOutside, type Outside } from './outside.ts';
import { LEASE_MS, type SimulatedProcess, startProcess } from './process.ts';
import { Scheduler, settle } from './scheduler.ts';

const ORDERS = 4;
const PROCESSES = 2;
const STORMY_STEPS = 160;
const CALM_STEPS = 6_000;

/** How a run ended. */
export interface SimulationResult {
  seed: number;
  /** What does not hold, in words; empty when every promise does. */
  broken: string[];
  states: string[];
  faults: Map<string, number>;
}

/** Runs one seed; the same seed gives the same run, byte for byte. */
export async function simulate(seed: number): Promise<SimulationResult> {
  const scheduler = new Scheduler(seed);
  const outside = createOutside(scheduler, { CUP: 5, POT: 2 });
  let ids = 0;
  const newId = () => `order-${++ids}`;
  const processes = Array.from({ length: PROCESSES }, () => startProcess(outside, newId));
  const accepted = new Set<string>();
  let placed = 0;
  for (let step = 0; step < STORMY_STEPS; step += 1) {
    if (placed < ORDERS && scheduler.chance(0.1)) place(scheduler, processes, accepted, ++placed);
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
    broken: faultsIn(outside, accepted),
    states: records.map(({ state }) => state).sort(),
    faults: scheduler.faults,
  };
}

/** A customer places an order, and repeats the request with the same key until there is an answer. */
function place(
  scheduler: Scheduler,
  processes: SimulatedProcess[],
  accepted: Set<string>,
  number: number,
): void {
  const line = (sku: string) => ({
    sku,
    quantity: 1 + Math.floor(scheduler.random() * 2),
    unitPriceMinor: 500,
  });
  const order = {
    customerId: 'c',
    currency: 'EUR',
    lines: scheduler.chance(0.5) ? [line('CUP'), line('POT')] : [line('CUP')],
    pricing: 'catalogue' as const,
    shippingAddress: { name: 'A', street: 'S', city: 'L', postalCode: 'SW1Y 4JH', country: 'GB' },
    paymentToken: scheduler.chance(0.2) ? 'tok_decline' : 'tok_approve',
    by: { role: 'customer', userId: 'c' },
    idempotency: { key: `k${number}`, fingerprint: 'f' },
  };
  const attempt = () => {
    const living = processes.filter(({ alive }) => alive);
    scheduler
      .pick(living)
      ?.orders.place(order)
      .then(({ record }) => accepted.add(record._id), attempt);
  };
  attempt();
}

/** One thing happens, good or bad. */
function storm(outside: Outside, processes: SimulatedProcess[], newId: () => string): void {
  const { scheduler, clock, jobs } = outside;
  const dice = scheduler.random();
  if (dice < 0.62 && scheduler.step()) return;
  if (dice < 0.8) deliver(outside, processes);
  else if (dice < 0.9) clock.advance(Math.floor(scheduler.random() * 4_000));
  else if (dice < 0.93) command(outside, processes, 'order.cancel');
  else if (dice < 0.95) command(outside, processes, 'order.retry');
  else if (dice < 0.97) replaceOne(outside, processes, newId);
  else if (dice < 0.975) {
    scheduler.count('redis emptied');
    jobs.clear();
  } else if (dice < 0.985) giveUp(outside);
  else runTwice(outside, processes);
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

/** Faults are over: what waits happens, what is due is delivered, and time goes on when there is nothing else. */
function calm(outside: Outside, processes: SimulatedProcess[]): void {
  const { scheduler, clock } = outside;
  if (scheduler.chance(0.7) && scheduler.step()) return;
  const before = [...outside.jobs.values()].filter(({ state }) => state === 'active').length;
  deliver(outside, processes);
  if ([...outside.jobs.values()].filter(({ state }) => state === 'active').length > before) return;
  if (scheduler.waiting > 0) return;
  const stuck = [...outside.store.records.values()].find(({ state }) => state === 'needsAttention');
  if (stuck) command(outside, processes, 'order.retry');
  clock.advance(1_000);
}

function deliver({ scheduler, clock, jobs }: Outside, processes: SimulatedProcess[]): void {
  const nowMs = clock.now().getTime();
  const due = [...jobs.values()].filter(({ state, dueMs }) => state === 'waiting' && dueMs <= nowMs);
  const job = scheduler.pick(due);
  if (job) scheduler.pick(processes.filter(({ alive }) => alive))?.work(job);
}

function command(
  { scheduler, store }: Outside,
  processes: SimulatedProcess[],
  type: 'order.cancel' | 'order.retry',
): void {
  const orderId = scheduler.pick([...store.records.keys()]);
  const process = scheduler.pick(processes.filter(({ alive }) => alive));
  if (orderId === undefined || process === undefined) return;
  const options = {
    by: { role: 'operator' as const, userId: 'o' },
    commandId: `${type}-${scheduler.random()}`,
  };
  process.orders.send(orderId, { type }, options).catch(() => undefined);
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

/** Every order is final, nothing waits, and the sweep has had the time to give back what was left held. */
function isAtRest({ store, scheduler, products, clock }: Outside): boolean {
  const records = [...store.records.values()];
  const holds = [...products.values()].flatMap((product) => [...product.holds.values()]);
  const tooFresh = holds.some(({ atMs }) => clock.now().getTime() - atMs < 5 * LEASE_MS);
  return (
    scheduler.waiting === 0 &&
    !tooFresh &&
    records.every(({ status, sweepAt }) => status !== 'active' && sweepAt === undefined)
  );
}
