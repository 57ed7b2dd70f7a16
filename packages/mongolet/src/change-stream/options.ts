/** Reads a `$changeStream` stage, and refuses pipelines that may not follow it. */
import { Timestamp } from 'bson';
import { readStage } from '../aggregate/stage.ts';
import { isStage, unknownStage } from '../aggregate/stages.ts';
import { errorOf, MongoletError } from '../errors.ts';
import { positionOf } from '../store/change-log.ts';
import type { Doc, Value } from '../value/codec.ts';
import { keysOf } from '../value/document.ts';
import { isDoc } from '../value/type.ts';
import { type ResumePoint, readToken } from './resume-token.ts';

/** What a client asks of a change stream. */
export interface StreamOptions {
  readonly looksUp: boolean;
  /** Where to begin; undefined: now. */
  readonly from: ResumePoint | undefined;
}

const START_OPTIONS = ['resumeAfter', 'startAfter', 'startAtOperationTime'];
const KNOWN_OPTIONS = new Set([
  ...START_OPTIONS,
  'fullDocument',
  'fullDocumentBeforeChange',
  'allChangesForCluster',
  'showExpandedEvents',
]);
const FULL_DOCUMENT = ['default', 'updateLookup', 'whenAvailable', 'required'];
const BEFORE_CHANGE = ['off', 'whenAvailable', 'required'];
/** What may follow: stages that look at one event at a time. */
const ALLOWED = new Set([
  '$match',
  '$project',
  '$addFields',
  '$set',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
]);

/** Whether a pipeline is a change stream; the stage has its place at the start only. */
export function isChangeStream({ pipeline }: Doc): boolean {
  if (!Array.isArray(pipeline)) return false;
  return pipeline.some((stage: Value) => isDoc(stage) && '$changeStream' in stage);
}

/** The options of a pipeline that is a change stream, and the stages after it. */
export function readChangeStream(
  command: Doc,
  database: string,
): { options: StreamOptions; rest: Value[]; isForCluster: boolean } {
  const [first, ...rest] = command.pipeline as Value[];
  const { operator, spec } = readStage(first);
  if (operator !== '$changeStream')
    throw new MongoletError(40602, '$changeStream is only valid as the first stage in a pipeline.');
  if (!isDoc(spec)) throw new MongoletError(50808, '$changeStream stage expects a document as argument');
  for (const stage of rest) {
    const name = readStage(stage).operator;
    if (!isStage(name)) throw unknownStage(name);
    if (!ALLOWED.has(name))
      throw errorOf('IllegalOperation', `${name} is not permitted in a $changeStream pipeline`);
  }
  checkReadConcern(command);
  const isForCluster = spec.allChangesForCluster === true;
  if (isForCluster && (database !== 'admin' || typeof command.aggregate === 'string'))
    throw errorOf(
      'InvalidOptions',
      "A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database, and with no collection name",
    );
  if (!isForCluster && ['admin', 'local', 'config'].includes(database))
    throw errorOf('InvalidNamespace', `$changeStream may not be opened on the internal ${database} database`);
  return { options: optionsOf(spec), rest, isForCluster };
}

function checkReadConcern({ readConcern }: Doc): void {
  const level = isDoc(readConcern) ? readConcern.level : undefined;
  if (level === undefined || level === 'majority') return;
  throw errorOf(
    'InvalidOptions',
    `$changeStream cannot run with a readConcern other than 'majority', not '${level}'`,
  );
}

function optionsOf(spec: Doc): StreamOptions {
  for (const key of keysOf(spec)) {
    if (!KNOWN_OPTIONS.has(key))
      throw new MongoletError(40415, `BSON field '$changeStream.${key}' is an unknown field.`);
  }
  const fullDocument = choiceOf(spec, 'fullDocument', FULL_DOCUMENT);
  const beforeChange = choiceOf(spec, 'fullDocumentBeforeChange', BEFORE_CHANGE);
  const needsImages = ['whenAvailable', 'required'];
  if (needsImages.includes(fullDocument) || needsImages.includes(beforeChange))
    throw errorOf('NotImplemented', 'mongolet keeps no images of documents before and after a change');
  if (spec.showExpandedEvents === true)
    throw errorOf('NotImplemented', "mongolet does not support 'showExpandedEvents'");
  return { looksUp: fullDocument === 'updateLookup', from: startOf(spec) };
}

function choiceOf(spec: Doc, option: string, choices: readonly string[]): string {
  const value = spec[option];
  if (value === undefined || value === null) return choices[0] ?? '';
  if (typeof value === 'string' && choices.includes(value)) return value;
  throw errorOf(
    'BadValue',
    `Enumeration value '${String(value)}' for field '$changeStream.${option}' is not a valid value.`,
  );
}

function startOf(spec: Doc): ResumePoint | undefined {
  const given = START_OPTIONS.filter((option) => spec[option] !== undefined && spec[option] !== null);
  const [option] = given;
  if (option === undefined) return undefined;
  if (given.length > 1)
    throw new MongoletError(
      40674,
      `Only one type of resume option is allowed, but ${given.length} were found.`,
    );
  const value = spec[option];
  if (option === 'startAtOperationTime') {
    if (!(value instanceof Timestamp))
      throw errorOf('TypeMismatch', "'startAtOperationTime' is the wrong type, expected type 'timestamp'");
    // It includes what happened at that time: so the last that was seen is what came before.
    return { position: before(value), kind: 'mark' };
  }
  const point = readToken(value, option);
  if (point.kind === 'invalidate' && option === 'resumeAfter')
    throw new MongoletError(
      260,
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.",
      { codeName: 'InvalidResumeToken' },
    );
  return point;
}

function before({ t, i }: Timestamp): Buffer {
  return i > 0
    ? positionOf({ t, i: i - 1 }, 0xffff_ffff)
    : positionOf({ t: t - 1, i: 0xffff_ffff }, 0xffff_ffff);
}
