import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { platforms } from '../support/apps.js';

const DRAIN = 1_500;

/** The fixture as a process, line by line. */
function start(platform: string) {
  const child = spawn(process.execPath, ['test/e2e/fixtures/shutdown-app.mjs', platform, String(DRAIN)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting: { text: string; resolve: (line: string) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const { text, resolve } of waiting) if (line.startsWith(text)) resolve(line);
  });
  const line = (text: string) => new Promise<string>((resolve) => waiting.push({ text, resolve }));
  const exited = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)),
  );
  return { child, lines, line, exited };
}

describe.each(platforms)('SIGTERM on %s while everything goes on [peers 23]', (platform) => {
  it('lets what is fast answer, ends waits and what is stuck at the deadline, and the process ends by itself', async () => {
    const { child, lines, line, exited } = start(platform);
    const [, url] = (await line('listening')).split(' ');
    const ask = async (path: string) => {
      const response = await fetch(`${url}/${path}`);
      const body = await response.text();
      return [response.status, body.startsWith('{') ? (JSON.parse(body) as { code: string }).code : body];
    };
    expect(await ask('limited')).toEqual([200, 'limited']);
    const running = ['fast', 'stuck', 'failing', 'alone', 'alone', 'limited'].map((path) => ask(path));
    // Everything must have arrived: requests are taken in order, and this one is answered at once.
    await fetch(`${url}/nothing`);
    const signalled = line('signal');
    child.kill('SIGTERM');
    await signalled;
    const startedAt = performance.now();
    const shut = [503, 'OPERO_SHUTDOWN'];
    expect(await Promise.all(running)).toEqual([[200, 'fast answered'], shut, shut, shut, shut, shut]);
    // The listener of the fixture keeps Nest's second signal from killing the process: nothing else holds it.
    expect(await exited).toBe('code 0');
    // Not a measurement: a process that hangs would stay for minutes.
    expect(performance.now() - startedAt).toBeLessThan(DRAIN + 20_000);
    const map = lines.findIndex((text) =>
      /^map reports [1-9]\d* done: OpAbortedError, OPERO_SHUTDOWN$/.test(text),
    );
    const aborted = lines.indexOf('stuck aborted: OPERO_SHUTDOWN');
    expect(lines).toContain('closing: true');
    expect(map).toBeGreaterThan(0);
    expect(aborted).toBeGreaterThan(0);
    expect(lines.indexOf('database closed')).toBeGreaterThan(Math.max(map, aborted));
  }, 60_000);
});
