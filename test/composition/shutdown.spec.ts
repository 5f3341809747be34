import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { currentCall, OperoShutdownError } from '../../lib/index.js';
import { OpAbortedError } from '../../lib/map/index.js';
import { Harness, settle } from '../support/harness.js';
import { runOver, upTo } from '../support/runs.js';

describe('a shutdown [peers 23]', () => {
  it('ends runs over items that wait for something else than a call [hard 1.2]', async () => {
    const harness = new Harness();
    const shouldProcess = () => new Promise<boolean>(() => undefined);
    const run = runOver(harness, upTo(3), async () => 1, { shouldProcess });
    const outcome = settle(run as PromiseLike<unknown> as Promise<unknown>);
    await harness.clock.settle();
    const closing = harness.runtime.close(100);
    await harness.clock.advance(100);
    await closing;
    const { error } = await outcome;
    expect(error).toBeInstanceOf(OpAbortedError);
    expect(error.cause).toBeInstanceOf(OperoShutdownError);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('that begins as the time of a call is over lets no fallback begin [hard 1.1]', async () => {
    const harness = new Harness();
    let begun = 0;
    const never = () => new Promise<never>(() => undefined);
    const call = harness.wrap({ timeout: { total: 100 }, fallback: () => (begun++, never()) }, never);
    harness.runtime.events.on('timeout', () => harness.runtime.stop());
    const outcome = settle(call());
    await harness.clock.advance(100);
    expect((await outcome).error).toBeInstanceOf(OperoShutdownError);
    expect(begun).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('ends waits that cannot be over in time at once, and lets the others end', async () => {
    const harness = new Harness();
    const failing = async () => Promise.reject(new Error('down'));
    const exact = { jitter: 'none', backoff: 'constant', retries: 1 } as const;
    const long = harness.wrap({ retry: { ...exact, minDelay: 20_000 } }, failing);
    const short = harness.wrap({ retry: { ...exact, minDelay: 200 } }, failing);
    const limited = harness.wrap({ rateLimit: { limit: 1, interval: 9_000 } }, async () => 1);
    await limited();
    const outcomes = [long(), short(), limited()].map((call) => settle(call));
    await harness.clock.settle();
    let closed = false;
    const close = harness.runtime.close(1_000).then(() => (closed = true));
    await harness.clock.settle();
    expect((await outcomes[0]!).error).toBeInstanceOf(OperoShutdownError);
    expect((await outcomes[2]!).error).toBeInstanceOf(OperoShutdownError);
    expect(closed).toBe(false);
    await harness.clock.advance(200);
    expect((await outcomes[1]!).error).not.toBeInstanceOf(OperoShutdownError);
    await close;
    expect(harness.clock.scheduled).toBe(0);
  });

  it('aborts at the deadline what is still running, and resolves then', async () => {
    const harness = new Harness();
    let signal: AbortSignal | undefined;
    const stuck = harness.wrap({}, () => {
      signal = currentCall().signal;
      return new Promise(() => undefined);
    });
    const outcome = settle(stuck());
    const close = harness.runtime.close(1_000);
    await harness.clock.advance(999);
    expect(signal!.aborted).toBe(false);
    await harness.clock.advance(1);
    await close;
    expect((await outcome).error).toMatchObject({ code: 'OPERO_SHUTDOWN', operation: 'Test.method1' });
    expect(signal!.reason).toBeInstanceOf(OperoShutdownError);
    expect(harness.clock.scheduled).toBe(0);
  });

  it('begins no wait that would go beyond the deadline', async () => {
    const harness = new Harness();
    const call = harness.wrap({ retry: { retries: 5, minDelay: 5_000, jitter: 'none' } }, async () =>
      Promise.reject(new Error('down')),
    );
    let finish!: () => void;
    const busy = harness.wrap({}, () => new Promise<void>((resolve) => (finish = resolve)))();
    const close = harness.runtime.close(1_000);
    expect((await settle(call())).error.message).toBe('down');
    finish();
    await busy;
    await close;
    expect(harness.clock.pending).toBe(0);
  });

  it('is not needed: a script that made calls ends by itself', async () => {
    const script = `
      import 'reflect-metadata';
      import { NestFactory } from '@nestjs/core';
      import { OperoModule, OperoService } from 'nestjs-opero';
      const app = await NestFactory.createApplicationContext(OperoModule.forRoot(), { logger: false });
      const options = { name: 'script', timeout: 60_000, retry: 3, cache: 60_000, rateLimit: 1 };
      await app.get(OperoService).run(options, async () => 1, { args: [] });
      console.log('done');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    const startedAt = Date.now();
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect({ code, output }).toEqual({ code: 0, output: 'done\n' });
    expect(Date.now() - startedAt).toBeLessThan(30_000);
  });
});
