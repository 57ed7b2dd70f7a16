/** Follows orders on the feed until they are final, through any number of disconnections. */
import { connect, type OrdoClient, type Transition } from '../../packages/client/src/index.ts';

/** What the feed needs and whom it tells. */
export interface FeedOptions {
  url: string;
  /** Gives an access token that is good now. */
  getToken: () => Promise<string>;
  onTransition: (transition: Transition) => void;
}

/** One connection that carries any number of orders. */
export class FeedFollower {
  readonly #client: OrdoClient;
  readonly #onTransition: FeedOptions['onTransition'];
  /** Transitions heard, breaches of the feed's promise (1..n, in order, once), and connections after the first. */
  transitions = 0;
  readonly faults: string[] = [];
  #connections = 0;

  constructor({ url, getToken, onTransition }: FeedOptions) {
    this.#onTransition = onTransition;
    this.#client = connect({
      url,
      getToken,
      onStatus: (status) => {
        if (status === 'connected') this.#connections += 1;
      },
      onOutOfTurn: ({ orderId, expectedSeq, seq }) =>
        this.faults.push(`${orderId}: expected seq ${expectedSeq}, heard ${seq}.`),
    });
  }

  /** How often the connection was made again. */
  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  /** Hears what happened to the order after that seq (without one: its whole history), then what comes, to its end. */
  follow(orderId: string, afterSeq = 0): void {
    const hear = (transition: Transition) => {
      this.transitions += 1;
      this.#onTransition(transition);
      if (transition.final) watch.close();
    };
    const watch = this.#client.watchOrder(orderId, hear, {
      afterSeq,
      onError: ({ code, message }) =>
        this.faults.push(`${orderId}: the subscription was refused: ${code} ${message}`),
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#client.close();
  }
}
