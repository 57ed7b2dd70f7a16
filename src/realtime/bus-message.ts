/**
 * What travels on the bus between instances. Looked at by hand and passed on as it is: each instance hears every
 * transition of all the others, and a schema that copies took an eighth of what a delivery costs.
 */
import type { FeedTransition } from '../ports/order-actors.ts';

/** Which instance sent it, and its transitions. */
export interface BusMessage {
  from: string;
  entries: FeedTransition[];
}

type Unknown = Record<string, unknown>;

const isObject = (value: unknown): value is Unknown => typeof value === 'object' && value !== null;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';

/** As `toISOString` writes it. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const isMoment = (value: unknown): boolean =>
  isText(value) && MOMENT.test(value) && !Number.isNaN(Date.parse(value));

const isReason = (value: unknown): boolean =>
  isObject(value) &&
  isText(value.code) &&
  isText(value.detail) &&
  (value.lines === undefined ||
    (Array.isArray(value.lines) &&
      value.lines.every((line) => isObject(line) && isText(line.sku) && isText(line.detail))));

const areLines = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((line) => isObject(line) && isCount(line.line) && isCount(line.quantity));

/** The names of a transition that are always there, and texts. */
const TEXTS = ['orderId', 'type', 'from', 'to', 'by'] as const;

const isTransition = (value: unknown): boolean =>
  isObject(value) &&
  TEXTS.every((name) => isText(value[name])) &&
  isCount(value.seq) &&
  value.seq !== 0 &&
  isMoment(value.at) &&
  typeof value.final === 'boolean' &&
  (value.lines === undefined || areLines(value.lines)) &&
  (value.amountMinor === undefined || Number.isSafeInteger(value.amountMinor)) &&
  (value.reason === undefined || isReason(value.reason));

const isEntry = (value: unknown): boolean =>
  isObject(value) && isText(value.customerId) && isTransition(value.transition);

/** The message in that text; undefined when it is none. */
export function readBusMessage(text: string): BusMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isMessage =
    isObject(message) &&
    isText(message.from) &&
    Array.isArray(message.entries) &&
    message.entries.every(isEntry);
  return isMessage ? (message as unknown as BusMessage) : undefined;
}
