/** A page of the documentation that is named by another is there, and so is the heading. */
import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import test from 'ava';
import { ROOT, readPage } from './pages.ts';

const folders = ['docs', 'packages', 'bench'];
const found = folders.flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
);
const pages = ['README.md', 'CONTRIBUTING.md', ...found].filter(
  (path) => path.endsWith('.md') && !path.includes('node_modules/'),
);

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string) => [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => anchorOf(text));

/** What is wrong with a link of that page; undefined when nothing is. */
function faultOf(from: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(ROOT + target)) return `${from}: there is no ${target}`;
  if (anchor === undefined || anchorsOf(readPage(target)).includes(anchor)) return undefined;
  return `${from}: ${target} has no heading #${anchor}`;
}

test('every link between pages leads somewhere', (t) => {
  t.true(pages.includes('docs/orders.md') && pages.includes('packages/client/README.md'));
  const links = pages.flatMap((page) =>
    [...readPage(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })),
  );
  t.true(links.length > 30);
  t.deepEqual(
    links.map(({ page, link }) => faultOf(page, link)).filter((fault) => fault !== undefined),
    [],
  );
});
