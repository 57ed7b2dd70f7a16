/** Fail points: failures on order, for the suites of drivers. They exist with `--test-commands` only. */
import { errorOf } from '../errors.ts';
import { changeStreamLabelsOf } from '../transaction/labels.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { isSet, numberOf, optionalCount, optionalDoc, wrongType } from './command.ts';

const KNOWN_DATA: Record<string, readonly string[]> = {
  failCommand: [
    'failCommands',
    'errorCode',
    'errorLabels',
    'closeConnection',
    'writeConcernError',
    'blockConnection',
    'blockTimeMS',
    'appName',
    'namespace',
  ],
  onPrimaryTransactionalWrite: ['closeConnection', 'failBeforeCommitExceptionCode'],
  maxTimeAlwaysTimeOut: [],
  // The last two mean nothing in MongoDB either, but its drivers send them.
  failGetMoreAfterCursorCheckout: ['errorCode', 'closeConnection', 'failCommands', 'errmsg'],
};

/** What a command that meets a fail point goes through, in this order. */
export interface Failure {
  readonly blockMs: number;
  readonly errorCode: number | undefined;
  /** Undefined: those that the error would have anyway. */
  readonly errorLabels: string[] | undefined;
  readonly writeConcernError: Doc | undefined;
  readonly closesConnection: boolean;
  /** The command runs nevertheless, and only its answer is lost. */
  readonly runsFirst: boolean;
}

/** The command as a fail point sees it. */
export interface Target {
  readonly name: string;
  readonly command: Doc;
  readonly database: string;
  readonly connectionId: number;
  readonly isRetryableWrite: boolean;
}

interface FailPoint {
  readonly data: Doc;
  toSkip: number;
  remaining: number;
  entered: number;
}

/** The fail points that are on. */
export class FailPoints {
  readonly #active = new Map<string, FailPoint>();
  /** The name by which an application introduced itself, by connection. */
  readonly #appNames = new Map<number, string>();

  /** Switches a fail point; returns how often the one before it was met. */
  configure(name: Value, mode: Value, data: Doc): number {
    const known = typeof name === 'string' ? KNOWN_DATA[name] : undefined;
    if (typeof name !== 'string' || !known)
      throw errorOf('BadValue', `mongolet has no fail point '${String(name)}'`);
    const unknown = keysOf(data).find((field) => !known.includes(field));
    if (unknown !== undefined) throw errorOf('BadValue', `mongolet's ${name} does not know '${unknown}'`);
    const entered = this.#active.get(name)?.entered ?? 0;
    this.#active.delete(name);
    if (mode !== 'off') this.#active.set(name, { data, ...countsOf(mode), entered: 0 });
    return entered;
  }

  /** Remembers what a client said about itself in its handshake. */
  noteClient(connectionId: number, command: Doc): void {
    const client = optionalDoc(command, 'client');
    const name = client && isDoc(client.application) ? client.application.name : undefined;
    if (typeof name === 'string') this.#appNames.set(connectionId, name);
  }

  /** What a command has to go through, if anything. */
  failureOf(target: Target): Failure | undefined {
    if (this.#active.size === 0) return undefined;
    return (
      this.#failCommand(target) ??
      this.#failWrite(target) ??
      this.#failGetMore(target) ??
      this.#failTime(target)
    );
  }

  #failCommand(target: Target): Failure | undefined {
    const point = this.#active.get('failCommand');
    if (!point || !this.#isMeant(point.data, target) || !this.#enter('failCommand', point)) return undefined;
    const { data } = point;
    return {
      blockMs: isSet(data, 'blockConnection') ? (optionalCount(data, 'blockTimeMS') ?? 0) : 0,
      errorCode: numberOf(data.errorCode),
      errorLabels: Array.isArray(data.errorLabels) ? data.errorLabels.map(String) : undefined,
      writeConcernError: optionalDoc(data, 'writeConcernError'),
      closesConnection: isSet(data, 'closeConnection'),
      runsFirst: false,
    };
  }

  #isMeant(data: Doc, { name, command, database, connectionId }: Target): boolean {
    const names = data.failCommands;
    if (!Array.isArray(names)) throw wrongType('failCommands', names, 'array');
    if (!names.includes(name)) return false;
    if (data.appName !== undefined && this.#appNames.get(connectionId) !== data.appName) return false;
    return data.namespace === undefined || data.namespace === `${database}.${String(command[name])}`;
  }

  #failWrite(target: Target): Failure | undefined {
    const point = this.#active.get('onPrimaryTransactionalWrite');
    if (!point || !target.isRetryableWrite) return undefined;
    if (!this.#enter('onPrimaryTransactionalWrite', point)) return undefined;
    const errorCode = numberOf(point.data.failBeforeCommitExceptionCode);
    return {
      ...NO_FAILURE,
      errorCode,
      closesConnection: point.data.closeConnection !== false,
      runsFirst: errorCode === undefined,
    };
  }

  #failGetMore({ name }: Target): Failure | undefined {
    const point = this.#active.get('failGetMoreAfterCursorCheckout');
    if (!point || name !== 'getMore' || !this.#enter('failGetMoreAfterCursorCheckout', point))
      return undefined;
    const errorCode = numberOf(point.data.errorCode);
    return {
      ...NO_FAILURE,
      errorCode,
      errorLabels: errorCode === undefined ? undefined : changeStreamLabelsOf(errorCode),
      closesConnection: isSet(point.data, 'closeConnection'),
    };
  }

  #failTime({ command }: Target): Failure | undefined {
    const point = this.#active.get('maxTimeAlwaysTimeOut');
    if (!point || !optionalCount(command, 'maxTimeMS')) return undefined;
    return this.#enter('maxTimeAlwaysTimeOut', point) ? { ...NO_FAILURE, errorCode: 50 } : undefined;
  }

  #enter(name: string, point: FailPoint): boolean {
    if (point.toSkip > 0) {
      point.toSkip -= 1;
      return false;
    }
    point.remaining -= 1;
    point.entered += 1;
    if (point.remaining === 0) this.#active.delete(name);
    return true;
  }
}

const NO_FAILURE: Failure = {
  blockMs: 0,
  errorCode: undefined,
  errorLabels: undefined,
  writeConcernError: undefined,
  closesConnection: false,
  runsFirst: false,
};

function countsOf(mode: Value): { toSkip: number; remaining: number } {
  if (mode === 'alwaysOn') return { toSkip: 0, remaining: Number.POSITIVE_INFINITY };
  if (isDoc(mode)) {
    const times = optionalCount(mode, 'times');
    const skip = optionalCount(mode, 'skip');
    if (keysOf(mode).length === 1 && times !== undefined && times > 0) return { toSkip: 0, remaining: times };
    if (keysOf(mode).length === 1 && skip !== undefined)
      return { toSkip: skip, remaining: Number.POSITIVE_INFINITY };
  }
  throw errorOf('BadValue', "a fail point's mode is 'off', 'alwaysOn', {times: n} or {skip: n}");
}
