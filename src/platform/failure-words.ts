/** What a failure says of itself, fit to be kept and shown to operators: short, and without secrets. */
import { messageOf } from './errors.ts';

const MAX_CHARS = 300;

/** What must not be kept, and what stands in its place. */
const SECRETS: readonly [pattern: RegExp, instead: string][] = [
  // Who logs in, and with what, in an address; and what its query carries.
  [/(\b[a-z][a-z\d+.-]*:\/\/)[^\s/?#@]+@/gi, '$1…@'],
  [/(\b[a-z][a-z\d+.-]*:\/\/[^\s?#]*)[?#]\S*/gi, '$1?…'],
  [/\b(bearer|basic)\s+\S+/gi, '$1 …'],
  [
    /\b(password|passwd|pwd|secret|token|api[-_]?key|authorization)(["']?\s*[:=]\s*)["']?[^\s"',;}]+/gi,
    '$1$2…',
  ],
  // Means to pay and keys of gateways, by how they begin.
  [/\b(tok|pm|card|src|sk|rk|pk|whsec|seti)_\w+/g, '$1_…'],
  // The numbers of cards.
  [/\b\d(?:[ -]?\d){12,18}\b/g, '…'],
  // What is long and has no words in it: keys, signatures, tokens of sessions.
  [/[A-Za-z0-9+/_.]*[A-Za-z0-9+/_]{40,}[A-Za-z0-9+/_.=]*/g, '…'],
];

/** The words of anything thrown: one line of at most 300 characters, in which what looks like a secret is left out. */
export function failureWords(error: unknown): string {
  const line = messageOf(error)
    .slice(0, 10 * MAX_CHARS)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const words = SECRETS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line);
  return words.length > MAX_CHARS ? `${words.slice(0, MAX_CHARS - 1)}…` : words;
}
