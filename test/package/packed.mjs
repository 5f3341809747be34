// Packs the package and uses the tarball as a newcomer would: its shape, its types, and two new apps that install it,
// an ES module one on Nest 12 and a CommonJS one on Nest 11. Last, the code of the README is compiled.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve('.');
const temporary = mkdtempSync(join(tmpdir(), 'nestjs-opero-'));
let passed = 0;

function step(name, work) {
  try {
    work();
    passed++;
    console.log(`  ok  ${name}`);
  } catch (error) {
    console.error(`FAIL  ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.message}`);
    process.exitCode = 1;
  }
}

const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
const bin = (name) => join(root, 'node_modules', '.bin', name);
const assert = (condition, message) => {
  if (!condition) throw new Error(message);
};

const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', temporary]));
const tarball = join(temporary, filename);

const texts = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/THIRD-PARTY-LICENSES.txt',
  'dist/types/package.json',
  'CONTRIBUTING.md',
  'SECURITY.md',
];

step('holds the build, the texts, the pages and nothing else', () => {
  const others = files
    .map(({ path }) => path)
    .filter((path) => !/^dist\/[\w./-]+\.(c?js|d\.c?ts)$/.test(path))
    .filter((path) => !/^docs\/[\w/-]+\.md$/.test(path))
    .filter((path) => !texts.includes(path));
  assert(others.length === 0, `unexpected files: ${others.join(', ')}`);
});

step('has the shape that publint wants', () => run(bin('publint'), ['run', tarball, '--strict']));

step('has types that resolve for every kind of import, that of node10 too (attw)', () =>
  run(bin('attw'), [tarball, '--profile', 'strict']),
);

/** An app folder with the packed package, and the dependencies that are installed here. */
function app(name, type, modules) {
  const folder = join(temporary, name);
  mkdirSync(join(folder, 'node_modules', '@nestjs'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, type, private: true }));
  run('tar', ['-xzf', tarball, '-C', folder]);
  cpSync(join(folder, 'package'), join(folder, 'node_modules', 'nestjs-opero'), { recursive: true });
  rmSync(join(folder, 'package'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const plain = [...Object.keys(dependencies), 'rxjs', 'reflect-metadata', '@types', 'tslib'];
  for (const dependency of plain)
    link(join(root, 'node_modules', dependency), join(folder, 'node_modules', dependency));
  for (const nest of [
    'common',
    'core',
    'platform-express',
    'testing',
    'terminus',
    'microservices',
    'websockets',
  ]) {
    link(join(modules, '@nestjs', nest), join(folder, 'node_modules', '@nestjs', nest));
  }
  return folder;
}

const link = (from, to) => symlinkSync(from, to, 'dir');

/** The same app for both: a decorated service that fails twice, a map, a probe and a mistake. */
const source = `
@Injectable()
class Service {
  calls = 0;
  @Opero({ retry: { retries: 2, minDelay: 1 }, timeout: 1000, cache: true })
  async flaky(id: number, @FallbackArg('primary', 'backup') host?: string): Promise<string> {
    if (++this.calls < 3) throw new Error('not yet');
    return id + ' from ' + host;
  }
  @Opero({ retry: { retries: 1, minDelay: 1 } })
  async broken(): Promise<never> {
    throw new Error('down');
  }
  @OpMap({ workers: 2 })
  async double(item: number): Promise<number> {
    return item * 2;
  }
}

@Controller()
class Routes {
  constructor(@Inject(Service) private readonly service: Service, @Inject(OperoHealthIndicator) private readonly health: OperoHealthIndicator) {}
  @Get('flaky') flaky() { return this.service.flaky(7); }
  @Get('double') double() { return mapped(this.service).double([1, 2, 3]).values(); }
  @Get('health') check() { return this.health.check('operations'); }
}

@Module({ imports: [OperoModule.forRoot(), TerminusModule], providers: [Service, OperoHealthIndicator], controllers: [Routes] })
class AppModule {}

async function theCaller(service: Service): Promise<string> {
  return service.broken().catch((error: Error) => String(error.stack));
}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const text = async (path: string) => (await fetch(url + path)).text();
  const answers = [await text('/flaky'), await text('/flaky'), await text('/double')];
  if (answers.join() !== '7 from primary,7 from primary,[2,4,6]') throw new Error('answered ' + answers.join());
  const health = await text('/health');
  if (!health.includes('"Service.flaky":{"state":"healthy"')) throw new Error('health is ' + health);
  const stack = await theCaller(app.get(Service));
  // [hard 3.4]
  if (!stack.includes('theCaller') || stack.includes('nestjs-opero/dist')) throw new Error('the stack is ' + stack);
  await app.close();
  console.log('the app works');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
`;

const imports = `
import 'reflect-metadata';
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { FallbackArg, mapped, Opero, OperoModule, OpMap } from 'nestjs-opero';
import { OperoHealthIndicator } from 'nestjs-opero/terminus';
`;

const compilerOptions = {
  target: 'ES2023',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
  types: ['node'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  outDir: 'out',
};

function compileAndRun(folder) {
  writeFileSync(join(folder, 'main.ts'), imports + source);
  const relaxed = { ...compilerOptions, skipLibCheck: true };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: relaxed, files: ['main.ts'] }),
  );
  run(process.execPath, [bin('tsc').replace('.bin/tsc', 'typescript/bin/tsc'), '-p', folder]);
  const output = run(process.execPath, ['--preserve-symlinks-main', join(folder, 'out', 'main.js')], folder);
  assert(output.includes('the app works'), output);
}

