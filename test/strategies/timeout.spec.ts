import { describe, expect, it } from '@jest/globals';
import { AttemptTimeoutError, currentCall, TotalTimeoutError } from '../../lib/index.js';
import { Call } from '../../lib/core/call/index.js';
import { deferred, Harness, settle } from '../support/harness.js';

const never = () => new Promise<never>(() => undefined);

describe('timeouts [peers 12]', () => {
  it('ends an attempt of a method that does not listen', async () => {
    const harness = new Harness();
    const { error } = await harness.outcome(harness.wrap({ timeout: 50 }, never)());
    expect(error).toBeInstanceOf(AttemptTimeoutError);
    expect(error).toMatchObject({ code: 'OPERO_ATTEMPT_TIMEOUT', timeout: 50, operation: 'Test.method1' });
    expect(harness.clock.pending).toBe(0);
  });

  it('aborts the signal of the slow call only', async () => {
    const harness = new Harness();
    const signals: AbortSignal[] = [];
    const innocent = deferred<string>();
    const call = harness.wrap({ timeout: 100 }, (work: Promise<unknown>) => {
      signals.push(currentCall().signal);
      return work;
    });
    const slow = settle(call(never()));
    await harness.clock.advance(60);
    const quick = call(innocent.promise);
    await harness.clock.advance(60);
    innocent.resolve('fine');
    await expect(quick).resolves.toBe('fine');
    expect((await slow).error).toBeInstanceOf(AttemptTimeoutError);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]!.reason).toBeInstanceOf(AttemptTimeoutError);
  });

  it('gives each attempt a signal of its own, and never aborts it after success', async () => {
    const harness = new Harness();
    const signals: AbortSignal[] = [];
    const call = harness.wrap({ timeout: 100, retry: { retries: 1, jitter: 'none' } }, () => {
      signals.push(currentCall().signal);
      return signals.length === 1 ? never() : Promise.resolve('body still readable');
    });
    await harness.outcome(call());
    await harness.clock.advance(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]).not.toBe(signals[1]);
  });

  it('takes care of a rejection that comes too late', async () => {
    const harness = new Harness();
    const late = deferred();
    const { error } = await harness.outcome(harness.wrap({ timeout: 50 }, () => late.promise)());
    late.reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(error).toBeInstanceOf(AttemptTimeoutError);
  });

  it('rejects with the reason of the caller, and without a timeout', async () => {
    const harness = new Harness();
    const operation = harness.operation({ timeout: 5_000 });
    const { call, result } = operation.start(
      { self: undefined, method: never, args: [] },
      harness.runtime.root,
    );
    const reason = new Error('no longer needed');
    await harness.clock.advance(10);
    call.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(operation.monitor.counts).toMatchObject({ timeout: 0, abort: 1, failure: 0 });
    expect(harness.clock.pending).toBe(0);
  });

  it('does not fire early when it is longer than a timer can be', async () => {
    const harness = new Harness();
    const work = deferred<string>();
    const result = harness.wrap({ timeout: 2 ** 31 + 1 }, () => work.promise)();
    await harness.clock.advance(2 ** 31);
    work.resolve('in time');
    await expect(result).resolves.toBe('in time');
  });

  it('ends all attempts and waits when the total is over, with the last failure as cause', async () => {
    const harness = new Harness();
    const failure = new Error('down');
    let calls = 0;
    const call = harness.wrap(
      {
        timeout: { total: 1_000 },
        retry: { retries: 9, jitter: 'none', backoff: 'constant', minDelay: 300 },
      },
      () => (++calls < 4 ? Promise.reject(failure) : never()),
    );
    const before = harness.clock.now();
    const { error } = await harness.outcome(call());
    expect(error).toBeInstanceOf(TotalTimeoutError);
    expect(error.cause).toBe(failure);
    expect(harness.clock.now() - before).toBe(1_000);
    expect(calls).toBe(4);
    expect(harness.clock.pending).toBe(0);
  });

  it('lets a fallback answer after the total timeout, with time of its own', async () => {
    const harness = new Harness();
    const inner = harness.wrap({ timeout: 400 }, async () => 'from elsewhere');
    const call = harness.wrap({ timeout: { total: 100 }, fallback: () => inner() }, never);
    expect((await harness.outcome(call())).value).toBe('from elsewhere');
  });

  it('tells a method until when it has time', async () => {
    const harness = new Harness();
    const deadlines: number[] = [];
    const inner = harness.wrap({}, async () => void deadlines.push(currentCall().deadline));
    const outer = harness.wrap({ timeout: { attempt: 100, total: 500 } }, async () => {
      deadlines.push(currentCall().deadline);
      await inner();
    });
    const now = harness.clock.now();
    await harness.outcome(outer());
    expect(deadlines).toEqual([now + 100, now + 100]);
  });

  it('gives up what a call has begun inside of itself', async () => {
    const harness = new Harness();
    let inner: unknown;
    const nested = harness.wrap({ retry: 5 }, never);
    const outer = harness.wrap({ timeout: 100 }, async () => {
      await nested().catch((error: unknown) => (inner = error));
    });
    const { error } = await harness.outcome(outer());
    await harness.clock.settle();
    expect(inner).toBe(error);
    expect(harness.runtime.root.children().filter((child) => child instanceof Call)).toEqual([]);
  });

  it('shares one timer between all calls of a duration, and leaves none that keeps the process alive', async () => {
    const harness = new Harness();
    const call = harness.wrap({ timeout: 1_000 }, async () => 1);
    await Promise.all(Array.from({ length: 500 }, () => call()));
    expect(harness.clock.pending).toBe(0);
    expect(harness.clock.scheduled).toBe(1);
    await harness.runtime.close(0);
    expect(harness.clock.scheduled).toBe(0);
  });
});
