/**
 * Patterns as MongoDB reads them (PCRE, in UTF-8 mode) put into JavaScript's syntax. What has no counterpart there,
 * such as recursion, atomic groups and conditionals, is refused rather than matched differently.
 */
import { MongoletError } from '../errors.ts';

const POSIX_CLASSES: { [name: string]: string } = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\v\\f\\r',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: 'A-Fa-f0-9',
  word: '\\w',
  cntrl: '\\x00-\\x1f\\x7f',
  print: '\\x20-\\x7e',
  graph: '\\x21-\\x7e',
  ascii: '\\x00-\\x7f',
};

const SPACES = ' \\t\\n\\v\\f\\r';

interface State {
  pattern: string;
  at: number;
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  extended: boolean;
}

/** Returns the JavaScript source and flags for a PCRE pattern with MongoDB's options. */
export function translatePattern(pattern: string, options: string): { source: string; flags: string } {
  const state: State = {
    pattern,
    at: 0,
    ignoreCase: options.includes('i'),
    multiline: options.includes('m'),
    dotAll: options.includes('s'),
    extended: options.includes('x'),
  };
  readLeadingOptions(state);
  let source = '';
  while (state.at < pattern.length) source += translateNext(state);
  return { source, flags: state.ignoreCase ? 'i' : '' };
}

function refuse(what: string): never {
  throw new MongoletError(51091, `Regular expression is invalid: ${what} is not supported by mongolet`);
}

function readLeadingOptions(state: State): void {
  for (;;) {
    const found = /^\(\?([imsx]*)(?:-([imsx]*))?\)/.exec(state.pattern.slice(state.at));
    if (found === null) return;
    state.at += found[0].length;
    applyOptions(state, found[1] ?? '', true);
    applyOptions(state, found[2] ?? '', false);
  }
}

function applyOptions(state: State, letters: string, on: boolean): void {
  if (letters.includes('i')) state.ignoreCase = on;
  if (letters.includes('m')) state.multiline = on;
  if (letters.includes('s')) state.dotAll = on;
  if (letters.includes('x')) state.extended = on;
}

function translateNext(state: State): string {
  const { pattern } = state;
  const c = pattern[state.at] as string;
  switch (c) {
    case '\\':
      return translateEscape(state);
    case '[':
      return translateClass(state);
    case '(':
      return translateGroup(state);
    case '.':
      state.at++;
      return state.dotAll ? '[\\s\\S]' : '[^\\n]';
    case '^':
      state.at++;
      // After a newline at the very end PCRE sees no new line.
      return state.multiline ? '(?:(?<![\\s\\S])|(?<=\\n)(?=[\\s\\S]))' : '(?<![\\s\\S])';
    case '$':
      state.at++;
      // PCRE's end lies before a last newline, too.
      return state.multiline ? '(?=\\n|(?![\\s\\S]))' : '(?=\\n?(?![\\s\\S]))';
    case '*':
    case '+':
    case '?':
      if (pattern[state.at + 1] === '+') refuse('a possessive quantifier');
      state.at++;
      return c;
    default:
      return translatePlain(state, c);
  }
}

function translatePlain(state: State, c: string): string {
  const { pattern } = state;
  if (state.extended && /\s/.test(c)) {
    state.at++;
    return '';
  }
  if (state.extended && c === '#') {
    const end = pattern.indexOf('\n', state.at);
    state.at = end < 0 ? pattern.length : end + 1;
    return '';
  }
  if (c === '{') {
    const quantifier = /^\{\d*,?\d*\}/.exec(pattern.slice(state.at))?.[0];
    if (quantifier !== undefined && /\d/.test(quantifier) && !quantifier.startsWith('{,')) {
      if (pattern[state.at + quantifier.length] === '+') refuse('a possessive quantifier');
      state.at += quantifier.length;
      return quantifier;
    }
    state.at++;
    return '\\{';
  }
  state.at++;
  return c === '}' || c === ']' ? `\\${c}` : c;
}

