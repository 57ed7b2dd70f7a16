/** One client's connection: requests are answered in order, one at a time. */
import type { Socket } from 'node:net';
import { FrameSplitter } from './framing.ts';
import { encodeReply, parseMessage, type Request } from './message.ts';
import type { RawDocument, ReplyDoc } from './reply-writer.ts';

/** Undefined closes the connection. */
type Reply = ReplyDoc | RawDocument | undefined;

/** Answers one request; never throws. */
export type Handler = (request: Request, connectionId: number) => Reply | Promise<Reply>;

/** A client that sends more than this ahead is not read from until it is answered. */
const MAX_AHEAD = 64;
/** A client that does not read its last reply is not waited for any longer. */
const FAREWELL_MS = 1000;

/** Serves a socket until it ends. */
export class Connection {
  readonly #socket: Socket;
  readonly #id: number;
  readonly #handler: Handler;
  readonly #splitter = new FrameSplitter();
  readonly #waiting: Request[] = [];
  #isBusy = false;

  constructor(socket: Socket, id: number, handler: Handler) {
    this.#socket = socket;
    this.#id = id;
    this.#handler = handler;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    // A client that went away needs no farewell; 'close' follows.
    socket.on('error', () => socket.destroy());
  }

  /** Ends the connection, after what has been written to it has gone out. */
  end(): void {
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.push(chunk)) this.#waiting.push(parseMessage(frame));
    } catch {
      // Nothing sensible can follow a broken message: MongoDB too closes the connection.
      this.#socket.destroy();
      return;
    }
    if (this.#waiting.length > MAX_AHEAD) this.#socket.pause();
    if (!this.#isBusy) this.#work();
  }

  #work(): void {
    this.#isBusy = false;
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      const current = request;
      const reply = this.#handler(current, this.#id);
      if (!(reply instanceof Promise)) {
        this.#send(current, reply);
        continue;
      }
      this.#isBusy = true;
      void reply.then((settled) => {
        this.#send(current, settled);
        this.#work();
      });
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #send(request: Request, reply: Reply): void {
    if (reply === undefined) this.#socket.destroy();
    if (reply === undefined || request.moreToCome || this.#socket.destroyed) return;
    try {
      this.#socket.write(encodeReply(request, reply));
    } catch (error) {
      // A reply that cannot be encoded is a mistake of ours: it must not take the other clients along.
      process.stderr.write(`mongolet: reply to ${request.name}: ${String(error)}\n`);
      this.#socket.destroy();
    }
  }
}
