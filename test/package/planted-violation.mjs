// Shows that the gate on the import order closes: plants files that break each rule in a copy of lib, and expects it to
// say so.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const planted = {
  'lib/core/call/planted.ts': "export { order } from '../../strategies/order.js';\n",
  'lib/core/time/planted.ts': "export { Scope } from '../call/scope.js';\n",
  'lib/nest/metadata/planted.ts': "export { OperoHost } from '../host/opero.host.js';\n",
  'lib/strategies/retry/planted.ts': "export { SlidingWindow } from '../rate-limit/index.js';\n",
  'lib/runtime/planted.ts': "export { Module } from '@nestjs/common';\n",
  'lib/strategies/planted.ts': "export { Observable } from 'rxjs';\n",
  'lib/nest/planted.ts': "export { TerminusModule } from '@nestjs/terminus';\n",
  'lib/map/planted.ts': "export * from './planted-too.js';\n",
  'lib/map/planted-too.ts': "export * from './planted.js';\n",
};

const expected = [
  'core-stays-inside',
  'core-time-stays-inside',
  'nest-metadata-stays-inside',
  'strategies-do-not-know-each-other',
  'nest-stays-outside',
  'rxjs-stays-outside',
  'optional-peers-behind-sub-paths',
  'no-cycles',
];

const copy = mkdtempSync(join(tmpdir(), 'opero-planted-'));
try {
  const configuration = readdirSync('.').filter((name) => name.startsWith('.dependency-cruiser'));
  for (const name of ['lib', 'package.json', 'tsconfig.json', ...configuration])
    cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  for (const [file, source] of Object.entries(planted)) writeFileSync(join(copy, file), source);
  const { stdout, status } = spawnSync(resolve('node_modules/.bin/depcruise'), ['lib'], {
    encoding: 'utf8',
    cwd: copy,
  });
  const missing = expected.filter((rule) => !stdout.includes(rule));
  if (status === 0 || missing.length > 0) {
    console.error(`The import gate let these pass: ${missing.join(', ')}\n${stdout}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
