/** What can go wrong for good; what can mend itself is tried again, and never seen. */

/** The codes that a watch or a client can fail with; newer engines may know more. */
export type OrdoErrorCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'invalid-request'
  | 'too-many-requests'
  | 'unavailable'
  | 'internal'
  | 'closed'
  | (string & {});

/** A refusal of the engine, or the end of the client (`closed`). */
export class OrdoError extends Error {
  constructor(
    readonly code: OrdoErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'OrdoError';
  }
}

const PASSING: ReadonlySet<string> = new Set(['unavailable', 'too-many-requests', 'internal']);

/** Whether the same may be asked again in a while. */
export function mayPass(code: string): boolean {
  return PASSING.has(code);
}