const modules12 = join(root, 'node_modules');
const modules11 = join(root, 'test', 'nest-11', 'node_modules');

step('works in a new ES module app on Nest 12', () => compileAndRun(app('app-12', 'module', modules12)));
step('works in a new CommonJS app on Nest 11', () => compileAndRun(app('app-11', 'commonjs', modules11)));
/** One process that uses both builds: decorated through one, registered and injected through the other. */
const mixed = (first) => `
import 'reflect-metadata';
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
const require = createRequire(import.meta.url);
const load = { import: (name) => import(name), require: async (name) => require(name) };
const [one, other] = '${first}' === 'import' ? ['import', 'require'] : ['require', 'import'];
const decorated = await load[one]('nestjs-opero');
const health = await load[other]('nestjs-opero/terminus');
const registered = await load[other]('nestjs-opero');
const sameHealth = await load[one]('nestjs-opero/terminus');
assert(require.resolve('nestjs-opero').endsWith('.cjs') && import.meta.resolve('nestjs-opero').endsWith('.js'));
assert.deepStrictEqual(Object.keys(registered).sort(), Object.keys(decorated).sort());
for (const [name, value] of Object.entries(decorated)) {
  assert.strictEqual(value, registered[name], name);
  if (typeof value === 'function' && /^[A-Z]/.test(name)) assert.strictEqual(value.name, name);
}
assert.strictEqual(health.OperoHealthIndicator, sameHealth.OperoHealthIndicator);

class Service {
  calls = 0;
  async flaky() {
    if (++this.calls < 3) throw new Error('not yet');
    return 'answered';
  }
  async slow() {
    return new Promise(() => undefined);
  }
}
const decorate = (method, options) =>
  decorated.Opero(options)(Service.prototype, method, Object.getOwnPropertyDescriptor(Service.prototype, method));
for (const [method, options] of [['flaky', { retry: { retries: 2, minDelay: 1 } }], ['slow', { timeout: 5 }]]) {
  const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, method);
  Object.defineProperty(Service.prototype, method, decorate(method, options) ?? descriptor);
}
class AppModule {}
Module({
  imports: [registered.OperoModule.forRoot(), TerminusModule],
  providers: [Service, health.OperoHealthIndicator],
})(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
const service = app.get(Service);
assert.strictEqual(await service.flaky(), 'answered');
const error = await service.slow().catch((thrown) => thrown);
assert(error instanceof decorated.OperoError && error instanceof registered.OperoError, String(error));
assert(app.get(decorated.OperoService).operations().some(({ operation }) => operation === 'Service.flaky'));
const { operations } = app.get(sameHealth.OperoHealthIndicator).check('operations');
assert.strictEqual(operations['Service.flaky'].state, 'healthy');
await app.close();
console.log('shared');
`;

for (const name of ['app-12', 'app-11']) {
  for (const first of ['import', 'require']) {
    step(`shares its state between both builds, first loaded by ${first} (${name})`, () => {
      const file = join(temporary, name, `mixed-${first}.mjs`);
      writeFileSync(file, mixed(first));
      const output = run(process.execPath, ['--preserve-symlinks-main', file], join(temporary, name));
      assert(output.includes('shared'), output);
    });
  }
}
/** A strategy of an app's own, from the sample: its types, its contract in whichever build, and the check of its option. */
const ownStrategy = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Opero, OperoModule, OperoService } from 'nestjs-opero';
import { strategyContract } from 'nestjs-opero/testing';
import { quota, QuotaSpentError } from './quota.strategy.js';

@Injectable()
class Reports {
  @Opero({ quota: 1 })
  async make(): Promise<string> {
    return 'made';
  }
}

@Injectable()
class Mistaken {
  // @ts-expect-error the option has the types that the strategy declares
  @Opero({ quota: { limits: 1 } })
  async make(): Promise<void> {}
}

