/** Cuts a socket's stream of bytes into whole wire-protocol messages. */

export const HEADER_BYTES = 16;
export const MAX_MESSAGE_BYTES = 48_000_000;

/** A client sent bytes that are no message: its connection must be closed, and nothing else. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** Collects chunks as they arrive and hands out complete messages, header included. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #wantedBytes = 0;

  /** Adds a chunk and returns the messages it completes; throws when a length makes no sense. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    // A large message arrives in hundreds of chunks: join them once, when it is whole.
    if (this.#bufferedBytes < Math.max(this.#wantedBytes, 4)) return [];
    return this.#cut();
  }

  #cut(): Buffer[] {
    const first = this.#chunks[0];
    let rest = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    const frames: Buffer[] = [];
    this.#wantedBytes = 0;
    while (rest.length >= 4) {
      const lengthBytes = rest.readInt32LE(0);
      if (lengthBytes < HEADER_BYTES || lengthBytes > MAX_MESSAGE_BYTES) {
        throw new MalformedMessageError(`message length ${lengthBytes} is out of range`);
      }
      this.#wantedBytes = lengthBytes;
      if (rest.length < lengthBytes) break;
      frames.push(rest.subarray(0, lengthBytes));
      rest = rest.subarray(lengthBytes);
      this.#wantedBytes = 0;
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bufferedBytes = rest.length;
    return frames;
  }
}
