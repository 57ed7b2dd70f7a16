/** The literal text that every match of a regular expression begins with, as far as it is plain to see. */
import { BSONRegExp } from 'bson';
import type { Value } from '../value/codec.ts';

const METACHARACTERS = new Set('.^$*+?()[]{}|\\/');
const OPTIONAL = new Set('*?{');

/** Returns the prefix of an anchored, case-sensitive expression, or undefined when there is none. */
export function prefixOf(expression: Value, options: Value): string | undefined {
  const pattern = expression instanceof BSONRegExp ? expression.pattern : expression;
  const flags = expression instanceof BSONRegExp ? expression.options : (options ?? '');
  if (typeof pattern !== 'string' || typeof flags !== 'string') return undefined;
  // An alternative may begin otherwise; i, m and x change what the characters mean.
  if (!pattern.startsWith('^') || pattern.includes('|') || /[imx]/.test(flags)) return undefined;
  let prefix = '';
  let lastLength = 0;
  for (let at = 1; at < pattern.length; ) {
    const isEscaped = pattern[at] === '\\';
    // By code point: a quantifier counts for the whole character.
    const literal = String.fromCodePoint(pattern.codePointAt(isEscaped ? at + 1 : at) ?? 0);
    if (isEscaped ? !METACHARACTERS.has(literal) && literal !== '-' : METACHARACTERS.has(literal)) break;
    prefix += literal;
    lastLength = literal.length;
    at += literal.length + (isEscaped ? 1 : 0);
    if (OPTIONAL.has(pattern[at] ?? '')) {
      prefix = prefix.slice(0, prefix.length - lastLength);
      break;
    }
    if (pattern[at] === '+') break;
  }
  return prefix === '' ? undefined : prefix;
}
