/** What of an error goes into the log. */
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** The client hung up, or spoke no HTTP: its own affair. */
const HUNG_UP = /^(ECONNRESET|EPIPE|HPE_.*)$/;

/** Named fields alone: a driver's error may carry documents, and a parser's the whole body. */
export function traceOf(error: unknown) {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack }
    : { message: messageOf(error) };
}

/** A listener for what koa cannot answer any more: the connection broke, or Bull Board answered by itself. */
export function createErrorLog(logger: Logger): (error: unknown) => void {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (HUNG_UP.test(code)) logger.debug({ code }, 'a client hung up');
    else logger.error({ error: traceOf(error) }, 'an answer broke off');
  };
}
