// Compiles every ts block of the README and of the pages in docs/, each as a module of its own; a block with a name in
// brackets (```ts [orders.ts]) is a file of that name, which others of its page import. What a block without imports takes
// for granted is declared in snippet-preamble.ts, which is put on top of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pages } from './pages.mjs';

const folder = '.tmp/snippets';

const preamble = readFileSync('test/package/snippet-preamble.ts', 'utf8');

/** Writes the blocks of a page into files and tells how many there are. */
function extract(page) {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```[jt]s(?: \[([\w.-]+)\])?\n([\s\S]*?)^```$/gm)];
  for (const [index, [, given, code]] of blocks.entries()) {
    const name = given ?? `block-${index + 1}.ts`;
    const isWhole = given !== undefined || /^import .* from '|^\} from '/m.test(code);
    const source = isWhole ? code : `${preamble}\n${code}\nexport {};\n`;
    const file = join(folder, page.replace(/\.md$/, ''), name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
  }
  return blocks.length;
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const count = pages()
  .map(extract)
  .reduce((sum, one) => sum + one, 0);
const tsconfig = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    rootDir: '../..',
    noEmit: true,
    lib: ['ES2023', 'DOM'],
    strictPropertyInitialization: false,
  },
  include: ['**/*.ts'],
};
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));
const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
  encoding: 'utf8',
});
console.log(status === 0 ? `The ${count} code blocks of the README and the pages compile.` : stdout);
process.exitCode = status ?? 1;
