/** Stages of one queue that wait in this process for a place, the oldest first; none of them for long. */
import type { Dispatch } from '../actors/ports.ts';
import type { Clock } from '../platform/clock.ts';

export interface LineParts {
  clock: Clock;
  max: number;
  /** How long anyone stands in it. */
  patienceMs: number;
  /** Takes those that have stood too long, or cannot stand here any more. */
  leave(dispatches: Dispatch[]): void;
}

/** A line for the places of one queue. */
export class Line {
  readonly #standing: { dispatch: Dispatch; untilMs: number }[] = [];
  #isWatched = false;

  constructor(private readonly parts: LineParts) {}

  /** False when it is full. */
  stand(dispatch: Dispatch): boolean {
    const { clock, max, patienceMs } = this.parts;
    if (this.#standing.length >= max) return false;
    this.#standing.push({ dispatch, untilMs: clock.now().getTime() + patienceMs });
    this.#watch();
    return true;
  }

  /** Takes out the one that has stood longest. */
  next(): Dispatch | undefined {
    return this.#standing.shift()?.dispatch;
  }

  /** All of them leave. */
  dissolve(): void {
    this.#leave(this.#standing.length);
  }

  #leave(count: number): void {
    const leaving = this.#standing.splice(0, count).map(({ dispatch }) => dispatch);
    if (leaving.length > 0) this.parts.leave(leaving);
  }

  #watch(): void {
    const { clock } = this.parts;
    const [first] = this.#standing;
    if (this.#isWatched || first === undefined) return;
    this.#isWatched = true;
    clock.after(first.untilMs - clock.now().getTime(), () => {
      this.#isWatched = false;
      const nowMs = clock.now().getTime();
      this.#leave(this.#standing.filter(({ untilMs }) => untilMs <= nowMs).length);
      this.#watch();
    });
  }
}
