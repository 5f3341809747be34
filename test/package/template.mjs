// The app that `nest new` of Nest 11 writes (test/package/nest-11-template, untouched but for greeting.service.ts and its
// spec), with the packed package installed by npm and by pnpm: its tests pass with ts-jest, as it comes, and with
// @swc/jest, without a word about node_modules. Needs a registry; without one this is left out, and says so.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const temporary = mkdtempSync(join(tmpdir(), 'nestjs-opero-template-'));
const run = (command, args, cwd) => spawnSync(command, args, { cwd, encoding: 'utf8' });
const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', temporary], { encoding: 'utf8' });
const tarball = join(temporary, JSON.parse(packed)[0].filename);

/** What only its lint, format and e2e commands need takes minutes to install. */
const UNUSED =
  /eslint|prettier|globals|@nestjs\/(cli|schematics)|ts-loader|ts-node|tsconfig-paths|source-map|supertest/;

const swcJest = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2023',
    },
  },
];

function template(name) {
  const folder = join(temporary, name);
  cpSync('test/package/nest-11-template', folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const used = Object.entries(manifest.devDependencies).filter(([dependency]) => !UNUSED.test(dependency));
  manifest.devDependencies = { ...Object.fromEntries(used), '@swc/core': '1.16.18', '@swc/jest': '^0.2.39' };
  manifest.dependencies['nestjs-opero'] = `file:${tarball}`;
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const swc = { ...manifest.jest, rootDir: 'src', transform: { '^.+\\.(t|j)s$': swcJest } };
  writeFileSync(join(folder, 'jest.swc.json'), JSON.stringify(swc));
  return folder;
}

const installs = {
  npm: ['npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']],
  pnpm: ['npx', ['--yes', '--prefer-offline', 'pnpm@10', 'install', '--prefer-offline']],
};
const transformers = { 'ts-jest': [], '@swc/jest': ['--config', 'jest.swc.json'] };

for (const [manager, [command, args]] of Object.entries(installs)) {
  const folder = template(manager);
  const installed = run(command, args, folder);
  if (installed.status !== 0) {
    const output = installed.stdout + installed.stderr;
    // Only a registry that cannot be reached is no fault of the package.
    const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(output);
    console.error(unreachable ? `!!! LEFT OUT: Nest 11's template with ${manager}: no registry !!!` : output);
    if (!unreachable) process.exitCode = 1;
    continue;
  }
  for (const [transformer, config] of Object.entries(transformers)) {
    const tested = run(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js'), ...config], folder);
    const passes = tested.status === 0 && tested.stderr.includes('2 passed, 2 total');
    console.log(`${passes ? '  ok ' : 'FAIL '} Nest 11's template passes with ${transformer} (${manager})`);
    if (passes) continue;
    console.error(tested.stdout + tested.stderr);
    process.exitCode = 1;
  }
}
rmSync(temporary, { recursive: true, force: true });
