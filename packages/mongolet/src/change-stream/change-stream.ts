/** A change stream: the events after a point of the change log, read as they come. */
import type { Stage } from '../aggregate/stage.ts';
import type { Engine } from '../commands/command.ts';
import { compileQuery } from '../commands/compile.ts';
import { findRecords } from '../commands/write-one.ts';
import { MongoletError } from '../errors.ts';
import type { DocumentSource, Tail } from '../session/cursors.ts';
import { timeOf } from '../store/change-log.ts';
import { type Doc, decode, encode, type Value } from '../value/codec.ts';
import { equalValues } from '../value/compare.ts';
import { eventOf, invalidateOf, invalidates, isInScope, nameOf, type Scope } from './event.ts';
import type { StreamOptions } from './options.ts';
import { type ResumePoint, type TokenKind, tokenOf } from './resume-token.ts';

/** By this a driver knows that opening the stream once more would not help. */
const NOT_RESUMABLE = ['NonResumableChangeStreamError'];

/** Opens a stream, inside a batch: from then on everything it will tell of is kept. */
export function openChangeStream(
  engine: Engine,
  scope: Scope,
  options: StreamOptions,
  stage: Stage,
): DocumentSource {
  const { log } = engine;
  const now = log.watch(nameOf(scope));
  const { from } = options;
  if (!from) return new ChangeStream(engine, scope, options.looksUp, stage, now);
  if (!log.reachesBack(nameOf(scope), from.position)) throw historyLost();
  const stream = new ChangeStream(engine, scope, options.looksUp, stage, from.position, from.kind);
  if (from.kind === 'event') stream.resume(from);
  return stream;
}

/** Reads the log as far as it goes, and later on from there. */
class ChangeStream implements DocumentSource, Tail {
  readonly tail = this;
  readonly awaitsData = true;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #looksUp: boolean;
  readonly #stage: Stage;
  /** Everything up to here has been told. */
  #position: Buffer;
  #token: Doc;
  #tokenAt: Buffer;
  #tokenBefore: Doc;
  #entries: Iterator<{ position: Buffer; bytes: Buffer }> | undefined;
  /** The invalidate event that comes next, and is the last. */
  #farewell: { position: Buffer; event: Doc } | undefined;
  isDead = false;

  constructor(
    engine: Engine,
    scope: Scope,
    looksUp: boolean,
    stage: Stage,
    position: Buffer,
    kind: TokenKind = 'mark',
  ) {
    this.#engine = engine;
    this.#scope = scope;
    this.#looksUp = looksUp;
    this.#stage = stage;
    this.#position = position;
    this.#token = tokenOf(position, kind);
    this.#tokenBefore = this.#token;
    this.#tokenAt = position;
  }

  /** Goes on after an event, which must be there: if it invalidated the stream, that is still to be told. */
  resume({ position }: ResumePoint): void {
    const bytes = this.#engine.log.at(position);
    const entry = bytes && decode(bytes);
    if (!entry || !isInScope(entry, this.#scope)) {
      throw new MongoletError(280, 'cannot resume stream; the resume token was not found.', {
        codeName: 'ChangeStreamFatalError',
        errorLabels: NOT_RESUMABLE,
      });
    }
    this.#expectEnd(position, entry);
  }

  next(): Uint8Array | undefined {
    if (this.isDead) return undefined;
    if (this.#farewell) return this.#end(this.#farewell);
    if (!this.#entries) {
      if (!this.#engine.log.reachesBack(nameOf(this.#scope), this.#position)) throw historyLost();
      this.#entries = this.#engine.log.after(this.#position);
    }
    for (let one = this.#entries.next(); !one.done; one = this.#entries.next()) {
      const { position, bytes } = one.value;
      this.#position = position;
      const entry = decode(bytes);
      if (!isInScope(entry, this.#scope)) continue;
      this.#expectEnd(position, entry);
      const told = this.#told(eventOf(position, entry, this.#looksUp ? this.#lookUp : undefined));
      if (told) {
        this.#advance(position, 'event');
        return told;
      }
      if (this.#farewell) return this.#end(this.#farewell);
    }
    this.suspend();
    this.#position = this.#engine.log.end();
    // Where the last event is the last that happened, its own token is as good, and clients may have it already.
    const { t, i } = timeOf(this.#position);
    const told = timeOf(this.#tokenAt);
    if (t !== told.t || i !== told.i) this.#advance(this.#position, 'mark');
    return undefined;
  }

  suspend(): void {
    this.#entries?.return?.();
    this.#entries = undefined;
  }

  /** From where a client may resume that has seen everything, or everything but the last event. */
  resumeToken(isLastHeldBack: boolean): Doc {
    return isLastHeldBack ? this.#tokenBefore : this.#token;
  }

  #expectEnd(position: Buffer, entry: Doc): void {
    if (invalidates(entry, this.#scope)) this.#farewell = { position, event: invalidateOf(position, entry) };
  }

  #end({ position, event }: { position: Buffer; event: Doc }): Uint8Array | undefined {
    this.isDead = true;
    this.suspend();
    this.#advance(position, 'invalidate');
    // MongoDB ends the stream also where the pipeline leaves out the event that says so.
    return this.#told(event);
  }

  #advance(position: Buffer, kind: TokenKind): void {
    this.#tokenBefore = this.#token;
    this.#token = tokenOf(position, kind);
    this.#tokenAt = position;
  }

  /** The event as the pipeline leaves it, or undefined where it leaves it out. */
  #told(event: Doc): Uint8Array | undefined {
    for (const told of this.#stage([event])) {
      if (told._id === undefined || !equalValues(told._id, event._id)) throw changedToken();
      return encode(told);
    }
    return undefined;
  }

  readonly #lookUp = (namespace: string, id: Value): Value => {
    const filter = { _id: { $eq: id } };
    const collection = this.#engine.catalog.find(namespace);
    const [found] = findRecords(this.#engine, collection, { filter }, compileQuery(filter), 1);
    return found ? found.doc : null;
  };
}

function historyLost(): MongoletError {
  return new MongoletError(
    286,
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    { codeName: 'ChangeStreamHistoryLost', errorLabels: NOT_RESUMABLE },
  );
}

function changedToken(): MongoletError {
  return new MongoletError(
    280,
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. ' +
      'Modifying the _id field of an event makes it impossible to resume the stream from that point.',
    { codeName: 'ChangeStreamFatalError', errorLabels: NOT_RESUMABLE },
  );
}