const ESCAPES: { [letter: string]: string } = {
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  Z: '(?=\\n?(?![\\s\\S]))',
  a: '\\x07',
  e: '\\x1b',
  h: '[ \\t\\u00a0]',
  H: '[^ \\t\\u00a0]',
  N: '[^\\n]',
  R: '(?:\\r\\n|[\\n\\v\\f\\r\\u0085\\u2028\\u2029])',
  s: `[${SPACES}]`,
  S: `[^${SPACES}]`,
};

function translateEscape(state: State): string {
  const { pattern } = state;
  const c = pattern[state.at + 1];
  if (c === undefined) refuse('a backslash at the end');
  if (c === 'Q') {
    const end = pattern.indexOf('\\E', state.at);
    const literal = pattern.slice(state.at + 2, end < 0 ? undefined : end);
    state.at = end < 0 ? pattern.length : end + 2;
    return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  if (c === 'G' || c === 'K' || c === 'X' || c === 'C') refuse(`\\${c}`);
  const hex = /^\\x\{([0-9a-fA-F]+)\}/.exec(pattern.slice(state.at));
  if (hex !== null) {
    state.at += hex[0].length;
    return `\\u{${hex[1]}}`;
  }
  state.at += 2;
  const known = ESCAPES[c];
  if (known !== undefined) return known;
  return plainEscape(c);
}

/** PCRE takes an escaped character that means nothing as itself; JavaScript's strict mode takes only syntax so. */
function plainEscape(c: string): string {
  if (/[A-Za-z0-9\\^$.*+?()[\]{}|/]/.test(c)) return `\\${c}`;
  return c;
}

function translateGroup(state: State): string {
  const rest = state.pattern.slice(state.at);
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest) ?? /^\(\?'([A-Za-z_]\w*)'/.exec(rest);
  if (named !== null) {
    state.at += named[0].length;
    return `(?<${named[1]}>`;
  }
  const backReference = /^\(\?P=(\w+)\)/.exec(rest);
  if (backReference !== null) {
    state.at += backReference[0].length;
    return `\\k<${backReference[1]}>`;
  }
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment !== null) {
    state.at += comment[0].length;
    return '';
  }
  if (rest.startsWith('(*')) refuse('a verb');
  const plain = /^\(\?(?::|=|!|<=|<!)/.exec(rest);
  if (plain !== null) {
    state.at += plain[0].length;
    return plain[0];
  }
  if (rest.startsWith('(?')) refuse(`the group ${rest.slice(0, 4)}`);
  state.at++;
  return '(';
}

function translateClass(state: State): string {
  const { pattern } = state;
  let source = '[';
  state.at++;
  if (pattern[state.at] === '^') {
    source += '^';
    state.at++;
  }
  // A bracket right at the start is a member.
  if (pattern[state.at] === ']') {
    source += '\\]';
    state.at++;
  }
  while (state.at < pattern.length && pattern[state.at] !== ']') source += translateMember(state);
  if (state.at >= pattern.length) refuse('a character class without an end');
  state.at++;
  return `${source}]`;
}

function translateMember(state: State): string {
  const { pattern } = state;
  const posix = /^\[:(\w+):\]/.exec(pattern.slice(state.at));
  if (posix !== null) {
    const members = POSIX_CLASSES[posix[1] as string];
    if (members === undefined) refuse(`the class ${posix[0]}`);
    state.at += posix[0].length;
    return members;
  }
  const c = pattern[state.at] as string;
  if (c !== '\\') {
    state.at++;
    return c === '[' ? '\\[' : c;
  }
  const hex = /^\\x\{([0-9a-fA-F]+)\}/.exec(pattern.slice(state.at));
  if (hex !== null) {
    state.at += hex[0].length;
    return `\\u{${hex[1]}}`;
  }
  const escaped = pattern[state.at + 1];
  if (escaped === undefined) refuse('a backslash at the end');
  state.at += 2;
  if (escaped === 's') return SPACES;
  if (escaped === 'h') return ' \\t\\u00a0';
  if (escaped === 'a') return '\\x07';
  if (escaped === 'e') return '\\x1b';
  return escaped === '-' ? '\\-' : plainEscape(escaped);
}
