/** The pages of the documentation, read as the tests of this folder need them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a page. @param path from the project's folder */
export const readPage = (path: string): string => readFileSync(ROOT + path, 'utf8');

/** The shell's blocks of a page, in order. */
export const shellBlocks = (page: string): string[] =>
  [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);

/** The cells of every table's rows below that heading, up to the next one of its rank; without the heads' rows. */
export function tableRows(page: string, heading: string): string[][] {
  const rank = heading.split(' ')[0] ?? '';
  const from = page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no heading "${heading}"`);
  const to = page.indexOf(`\n${rank} `, from + heading.length);
  const lines = page.slice(from, to < 0 ? undefined : to).split('\n');
  const isRuler = (line: string | undefined) => /^\|[ |:-]+\|$/.test(line ?? '');
  return lines
    .filter((line, index) => line.startsWith('|') && !isRuler(line) && !isRuler(lines[index + 1]))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The pieces of code in a cell. */
export const codesIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
