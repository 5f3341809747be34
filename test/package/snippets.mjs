// Compiles every ts block of the README and of the pages in docs/, each as a module of its own; a block with a name in
// brackets (```ts [orders.ts]) is a file of that name, which others of its page import. What a block without imports takes
// for granted is declared in snippet-preamble.ts, which is put on top of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pages } from './pages.mjs';

/** It depends on where a reader puts the code. */
const TOP_LEVEL_AWAIT = 'error TS1309';

const preamble = readFileSync('test/package/snippet-preamble.ts', 'utf8');

/** Writes the blocks of a page into files in `folder`, and returns how many there are. */
function extract(page, folder) {
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

/** The tsconfig of Nest's own template for new apps. */
const template = (name, strict) => {
  const file = `node_modules/@nestjs/schematics/dist/lib/application/files/${name}/tsconfig.json`;
  const { compilerOptions } = JSON.parse(readFileSync(file, 'utf8').replace('<%= strict %>', String(strict)));
  return { ...compilerOptions, types: ['node'] };
};
const { compilerOptions: nest11 } = JSON.parse(
  readFileSync('test/package/nest-11-template/tsconfig.json', 'utf8'),
);
/** Puts the package where an app has it, beside the Nest of the app; all else is found further up. */
function install(folder, nest) {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'nestjs-opero'), { recursive: true });
  for (const part of ['dist', 'package.json'])
    symlinkSync(resolve(part), join(modules, 'nestjs-opero', part));
  if (!nest) return;
  mkdirSync(join(modules, '@nestjs'));
  for (const name of readdirSync(nest))
    symlinkSync(resolve(nest, name), join(modules, '@nestjs', name), 'dir');
}

/** Where the code of the pages is to compile, with the settings that are in use there. */
const settings = {
  ours: { type: 'module', extends: '../../tsconfig.json', compilerOptions: {} },
  "Nest 12's template": { type: 'module', compilerOptions: template('ts-esm', true) },
  "Nest 12's template without strict": { type: 'module', compilerOptions: template('ts-esm', false) },
  "Nest 11's template": {
    type: 'commonjs',
    // The package is a link to where Nest 12 is.
    compilerOptions: { ...nest11, baseUrl: undefined, preserveSymlinks: true },
    nest: 'test/nest-11/node_modules/@nestjs',
    ignored: TOP_LEVEL_AWAIT,
  },
};

let count = 0;
for (const [index, [name, { type, nest, ignored, ...tsconfig }]] of Object.entries(settings).entries()) {
  const folder = `.tmp/snippets-${index}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  count = pages().reduce((sum, page) => sum + extract(page, folder), 0);
  const compilerOptions = {
    ...tsconfig.compilerOptions,
    rootDir: '../..',
    // As the templates do: what is exported must have a type that can be named.
    declaration: true,
    emitDeclarationOnly: true,
    outDir: `${folder}/declarations`,
    incremental: false,
    lib: ['ES2023', 'DOM'],
    strictPropertyInitialization: false,
  };
  install(folder, nest);
  writeFileSync(`${folder}/package.json`, JSON.stringify({ type }));
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({ ...tsconfig, compilerOptions, include: ['**/*.ts'] }),
  );
  const { stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
    encoding: 'utf8',
  });
  const errors = stdout.split('\n').filter((line) => line.trim() !== '' && !line.includes(ignored));
  if (errors.length === 0) continue;
  console.log(`With the settings of ${name}:\n${errors.join('\n')}`);
  process.exitCode = 1;
}
if (!process.exitCode)
  console.log(`The ${count} code blocks of the README and the pages compile, also with Nest's templates.`);
