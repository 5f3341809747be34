import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import {
  AllFailedError,
  CircuitOpenError,
  currentCall,
  failuresOf,
  type OperoOptions,
} from '../../lib/index.js';
import { Latencies } from '../../lib/strategies/hedge/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';

const idempotent = true;

/** An operation whose attempts are settled by hand. */
function hedged(hedge: OperoOptions['hedge'], more: OperoOptions = {}) {
  const harness = new Harness();
  const attempts: (ReturnType<typeof deferred<unknown>> & { signal: AbortSignal; hedge: number })[] = [];
  const operation = harness.operation({ hedge, ...more });
  const method = () => {
    const { signal, hedge: index } = currentCall();
    const own = { ...deferred<unknown>(), signal, hedge: index };
    attempts.push(own);
    return own.promise;
  };
  const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
  return { harness, attempts, operation, begin, counts: operation.monitor.counts };
}

describe('a hedge', () => {
  it('begins when the first attempt takes too long; the first answer wins and the loser is aborted', async () => {
    const { harness, attempts, begin, counts, operation } = hedged({ delay: 50, idempotent });
    const { result } = begin();
    await harness.clock.advance(49);
    expect(attempts).toHaveLength(1);
    await harness.clock.advance(1);
    expect(attempts.map(({ hedge }) => hedge)).toEqual([0, 1]);
    attempts[1]!.resolve('second');
    expect(await result).toBe('second');
    expect(attempts[0]!.signal.aborted).toBe(true);
    expect(attempts[1]!.signal.aborted).toBe(false);
    expect(counts).toMatchObject({ success: 1, failure: 0, hedge: 1, 'hedge-win': 1 });
    attempts[0]!.reject(new Error('late'));
    await harness.clock.settle();
    expect(operation.monitor.running).toBe(0);
    expect(harness.clock.scheduled).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('does not begin when the answer is there in time, nor for a synchronous answer', async () => {
    const { harness, attempts, begin } = hedged({ delay: 50, idempotent });
    const { result } = begin();
    attempts[0]!.resolve('first');
    expect(await result).toBe('first');
    await harness.clock.advance(100);
    expect(attempts).toHaveLength(1);
    const call = harness.wrap({ hedge: { delay: 50, idempotent } }, () => 7 as unknown as Promise<number>);
    expect(await call()).toBe(7);
    expect(harness.clock.scheduled).toBe(0);
  });

  it('never takes a failure for the answer while another attempt may still give one [anchors j]', async () => {
    const { harness, attempts, begin } = hedged({ delay: 50, idempotent });
    const { result } = begin();
    await harness.clock.advance(50);
    attempts[0]!.reject(new Error('down'));
    await harness.clock.settle();
    expect(attempts[1]!.signal.aborted).toBe(false);
    attempts[1]!.resolve('second');
    expect(await result).toBe('second');
  });

  it('begins at once when an attempt fails, and tells every failure when all do', async () => {
    const { harness, attempts, begin } = hedged({ delay: 5_000, maxHedges: 2, idempotent });
    const outcome = settle(begin().result);
    const errors = [new Error('a'), new Error('b'), new Error('c')];
    for (const [index, error] of errors.entries()) {
      expect(attempts).toHaveLength(index + 1);
      attempts[index]!.reject(error);
      await harness.clock.settle();
    }
    const { error } = await outcome;
    expect(failuresOf(error).map(({ hedge, error: cause }: any) => [hedge, cause])).toEqual([
      ...errors.entries(),
    ]);
    expect(new AllFailedError('', failuresOf(error)).summary()).toContain('attempt 1 (hedge 2)');
    expect(harness.clock.scheduled).toBe(0);
  });

  it('is no answer to a failure that cannot get better: it is told, and the others are aborted', async () => {
    const { harness, attempts, begin } = hedged({ delay: 50, maxHedges: 2, idempotent });
    const outcome = settle(begin().result);
    await harness.clock.advance(50);
    const error = httpError(404);
    attempts[0]!.reject(error);
    expect((await outcome).error).toBe(error);
    expect(attempts).toHaveLength(2);
    expect(attempts[1]!.signal.aborted).toBe(true);
  });

  it('passes over a result that is not accepted, asking once about each', async () => {
    const asked: unknown[] = [];
    const { harness, attempts, begin } = hedged(
      { delay: 50, idempotent },
      { retry: { retries: 0, retryOnResult: (result: unknown) => (asked.push(result), result === 'bad') } },
    );
    const { result } = begin();
    attempts[0]!.resolve('bad');
    await harness.clock.settle();
    attempts[1]!.resolve('good');
    expect(await result).toBe('good');
    expect(asked).toEqual(['bad', 'good']);
  });

  it('belongs to one attempt of retry, which begins anew when all have failed', async () => {
    const { harness, attempts, begin } = hedged(
      { delay: 50, idempotent },
      { retry: { retries: 1, minDelay: 10, jitter: 'none' } },
    );
    const { result } = begin();
    attempts[0]!.reject(new Error('a'));
    await harness.clock.settle();
    attempts[1]!.reject(new Error('b'));
    await harness.clock.advance(10);
    expect(attempts.map(({ hedge }) => hedge)).toEqual([0, 1, 0]);
    attempts[2]!.resolve('third');
    expect(await result).toBe('third');
  });

  it('that is refused harms nobody', async () => {
    const { harness, attempts, begin } = hedged({ delay: 50, idempotent }, { bulkhead: 1 });
    const { result } = begin();
    await harness.clock.advance(50);
    attempts[0]!.resolve('first');
    expect(await result).toBe('first');
    const failing = hedged({ delay: 50, idempotent }, { bulkhead: 1 });
    const outcome = settle(failing.begin().result);
    await failing.harness.clock.advance(50);
    const down = httpError(400);
    failing.attempts[0]!.reject(down);
    expect((await outcome).error).toBe(down);
  });

  it('is not begun when the circuit refuses', async () => {
    const { begin, attempts, harness } = hedged(
      { delay: 50, idempotent },
      { circuitBreaker: { window: { type: 'consecutive', size: 2 } } },
    );
    const first = settle(begin().result);
    attempts[0]!.reject(new Error('down'));
    await harness.clock.settle();
    attempts[1]!.reject(new Error('down'));
    await first;
    expect((await settle(begin().result)).error).toBeInstanceOf(CircuitOpenError);
    expect(attempts).toHaveLength(2);
  });

  it('that loses says nothing to the circuit, and frees its slot', async () => {
    const { begin, attempts, harness, operation } = hedged(
      { delay: 50, idempotent },
      { circuitBreaker: { window: { type: 'consecutive', size: 1 } }, bulkhead: 2 },
    );
    for (let time = 0; time < 3; time++) {
      const { result } = begin();
      await harness.clock.advance(50);
      attempts.at(-1)!.resolve(time);
      expect(await result).toBe(time);
      await harness.clock.settle();
    }
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('closed');
  });

  it('ends with its call, aborted by the caller in one turn with the reason of the caller', async () => {
    const { begin, attempts, harness, counts } = hedged({ delay: 50, idempotent });
    const { call, result } = begin();
    await harness.clock.advance(50);
    const reason = new Error('enough');
    call.abort(reason);
    expect(attempts.map(({ signal }) => signal.reason)).toEqual([reason, reason]);
    expect((await settle(result)).error).toBe(reason);
    expect(counts).toMatchObject({ abort: 1, failure: 0 });
    expect(harness.clock.scheduled).toBe(0);
  });

  it('runs in the async context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const harness = new Harness();
    const seen: unknown[] = [];
    const call = harness.wrap({ hedge: { delay: 50, maxHedges: 2, idempotent } }, () => {
      seen.push(storage.getStore());
      return seen.length < 3 ? new Promise(() => undefined) : Promise.resolve('done');
    });
    const result = storage.run('caller', call);
    await storage.run('somebody else', () => harness.clock.advance(100));
    expect(await result).toBe('done');
    expect(seen).toEqual(['caller', 'caller', 'caller']);
  });
});

describe('the budget of hedges', () => {
  it('is that of the retries; spent, it leaves the first attempt alone', async () => {
    const { harness, attempts, begin, counts } = hedged(
      { delay: 50, maxHedges: 3, idempotent },
      { retry: { retries: 0, retryOnResult: () => false, budget: { tokens: 10, refill: 0 } } },
    );
    const { result } = begin();
    await harness.clock.advance(1_000);
    expect(attempts).toHaveLength(3);
    expect(counts['retry-refusal']).toBe(1);
    attempts[0]!.resolve('first');
    expect(await result).toBe('first');
  });

  it('keeps the extra load to a fifth of the calls when every call is slow', async () => {
    const harness = new Harness();
    let bodies = 0;
    const call = harness.wrap({ hedge: { delay: 10, idempotent } }, () => {
      bodies++;
      return new Promise<void>((resolve) => harness.clock.schedule(30, resolve));
    });
    for (let time = 0; time < 2_000; time++) {
      const result = call();
      await harness.clock.advance(30);
      await result;
    }
    // 500 tokens at first, 2 000 from the successes, 60 from the minute that went by; a hedge costs 5.
    expect(bodies - 2_000).toBeGreaterThan(505);
    expect(bodies - 2_000).toBeLessThanOrEqual((500 + 2_000 + 60) / 5);
  });
});

describe('a live quantile', () => {
  it('hedges nothing until enough answers are known, then what is slower than most', async () => {
    const { harness, attempts, begin } = hedged({ delay: { quantile: 0.9, minimumCalls: 10 }, idempotent });
    for (let time = 1; time <= 10; time++) {
      const { result } = begin();
      await harness.clock.advance(10 * time);
      attempts.at(-1)!.resolve(time);
      await result;
    }
    expect(attempts).toHaveLength(10);
    const { result } = begin();
    await harness.clock.advance(89);
    expect(attempts).toHaveLength(11);
    await harness.clock.advance(1);
    expect(attempts).toHaveLength(12);
    attempts[11]!.resolve('hedge');
    expect(await result).toBe('hedge');
  });

  it('is the nearest rank of the last 128 answers', () => {
    const latencies = new Latencies(0.95, 20);
    for (let duration = 1; duration <= 19; duration++) latencies.add(duration);
    expect(latencies.value()).toBeUndefined();
    latencies.add(20);
    expect(latencies.value()).toBe(19);
    for (let duration = 0; duration < 128; duration++) latencies.add(7);
    expect(latencies.value()).toBe(7);
  });

  it('halves the 99th percentile with few calls more when one in twenty is slow', async () => {
    const harness = new Harness();
    let bodies = 0;
    const method = () => {
      const slow = ++bodies % 20 === 0;
      return new Promise<void>((resolve) => harness.clock.schedule(slow ? 1_000 : 20, resolve).unref());
    };
    const call = harness.wrap({ hedge: { delay: { quantile: 0.94 }, idempotent } }, method);
    const durations: number[] = [];
    for (let time = 0; time < 1_000; time++) {
      const startedAt = harness.clock.now();
      const outcome = settle(call());
      let over = false;
      void outcome.then(() => (over = true));
      while (!over) await harness.clock.advance(5);
      durations.push(harness.clock.now() - startedAt);
    }
    const p99 = durations.slice(100).sort((a, b) => a - b)[Math.floor(0.99 * 900)]!;
    expect(p99).toBeLessThanOrEqual(500);
    expect(bodies).toBeLessThanOrEqual(1_070);
  });
});

describe('a hedge is refused', () => {
  const problems = (options: OperoOptions, target = {}) => {
    try {
      new Harness().operation(options, target);
      return [];
    } catch (error) {
      return (error as { problems: string[] }).problems.map((line) => line.replace('Test.method1: ', ''));
    }
  };

  it('on methods not said to be idempotent, on synchronous ones and on Observables', () => {
    expect(problems({ hedge: true })).toEqual([
      'hedge: got a method that is not said to be idempotent, allowed: with hedge.idempotent or retry.idempotent true',
    ]);
    expect(problems({ hedge: true, retry: { idempotent: true } })).toEqual([]);
    expect(problems({ hedge: { idempotent } }, { answers: 'direct' })[0]).toContain('a synchronous method');
    expect(problems({ hedge: { idempotent } }, { answers: 'observable' })[0]).toContain('an Observable');
  });

  it('when it would never begin, or is no delay', () => {
    expect(problems({ hedge: { delay: 900, idempotent }, timeout: 800 })).toEqual([
      'hedge.delay: got 900, allowed: less than the timeout, which is 800',
    ]);
    expect(problems({ hedge: { delay: { quantile: 2 }, idempotent } })).toEqual([
      'hedge.delay.quantile: got 2, allowed: a number between 0 and 1',
    ]);
    expect(problems({ hedge: { delay: { quantile: 0.9, minimalCalls: 3 } as never, idempotent } })).toEqual([
      'hedge.delay.minimalCalls: got an unknown name (did you mean minimumCalls?), allowed: quantile, minimumCalls',
    ]);
  });
});
