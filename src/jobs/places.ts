/** How many run at once in this process, for each queue. */
export class Places {
  readonly #taken = new Map<string, number>();

  constructor(private readonly perQueue: number) {}

  /** Whether fewer run of that queue than may. */
  areFree(queue: string): boolean {
    return (this.#taken.get(queue) ?? 0) < this.perQueue;
  }

  /** Does the work, in one of that queue's places until it ends, also when none is free. @throws what the work throws */
  async hold<T>(queue: string, work: () => Promise<T>): Promise<T> {
    this.#taken.set(queue, (this.#taken.get(queue) ?? 0) + 1);
    try {
      return await work();
    } finally {
      this.#taken.set(queue, (this.#taken.get(queue) ?? 1) - 1);
    }
  }
}
