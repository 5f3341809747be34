import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it('runs a strategy of its own, and tells of it everywhere', () => {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'sample/07-own-strategy'];
  const built = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
  expect({ status: built.status, output: built.stdout }).toEqual({ status: 0, output: '' });
  const run = spawnSync(process.execPath, ['sample/07-own-strategy/dist/main.js'], { encoding: 'utf8' });
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
  expect(run.stdout.trimEnd().split('\n')).toEqual([
    'order: retry > quota > method',
    'the report on sales',
    'the report on stock',
    'the report on staff',
    'event: quota-refusal of Reports.make',
    'QuotaSpentError: Reports.make has spent its quota',
    'snapshot: {"quota":{"left":0,"rejecting":true}}, rejected: 1',
  ]);
}, 120_000);
