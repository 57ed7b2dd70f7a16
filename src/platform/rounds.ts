/** Work done in rounds: what comes before one begins, or while one is on its way, goes together. */
export class Rounds<TItem> {
  #waiting: TItem[] = [];
  #running: Promise<void> | undefined;
  #begin: () => void = () => undefined;

  constructor(
    private readonly round: (items: TItem[]) => Promise<void>,
    /** When a round that has something to do begins. */
    private readonly gather: (begin: () => void) => void,
  ) {}

  /** Takes items for the next round. */
  add(...items: TItem[]): void {
    this.#waiting.push(...items);
    this.#schedule();
  }

  /** Begins at once; resolves when nothing waits or runs. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) {
      this.#begin();
      await this.#running;
    }
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    const begun = new Promise<void>((begin) => {
      this.#begin = begin;
      this.gather(begin);
    });
    this.#running = begun.then(() => this.round(this.#waiting.splice(0))).then(() => this.#end());
  }

  #end(): void {
    this.#running = undefined;
    this.#schedule();
  }
}
