/** Reads a mail as RFC 5322, 2045 and 2047 say, written apart from the writer. */

/** A mail as its reader sees it; the headers' names are as they were sent. */
export interface ReadMail {
  headers: ReadonlyMap<string, string>;
  subject: string;
  text: string;
  html: string;
}

function splitHead(source: string): [Map<string, string>, string] {
  const [head = '', body = ''] = source.split(/\r\n\r\n([\s\S]*)/);
  const lines = head.replaceAll(/\r\n[ \t]/g, ' ').split('\r\n');
  return [new Map(lines.map((line) => line.split(/: (.*)/) as [string, string])), body];
}

function decodeQuoted(body: string): string {
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function decodeWords(header: string): string {
  return header
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, coding: string, words: string) =>
      coding.toUpperCase() === 'B'
        ? Buffer.from(words, 'base64').toString()
        : decodeQuoted(words.replaceAll('_', ' ')),
    );
}

function decodeBody(headers: ReadonlyMap<string, string>, body: string): string {
  const coding = headers.get('Content-Transfer-Encoding');
  if (coding === 'base64') return Buffer.from(body, 'base64').toString();
  return coding === 'quoted-printable' ? decodeQuoted(body) : body;
}

/** The parts of a `multipart/alternative` of text and HTML. */
export function readMail(source: string): ReadMail {
  const [headers, body] = splitHead(source);
  const boundary = /multipart\/alternative;\s*boundary="([^"]+)"/.exec(
    headers.get('Content-Type') ?? '',
  )?.[1];
  if (boundary === undefined)
    throw new Error(`Expected two alternatives, got ${headers.get('Content-Type')}.`);
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => splitHead(part.replace(/^\r\n/, '')));
  const partOf = (type: string) => {
    const part = parts.find(([head]) => head.get('Content-Type')?.startsWith(type));
    // The line break before a boundary is the boundary's.
    return part ? decodeBody(part[0], part[1].replace(/\r\n$/, '')) : '';
  };
  return {
    headers,
    subject: decodeWords(headers.get('Subject') ?? ''),
    text: partOf('text/plain'),
    html: partOf('text/html'),
  };
}