const start = (provider: new () => object) => {
  class AppModule {}
  Module({ imports: [OperoModule.forRoot({ strategies: [quota] })], providers: [provider] })(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
};

async function main(): Promise<void> {
  for (const { run } of strategyContract({ strategies: [quota], options: { quota: 3 }, consumes: true })) await run();
  for (const { run } of strategyContract({ options: { bulkhead: 2, rateLimit: { limit: 5, interval: 10 } } })) await run();
  const wrong = await start(Mistaken).catch(String);
  if (!String(wrong).includes('quota.limits')) throw new Error('the boot said ' + wrong);
  const app = await start(Reports);
  await app.get(Reports).make();
  const error: unknown = await app.get(Reports).make().catch((thrown: unknown) => thrown);
  if (!(error instanceof QuotaSpentError)) throw new Error('rejected with ' + error);
  const left: number | undefined = app.get(OperoService).operations()[0]?.strategies?.quota?.left;
  if (left !== 0) throw new Error('left: ' + left);
  console.log('the strategy works');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
`;

for (const name of ['app-12', 'app-11']) {
  step(`runs a strategy of an app's own, and its contract (${name})`, () => {
    const folder = join(temporary, name);
    cpSync('sample/07-own-strategy/src/quota.strategy.ts', join(folder, 'quota.strategy.ts'));
    writeFileSync(join(folder, 'own.ts'), ownStrategy);
    const options = { ...compilerOptions, skipLibCheck: true };
    writeFileSync(
      join(folder, 'tsconfig.own.json'),
      JSON.stringify({ compilerOptions: options, files: ['own.ts'] }),
    );
    run(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(folder, 'tsconfig.own.json'),
    ]);
    const output = run(process.execPath, ['--preserve-symlinks-main', join(folder, 'out', 'own.js')], folder);
    assert(output.includes('the strategy works'), output);
  });
}
step('is another package for another copy of Nest', () => {
  const check = `
    const first = require('nestjs-opero').OperoModule;
    const ofPackage = (part) => Object.keys(require.cache).filter((file) => file.includes(part));
    for (const file of ofPackage('nestjs-opero')) delete require.cache[file];
    if (require('nestjs-opero').OperoModule !== first) throw new Error('two for one Nest');
    for (const file of [...ofPackage('nestjs-opero'), ...ofPackage('@nestjs')]) delete require.cache[file];
    if (require('nestjs-opero').OperoModule === first) throw new Error('one for two Nests');`;
  run(process.execPath, ['-e', check], join(temporary, 'app-11'));
});
step('has types for moduleResolution node10, and one set of types for import and require', () => {
  const folder = join(temporary, 'app-11');
  const use = `
    import { OperoService } from 'nestjs-opero';
    import { OperoHealthIndicator } from 'nestjs-opero/terminus';
    import { ManualClock } from 'nestjs-opero/testing';
    export const clock: { now(): number } = new ManualClock();
    export const answer = (service: OperoService): Promise<string> => service.run('name', () => 'x');
    export const check = (health: OperoHealthIndicator) => health.check('operations', { maxFailures: 2 });
    // @ts-expect-error the types are there: this is not an option
    export const wrong = (health: OperoHealthIndicator) => health.check('operations', { maxFailure: 2 });`;
  writeFileSync(join(folder, 'node10.ts'), use);
  writeFileSync(join(folder, 'required.cts'), use);
  writeFileSync(
    join(folder, 'imported.mts'),
    `import { OperoService } from 'nestjs-opero';
    import { answer } from './required.cjs';
    export const both = (service: OperoService) => answer(service);`,
  );
  const tsc = [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--experimentalDecorators',
  ];
  const types = ['--types', 'node', '--target', 'es2022', '--skipLibCheck'];
  const node10 = ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'];
  run(process.execPath, [...tsc, ...types, ...node10, '--ignoreConfig', 'node10.ts'], folder);
  const nodenext = ['--module', 'nodenext', '--ignoreConfig', 'required.cts', 'imported.mts'];
  run(process.execPath, [...tsc, ...types, ...nodenext], folder);
});
step('loads without the optional peers', () => {
  const folder = join(temporary, 'app-12');
  rmSync(join(folder, 'node_modules', '@nestjs', 'terminus'));
  run(process.execPath, ['--input-type=module', '-e', "await import('nestjs-opero')"], folder);
});
step('has types that need no optional peer', () => {
  const types = run('grep', [
    '-rlE',
    "from '@nestjs/(terminus|microservices|websockets|cache-manager)'",
    'dist',
    '--include=*.d.ts',
  ]);
  assert(
    types
      .trim()
      .split('\n')
      .every((file) => file.startsWith('dist/types/terminus/')),
    types,
  );
});
for (const [what, script] of [
  ['has options tables that say what schemas and comments say', 'option-tables.mjs'],
  ['has documentation where an option is written', 'hover.mjs'],
  ['has the public API that etc/ says', 'api-reports.mjs'],
  ['has pages whose links lead somewhere', 'links.mjs'],
  ['has a README and pages whose code compiles', 'snippets.mjs'],
  ['has a page on testing whose specs pass', 'testing-page.mjs'],
])
  step(what, () => console.log(`      ${run(process.execPath, [`test/package/${script}`]).trim()}`));

rmSync(temporary, { recursive: true, force: true });
console.log(`${passed} passed, ${process.exitCode ? 'some' : 0} failed`);
