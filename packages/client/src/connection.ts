/** The one connection of a client: made again whenever it breaks, with a token that is good. */
import { io, type Socket } from 'socket.io-client';
import { mayPass, OrdoError } from './errors.ts';
import type { Reply } from './types.ts';

/** How to reach an engine, and as whom. */
export interface ConnectOptions {
  /** Where the engine is, such as `https://shop.example`. */
  url: string;
  /** An access token; the client fails when it ends. */
  token?: string;
  /**
   * Gives an access token whenever one is needed: at every connection, and before the last one ends. When it
   * throws it is asked again in a while; when what it throws is an `OrdoError`, the client fails with that.
   */
  getToken?: () => string | Promise<string>;
  /** `['websocket']` unless given; behind a proxy without sticky sessions no other one works. */
  transports?: ('websocket' | 'polling')[];
  /** Called at every connection, and whenever one was lost. */
  onStatus?: (status: 'connected' | 'disconnected') => void;
  /** Called when the engine tells an order's transition out of turn; the watches do not notice. For diagnosis. */
  onOutOfTurn?: (fault: { orderId: string; expectedSeq: number; seq: number }) => void;
}

/** What stands on the connection. */
export interface Dependent {
  /** The connection was made (again): ask for what was missed. */
  resume(): void;
  /** The connection is lost: what comes from it before the next `resume` is not for this one. */
  suspend(): void;
  fail(error: OrdoError): void;
}

const ACK_MS = 10_000;
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** Refusals of tokens in a row after which no other one is tried. */
const MAX_REFUSALS = 3;
/** Questions that may be open at once. */
const MAX_OPEN = 32;

const LOST = { code: 'unavailable', detail: 'The connection was lost.' };
const LATE = { code: 'unavailable', detail: 'No answer came in time.' };

interface Question {
  event: string;
  payload: object;
  take: (reply: Reply<Record<string, unknown>>) => void;
}

/** A connection to one engine; it begins with the first dependent, and lasts until it is closed. */
export class Connection {
  readonly socket: Socket;
  readonly #options: ConnectOptions;
  readonly #dependents = new Set<Dependent>();
  readonly #questions: Question[] = [];
  #open = 0;
  #epoch = 0;
  #refusals = 0;
  #attempts = 0;
  #closed = false;
  #tokenFault: unknown;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.socket = io(options.url, {
      auth: (give) => void this.#handshake().then(give),
      autoConnect: false,
      forceNew: true,
      transports: options.transports ?? ['websocket'],
      reconnectionDelay: 100,
      reconnectionDelayMax: 5_000,
    });
    this.socket.on('connect', () => this.#begin());
    this.socket.on('disconnect', (reason) => this.#lose(reason === 'io server disconnect'));
    this.socket.on('connect_error', (error) => this.#refused(error as Error & { data?: { code?: string } }));
    this.socket.on('auth.expiring', () => void this.#renew());
  }

  /** @throws OrdoError `closed` after the client was closed. */
  add(dependent: Dependent): void {
    if (this.#closed) throw new OrdoError('closed', 'This client was closed; connect anew.');
    this.#dependents.add(dependent);
    if (this.socket.connected) dependent.resume();
    else if (!this.socket.active) this.socket.connect();
  }

  remove(dependent: Dependent): void {
    this.#dependents.delete(dependent);
  }

  /**
   * Asks the engine. The answer is taken in one step with its coming, before anything that comes after it; an
   * answer that does not come in time, or to a connection that was lost since, is `unavailable`.
   */
  ask<T extends object>(event: string, payload: object, take: (reply: Reply<T>) => void): void {
    if (!this.socket.connected) {
      take({ ok: false, error: LOST });
      return;
    }
    this.#questions.push({ event, payload, take: take as Question['take'] });
    this.#askNext();
  }

  /** The token of the moment. @throws what `getToken` throws */
  async token(): Promise<string> {
    const { token, getToken } = this.#options;
    return getToken ? getToken() : (token ?? '');
  }

  /** Where the engine is. */
  get url(): string {
    return this.#options.url;
  }

  /** Says that the engine told a transition out of turn. */
  report(fault: { orderId: string; expectedSeq: number; seq: number }): void {
    this.#options.onOutOfTurn?.(fault);
  }

  close(): void {
    this.#closed = true;
    this.socket.disconnect();
    this.#failAll(new OrdoError('closed', 'The client was closed.'));
  }

  /** Without a token the engine refuses, and says so in the same way as with a bad one. */
  async #handshake(): Promise<{ token?: string }> {
    this.#tokenFault = undefined;
    try {
      return { token: await this.token() };
    } catch (error) {
      this.#tokenFault = error;
      return {};
    }
  }

  #begin(): void {
    this.#epoch += 1;
    this.#attempts = 0;
    this.#refusals = 0;
    this.#options.onStatus?.('connected');
    for (const dependent of [...this.#dependents]) dependent.resume();
  }

  #lose(byEngine: boolean): void {
    this.#epoch += 1;
    this.#open = 0;
    for (const { take } of this.#questions.splice(0)) take({ ok: false, error: LOST });
    for (const dependent of [...this.#dependents]) dependent.suspend();
    this.#options.onStatus?.('disconnected');
    // Where the engine itself hangs up, socket.io leaves the next attempt to us.
    if (byEngine) this.#connectLater();
  }

  #refused({ data, message }: Error & { data?: { code?: string } }): void {
    // Nobody answered: socket.io itself goes on trying.
    if (this.socket.active) return;
    const code = data?.code ?? 'unavailable';
    const fault = this.#tokenFault;
    const isRefused = fault === undefined && code === 'unauthenticated';
    if (isRefused) this.#refusals += 1;
    const hasNoOther = this.#options.getToken === undefined || this.#refusals > MAX_REFUSALS;
    const isFinal = isRefused ? hasNoOther : fault === undefined && !mayPass(code);
    if (fault instanceof OrdoError) this.#failAll(fault);
    else if (isFinal) this.#failAll(new OrdoError(code, message));
    else this.#connectLater();
  }

  #connectLater(): void {
    const pauseMs = Math.min(PAUSE_MS * 2 ** this.#attempts, MAX_PAUSE_MS);
    this.#attempts += 1;
    setTimeout(() => {
      if (!this.#closed && !this.socket.active) this.socket.connect();
    }, pauseMs);
  }

  /** A renewal that fails is no matter: the engine hangs up then, and the next connection asks again. */
  async #renew(): Promise<void> {
    if (this.#options.getToken === undefined) return;
    const token = await this.token().catch(() => undefined);
    if (token !== undefined) this.ask('auth.renew', { token }, () => {});
  }

  #askNext(): void {
    while (this.#open < MAX_OPEN && this.socket.connected) {
      const question = this.#questions.shift();
      if (!question) return;
      this.#open += 1;
      const epoch = this.#epoch;
      const settle = (late: Error | null, reply: Reply<Record<string, unknown>>) => {
        const isStale = epoch !== this.#epoch;
        if (!isStale) this.#open -= 1;
        question.take(late || isStale ? { ok: false, error: LATE } : reply);
        if (!isStale) this.#askNext();
      };
      // A callback, not a promise: what comes in the same packet as the answer must find it taken.
      this.socket.timeout(ACK_MS).emit(question.event, question.payload, settle);
    }
  }

  #failAll(error: OrdoError): void {
    for (const dependent of [...this.#dependents]) dependent.fail(error);
    this.#dependents.clear();
  }
}
