// Checks the links of the README and the pages: the file is there, and so is the heading that a fragment names. Also that
// each page is linked from another one.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { pages } from './pages.mjs';

const withoutCode = (text) =>
  text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''));

/** The fragment that GitHub and VitePress make of a heading. */
const toFragment = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const fragmentsOf = (page) =>
  [...withoutCode(readFileSync(page, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    toFragment(heading),
  );

/** What is wrong with the links of one page, and which pages it leads to. */
export function follow(page, text) {
  const problems = [];
  const targets = [];
  for (const [, link] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [path, fragment] = link.split('#');
    const target = path === '' ? page : normalize(`${dirname(page)}/${path}`);
    if (!existsSync(target)) problems.push(`${page}: ${link}: there is no such file`);
    else if (fragment !== undefined && !fragmentsOf(target).includes(fragment))
      problems.push(`${page}: ${link}: there is no such heading`);
    targets.push(target);
  }
  return { problems, targets };
}

const followed = pages().map((page) => follow(page, readFileSync(page, 'utf8')));
const problems = followed.flatMap((page) => page.problems);
const reached = new Set(followed.flatMap(({ targets }) => targets));
const lost = pages().filter((page) => page !== 'README.md' && !reached.has(page));
problems.push(...lost.map((page) => `${page}: no other page links to it`));

// A check that finds nothing must be one that could.
const planted = follow(
  'README.md',
  '[a](docs/none.md) [b](#no-such-heading) [c](docs/events.md#no-such-heading)',
);
if (planted.problems.length !== 3) problems.push('links.mjs: the planted links were not all found');

const links = followed.reduce((sum, { targets }) => sum + targets.length, 0);
console.log(
  problems.length === 0
    ? `The ${links} links of ${pages().length} pages lead somewhere.`
    : problems.join('\n'),
);
process.exitCode = problems.length === 0 ? 0 : 1;
