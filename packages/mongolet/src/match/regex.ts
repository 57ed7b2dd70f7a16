/** Regular expressions: a value's regex, or `$regex` with `$options`, as a test of strings. */
import { errorOf, MongoletError } from '../errors.ts';
import { regexParts, textOf } from '../value/compare.ts';
import type { Value } from '../value/document.ts';
import { TYPE, typeOf } from '../value/type.ts';
import type { ValueTest } from './node.ts';
import { translatePattern } from './regex-translation.ts';

const FLAGS = new Set(['i', 'm', 's', 'x', 'u', 'l']);

/** Returns JavaScript's form of a PCRE pattern; throws 51091 when it has none. */
export function compileRegex(pattern: string, options: string): RegExp {
  if (pattern.includes('\0')) {
    throw errorOf('BadValue', 'Regular expression cannot contain an embedded null byte');
  }
  for (const flag of options) {
    if (!FLAGS.has(flag)) throw new MongoletError(51108, `invalid flag in regex options: ${flag}`);
  }
  const { source, flags } = translatePattern(pattern, options);
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    // The strict mode refuses escapes of plain characters that PCRE takes as they are.
  }
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new MongoletError(51091, `Regular expression is invalid: ${(error as Error).message}`);
  }
}

/** Returns the test for a regex: strings and symbols that it matches, and a stored regex that is the same. */
export function regexTest(regex: Value): ValueTest {
  const { pattern, options } = regexParts(regex);
  return patternTest(pattern, options);
}

/** Returns the test for a pattern and its options. */
export function patternTest(pattern: string, options: string): ValueTest {
  const compiled = compileRegex(pattern, options);
  const sorted = [...options].sort().join('');
  return (value) => {
    if (typeof value === 'string') return compiled.test(value);
    if (typeof value !== 'object' || value === null) return false;
    const type = typeOf(value);
    if (type === TYPE.symbol) return compiled.test(textOf(value));
    if (type !== TYPE.regex) return false;
    const other = regexParts(value);
    return other.pattern === pattern && other.options === sorted;
  };
}
