import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/transports.js';

const main = 'sample/01-quick-start/dist/main.js';
let child: ChildProcess | undefined;

beforeAll(() => {
  const built = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'sample/01-quick-start'],
    { encoding: 'utf8' },
  );
  expect({ status: built.status, output: built.stdout }).toEqual({ status: 0, output: '' });
}, 60_000);

afterEach(() => void child?.kill('SIGKILL'));

/** Runs the sample until it has printed `until`, or has ended. */
function run(args: string[], environment: Record<string, string>, until: string) {
  const own = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...environment },
  });
  child = own;
  let output = '';
  const exited = new Promise<number | null>((resolve) => own.once('exit', (code) => resolve(code)));
  const printed = new Promise<void>((resolve) => {
    own.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(until)) resolve();
    });
  });
  own.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child: own, exited, printed: Promise.race([printed, exited]), output: () => output };
}

const cell = (output: string, name: string): [ours: string, theirs: string] => {
  const [, , ours, theirs] = output
    .split('\n')
    .find((line) => line.includes(name))!
    .split('│')
    .map((text) => text.trim());
  return [ours!, theirs!];
};

describe('the quick start', () => {
  it('audits everything in spite of the mirrors, shows what it took, and ends with --once', async () => {
    const { exited, output } = run(['--once'], {}, 'never printed');
    expect({ code: await exited, output: output() }).toMatchObject({ code: 0 });
    const [answered, bare] = cell(output(), 'packages answered').map(Number);
    expect(answered).toBeGreaterThan(300);
    expect(bare).toBeLessThan(answered! / 2);
    expect(cell(output(), 'packages failed')[0]).toBe('0');
    expect(Number(cell(output(), 'served by the backup')[0])).toBeGreaterThan(20);
    expect(Number(cell(output(), 'waited for the rate limit')[0])).toBeGreaterThan(20);
    expect(output()).toMatch(/MIT\s+│\s+\d{3}/);
  }, 120_000);

  it('stays up and answers the requests it suggests', async () => {
    const port = await freePort();
    const sample = run([], { PORT: String(port) }, 'Ctrl-C ends it');
    await sample.printed;
    const urls = sample.output().match(/(?<=curl )\S+/g)!;
    expect(urls).toHaveLength(4);
    const answers = await Promise.all(urls.map(async (url) => ({ status: (await fetch(url)).status, url })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await (await fetch(urls[1]!)).json()).toMatchObject({ name: 'rxjs', license: 'Apache-2.0' });
    expect(await (await fetch(urls[2]!)).json()).toMatchObject({ status: 'ok' });
    sample.child.kill('SIGTERM');
    await sample.exited;
  }, 120_000);
});
