/** Telling which unique index refused a write. */

/** True for MongoDB's error 11000 on the index over that field, whether it came alone or among those of a group. */
export function isDuplicateKey(error: unknown, field: string): boolean {
  const { code, keyPattern, errmsg } = (error ?? {}) as {
    code?: unknown;
    keyPattern?: object;
    errmsg?: string;
  };
  // Of a group's errors the driver keeps the message alone; it names the index.
  return (
    code === 11_000 && (keyPattern ? field in keyPattern : errmsg?.includes(`index: ${field}_`) === true)
  );
}
