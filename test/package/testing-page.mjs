// Runs the specs of docs/testing.md as it says: with the page's own Jest configuration, on ES modules, against dist. The
// files are where snippets.mjs has put them.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const { status, stderr } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', resolve('node_modules/jest/bin/jest.js'), '--ci'],
  { cwd: '.tmp/snippets-0/docs/testing', encoding: 'utf8' },
);
const [passed] = stderr.match(/^Tests: .*$/m) ?? ['none ran'];
console.log(status === 0 ? `The specs of docs/testing.md pass. ${passed}` : stderr);
process.exitCode = status ?? 1;
