// Compiles every ts block of the README, each as a module of its own. What a block takes for granted is declared in
// readme-preamble.ts, which is put on top of blocks that import nothing themselves.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const folder = '.tmp/readme';
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const preamble = readFileSync('test/package/readme-preamble.ts', 'utf8');
const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code,
);
for (const [index, code] of blocks.entries()) {
  const source = code.includes("from '") ? code : `${preamble}\n${code}\nexport {};\n`;
  writeFileSync(`${folder}/block-${index + 1}.ts`, source);
}
const tsconfig = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    rootDir: '../..',
    noEmit: true,
    lib: ['ES2023', 'DOM'],
    strictPropertyInitialization: false,
  },
  include: ['*.ts'],
};
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));
const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
  encoding: 'utf8',
});
console.log(status === 0 ? `The ${blocks.length} code blocks of the README compile.` : stdout);
process.exitCode = status ?? 1;
