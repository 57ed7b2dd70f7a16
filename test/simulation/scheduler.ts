/** The one source of order in a simulation: a seed decides what happens next, and what goes wrong with it. */

/** A small generator of pseudo-random numbers (mulberry32): the same seed gives the same run, anywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Who waits for an answer: a simulated process that can die. */
export interface Caller {
  alive: boolean;
}

interface Task {
  name: string;
  caller: Caller;
  /** Sleeps until so many others were let through. */
  asleepUntil: number;
  settle(): void;
}

/** What the outside does with a call, and how often each fault came. */
export type Fault = 'before' | 'reply-lost' | 'twice';

/** How often a call stalls on its way, and how many others overtake it at the most. */
const STALLED = 0.01;
const STALL_MAX = 250;

/** What nobody waits for any more may fail as it likes. */
function attempt(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // The caller is dead.
  }
}

/** Keeps every call to the outside until the seed picks it. */
export class Scheduler {
  readonly random: () => number;
  readonly faults = new Map<string, number>();
  /** Off at the end of a run, when everything must come to rest. */
  faulty = true;
  #tasks: Task[] = [];
  #steps = 0;

  constructor(seed: number) {
    this.random = createRandom(seed);
  }

  get waiting(): number {
    return this.#tasks.length;
  }

  /** One of the list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Counts that something went wrong, so that a run can show what it met. */
  count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  /**
   * A call to the outside: its effect comes when the seed says so. It can fail before the effect, lose its reply
   * after it, or, where `repeatable`, be sent twice by the driver. A caller who is dead by then gets no reply, and
   * the effect may or may not have come.
   */
  call<T>(caller: Caller, name: string, effect: () => T, repeatable = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        if (!caller.alive) {
          if (this.chance(0.5)) attempt(effect);
          return;
        }
        const fault = this.#fault(repeatable);
        if (fault !== undefined) this.count(`${name} ${fault}`);
        try {
          if (fault === 'before') throw new Error(`${name}: no connection`);
          if (fault === 'twice') effect();
          const result = effect();
          if (fault === 'reply-lost') reject(new Error(`${name}: reply lost`));
          else resolve(result);
        } catch (error) {
          reject(error);
        }
      };
      const sleeps = this.faulty && this.chance(STALLED);
      if (sleeps) this.count(`${name} stalled`);
      const asleepUntil = this.#steps + (sleeps ? Math.floor(this.random() * STALL_MAX) : 0);
      this.#tasks.push({ name, caller, settle, asleepUntil });
    });
  }

  #fault(repeatable: boolean): Fault | undefined {
    if (!this.faulty || !this.chance(0.06)) return undefined;
    return this.pick<Fault>(repeatable ? ['before', 'reply-lost', 'twice'] : ['before', 'reply-lost']);
  }

  /** Lets one waiting call come true; false when there is none. */
  step(): boolean {
    this.#steps += 1;
    const awake = this.#tasks.filter(({ asleepUntil }) => asleepUntil <= this.#steps);
    // Where all of them sleep, one has slept long enough.
    const task = this.pick(awake.length > 0 ? awake : this.#tasks);
    if (task === undefined) return false;
    this.#tasks.splice(this.#tasks.indexOf(task), 1);
    task.settle();
    return true;
  }
}

/** Lets everything that follows from the last step happen, up to the next call to the outside. */
export async function settle(): Promise<void> {
  // The relay gathers a turn's commits by setImmediate, and hands them over in the turn after.
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
