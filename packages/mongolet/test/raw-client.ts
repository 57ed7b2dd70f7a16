/** A client without a driver: sends exactly the bytes it is told to, and sees every reply. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { type Document, deserialize, serialize } from 'bson';

/** Encodes a command as OP_MSG, with document sequences if there are any. */
export function opMsg(
  command: Document,
  options: { requestId?: number; flags?: number; sequences?: Record<string, Document[]> } = {},
): Buffer {
  const parts: Uint8Array[] = [Buffer.of(0), serialize(command)];
  for (const [name, documents] of Object.entries(options.sequences ?? {})) {
    const body = Buffer.concat([Buffer.from(`${name}\0`), ...documents.map((one) => serialize(one))]);
    const header = Buffer.alloc(5);
    header[0] = 1;
    header.writeInt32LE(body.length + 4, 1);
    parts.push(header, body);
  }
  const header = Buffer.alloc(20);
  const message = Buffer.concat([header, ...parts]);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(options.requestId ?? 1, 4);
  message.writeInt32LE(2013, 12);
  message.writeUInt32LE(options.flags ?? 0, 16);
  return message;
}

/** One connection. */
export class RawClient {
  /** Resolves when the connection has been closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        resolve();
        this.#wake();
      });
    });
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next whole message, header included; throws when none will come any more. */
  async readMessage(): Promise<Buffer> {
    for (;;) {
      const length = this.#received.length >= 4 ? this.#received.readInt32LE(0) : Number.POSITIVE_INFINITY;
      if (this.#received.length >= length) {
        const message = this.#received.subarray(0, length);
        this.#received = this.#received.subarray(length);
        return message;
      }
      if (this.#socket.destroyed) throw new Error('the connection was closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a command and returns its reply, without the time that is different in each. */
  async command(command: Document, sequences: Record<string, Document[]> = {}): Promise<Document> {
    this.write(opMsg(command, { sequences }));
    const { operationTime: _time, ...reply } = deserialize((await this.readMessage()).subarray(21));
    return reply;
  }

  /** Closes the connection. */
  end(): void {
    this.#socket.destroy();
  }
}

/** Connects to a server that listens on a port. */
export async function rawClient(t: ExecutionContext, uri: string): Promise<RawClient> {
  const socket = connect(Number(new URL(uri).port), '127.0.0.1');
  await once(socket, 'connect');
  const raw = new RawClient(socket);
  t.teardown(() => raw.end());
  return raw;
}
