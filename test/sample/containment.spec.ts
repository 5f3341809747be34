import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it('shows the life of a circuit, and no call fails', () => {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'sample/02-containment'];
  const built = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
  expect({ status: built.status, output: built.stdout }).toEqual({ status: 0, output: '' });
  const environment = { ...process.env, NO_COLOR: '1' };
  const run = spawnSync(process.execPath, ['sample/02-containment/dist/main.js'], {
    encoding: 'utf8',
    env: environment,
  });
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
  const states = [...run.stdout.matchAll(/ s {2}(?:well|overloaded|dead) +(\S+)/g)].map(([, state]) => state);
  const changes = states.filter((state, index) => state !== 'half-open' && state !== states[index - 1]);
  expect(states).toHaveLength(28);
  expect([...new Set(changes)]).toEqual(['closed', 'open', 'isolated']);
  expect(states.at(-1)).toBe('closed');
  const [, calls, live, lastKnown, failed] =
    /(\d+) calls: (\d+) live, (\d+) with the last known price, (\d+) failed/.exec(run.stdout)!.map(Number);
  expect(failed).toBe(0);
  expect(live! + lastKnown!).toBe(calls);
  expect(live).toBeGreaterThan(80);
  const [, reached, unprotected] = /(\d+) requests reached it for .* (\d+) would have/
    .exec(run.stdout)!
    .map(Number);
  expect(reached).toBeLessThan(unprotected! / 3);
}, 120_000);
