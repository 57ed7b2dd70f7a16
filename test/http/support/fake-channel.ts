/** A channel in memory, between any number of instances; it can be cut. */
import type { Channel } from '../../../src/platform/redis-channel.ts';

/** What the instances share. */
export interface FakeNetwork {
  /** A new instance's end of it. */
  join(): Channel;
  /** Nothing gets through, and everybody knows, until it is mended. */
  cut(): void;
  mend(): void;
}

/** A network that works. */
export function createFakeNetwork(): FakeNetwork {
  const messageListeners = new Set<(text: string) => void>();
  const listeningListeners = new Set<() => void>();
  let works = true;
  return {
    join: () => ({
      async publish(text) {
        if (!works) throw new Error('the network is cut');
        for (const listener of messageListeners) listener(text);
      },
      onMessage: (listener) => void messageListeners.add(listener),
      onListening: (listener) => void listeningListeners.add(listener),
      isListening: () => works,
      close() {},
    }),
    cut() {
      works = false;
    },
    mend() {
      works = true;
      for (const listener of listeningListeners) listener();
    },
  };
}
