/** The two families of errors: terminal (never retry) and retryable (with when). */

/** Every code that can reach a user; `src/http/problems.ts` gives each its status and its words. */
export type ErrorCode =
  | 'invalid-request'
  | 'malformed-body'
  | 'body-too-large'
  | 'unauthenticated'
  | 'bad-credentials'
  | 'forbidden'
  | 'not-found'
  | 'route-not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'event-refused'
  | 'precondition-failed'
  | 'idempotency-key-missing'
  | 'idempotency-key-reused'
  | 'request-in-progress'
  | 'too-many-requests'
  | 'internal'
  | 'unavailable';

/** One fault of a request: where (RFC 6901 pointer), a stable code, and a sentence. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

/** What an error may carry besides its code and its sentence. */
export interface ErrorFields {
  errors?: FieldError[];
  /** For `event-refused`: the state the order is in. */
  state?: string;
  /** For `event-refused`: the commands that the caller may send now. */
  allowedEvents?: string[];
  cause?: unknown;
}

/** An error that repeating cannot mend: the request, the event or the outcome is refused for good. */
export class TerminalError extends Error {
  readonly retryable = false;
  readonly fields: ErrorFields;

  constructor(
    readonly code: ErrorCode,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(message, { cause: fields.cause });
    this.name = 'TerminalError';
    this.fields = fields;
  }
}

/** What a retryable error may carry besides its sentence; it is our failure, unless the client asked too often. */
export interface RetryOptions {
  code?: 'unavailable' | 'too-many-requests';
  retryAfterMs?: number;
  cause?: unknown;
}

/** A failure of the attempt: repeating it, not before `retryAfterMs`, can succeed. */
export class RetryableError extends Error {
  readonly retryable = true;
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: RetryOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'RetryableError';
    this.code = options.code ?? 'unavailable';
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The words of anything thrown, for logs and counted attempts; never a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
