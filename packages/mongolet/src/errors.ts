/** The one error a command may answer with: MongoDB's code, its name, and a message that quotes what was received. */

/** MongoDB's codes by name; only those that mongolet raises. */
export const CODES = {
  InternalError: 1,
  BadValue: 2,
  HostUnreachable: 6,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  IllegalOperation: 20,
  EmptyArrayOperation: 21,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  WriteConflict: 112,
  CommandNotSupported: 115,
  ConflictingOperationInProgress: 117,
  CannotBackfillArray: 34,
  Interrupted: 11601,
  CannotIndexParallelArrays: 171,
  TransactionTooOld: 225,
  NotImplemented: 238,
  NoSuchTransaction: 251,
  TransactionCommitted: 256,
  TransactionTooLarge: 257,
  OperationNotSupportedInTransaction: 263,
  BSONObjectTooLarge: 10334,
  NotWritablePrimary: 10107,
  DuplicateKey: 11000,
  KeyTooLong: 17280,
} as const;

export type CodeName = keyof typeof CODES;

const NAMES = new Map<number, string>(Object.entries(CODES).map(([name, code]) => [code, name]));

/** Returns the name that MongoDB gives to `code`, or `Location<code>` as it does for unnamed ones. */
export function codeNameOf(code: number): string {
  return NAMES.get(code) ?? `Location${code}`;
}

/** An error that goes over the wire as `{ok: 0, code, codeName, errmsg}`, with optional further fields. */
export class MongoletError extends Error {
  readonly code: number;
  readonly codeName: string;
  readonly errorLabels: string[] | undefined;
  /** Further fields of the reply, such as `keyPattern` and `keyValue` of a duplicate key. */
  readonly extra: Record<string, unknown> | undefined;

  constructor(
    code: number,
    message: string,
    options: { codeName?: string; errorLabels?: string[]; extra?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = 'MongoletError';
    this.code = code;
    this.codeName = options.codeName ?? codeNameOf(code);
    this.errorLabels = options.errorLabels;
    this.extra = options.extra;
  }
}

/** Returns an error with the named code; the caller throws it. */
export function errorOf(name: CodeName, message: string): MongoletError {
  return new MongoletError(CODES[name], message, { codeName: name });
}
