/** A letter as HTML: one column, inline styles, and the reader's own colours, light or dark. */
import validator from 'validator';
import type { Language } from '../../ports/users.ts';

/** The parts of a letter, in plain text, in the order in which they are read. */
export interface LetterParts {
  language: Language;
  subject: string;
  greeting: string;
  paragraphs: string[];
  lines: string[];
  /** The words after the lines, which name the order. */
  footer: string;
}

// A grey that can be told from white and from black; no other colour is ours, so that no reader's theme is fought.
const RULE = 'border:0;border-top:1px solid #888888';
const BODY =
  'margin:0 auto;max-width:600px;padding:16px;font:16px/1.5 sans-serif;overflow-wrap:break-word;word-break:break-word';

/** The whole document; everything in it is escaped. */
export function htmlOf({ language, subject, greeting, paragraphs, lines, footer }: LetterParts): string {
  const paragraph = (text: string) => `<p style="margin:0 0 16px">${validator.escape(text)}</p>`;
  const item = (text: string) => `<li style="margin:0 0 4px">${validator.escape(text)}</li>`;
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<title>${validator.escape(subject)}</title></head><body style="margin:0"><div style="${BODY}">`,
    ...[greeting, ...paragraphs].map(paragraph),
    `<ul style="margin:0 0 16px;padding:0 0 0 20px">${lines.map(item).join('\n')}</ul>`,
    `<hr style="${RULE}"><p style="margin:8px 0;font-size:14px">${validator.escape(footer)}</p></div></body></html>`,
  ].join('\n');
}
