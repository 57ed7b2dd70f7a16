/** One actor's messages, taken one at a time in order of arrival. */
export class Mailbox {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Messages that wait or are being taken. */
  get size(): number {
    return this.#waiting;
  }

  /** Runs `take` after all that was posted before; its failure is its poster's alone. */
  post<T>(take: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const taken = this.#last.then(take).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = taken.catch(() => undefined);
    return taken;
  }
}
