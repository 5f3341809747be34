import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  HttpException,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import {
  AllFailedError,
  failuresOf,
  RateLimitExceededError,
  seededRandom,
  UnacceptableResultError,
  type OperoOptions,
} from '../../lib/index.js';
import { isPermanent } from '../../lib/core/errors/index.js';
import { backoffDelay, retrySchema, type RetryOptions } from '../../lib/strategies/retry/index.js';
import * as v from 'valibot';
import { failing, Harness, httpError } from '../support/harness.js';

const delays = (options: RetryOptions, count: number, random = () => 1): number[] => {
  const resolved = v.parse(retrySchema, options);
  const result: number[] = [];
  for (let attempt = 1; attempt <= count; attempt++) {
    const previous = result.at(-1) ?? 0;
    result.push(backoffDelay(resolved, { attempt, previous, error: undefined }, random, 'Test.method'));
  }
  return result;
};

const exact = { jitter: 'none', minDelay: 100 } as const;

describe('the backoff [peers 14]', () => {
  it('grows exponentially by the factor', () => {
    expect(delays({ ...exact, backoffFactor: 3 }, 4)).toEqual([100, 300, 900, 2_700]);
  });

  it('grows by half each time unless a factor is given', () => {
    expect(delays(exact, 4)).toEqual([100, 150, 225, 337.5]);
  });

  it('grows linearly, not at all, or as Fibonacci numbers do', () => {
    expect(delays({ ...exact, backoff: 'linear' }, 4)).toEqual([100, 200, 300, 400]);
    expect(delays({ ...exact, backoff: 'constant' }, 4)).toEqual([100, 100, 100, 100]);
    expect(delays({ ...exact, backoff: 'fibonacci' }, 6)).toEqual([100, 100, 200, 300, 500, 800]);
  });

  it('never exceeds maxDelay, whatever the growth and the jitter', () => {
    for (const jitter of ['full', 'equal', 'decorrelated', 'none'] as const) {
      for (const backoff of ['exponential', 'linear', 'constant', 'fibonacci'] as const) {
        const all = delays({ jitter, backoff, maxDelay: 250, backoffFactor: 9 }, 40);
        expect(Math.max(...all)).toBeLessThanOrEqual(250);
      }
    }
    expect(delays({ backoff: () => 1e12, maxDelay: 250 }, 1)).toEqual([250]);
  });

  it.each([
    ['full', 0, 100],
    ['equal', 50, 100],
    ['decorrelated', 100, 300],
  ] as const)('spreads the first wait with %s jitter from %d to %d ms', (jitter, from, to) => {
    const random = seededRandom(7);
    const samples = Array.from({ length: 2_000 }, () => {
      const resolved = v.parse(retrySchema, { jitter, minDelay: 100 });
      return backoffDelay(resolved, { attempt: 1, previous: 100, error: undefined }, random, 'x');
    });
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(from);
    expect(Math.max(...samples)).toBeLessThanOrEqual(to);
    expect(Math.max(...samples) - Math.min(...samples)).toBeGreaterThan((to - from) * 0.9);
  });

  it('tells which operation has a backoff function that answers nonsense', async () => {
    const harness = new Harness();
    const down = new Error('x');
    const call = harness.wrap({ retry: { backoff: () => NaN } }, failing([down], 1).method);
    expect((await harness.outcome(call())).error).toBe(down);
    expect(harness.warnings).toEqual([
      expect.stringContaining('Test.method1: retry.backoff: returned NaN, allowed: a duration in ms'),
    ]);
  });
});

describe('RetryStrategy', () => {
  it.each([0, 1, 2, 3, 7])('calls %d times more than once [peers 14]', async (retries) => {
    for (const backoff of ['exponential', 'linear', 'constant', 'fibonacci', () => 5] as const) {
      const harness = new Harness();
      const { method, calls } = failing(Array(99).fill(new Error('down')), 'never');
      const { ok } = await harness.outcome(harness.wrap({ retry: { retries, backoff } }, method)());
      expect(ok).toBe(false);
      expect(calls()).toBe(retries + 1);
    }
  });

  it('does not wait after the last failure [peers 14]', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      { retry: { ...exact, retries: 2, backoff: 'constant' } },
      failing(Array(9).fill(new Error('x')), 0).method,
    );
    const before = harness.clock.now();
    await harness.outcome(call());
    expect(harness.clock.now() - before).toBe(200);
    expect(harness.clock.pending).toBe(0);
  });

  it('does not turn a wait of more than 2^31 ms into a tight loop [peers 14]', async () => {
    const harness = new Harness();
    const { method, calls } = failing([new Error('x')], 'ok');
    const call = harness.wrap({ retry: { ...exact, minDelay: 2 ** 33, maxDelay: 2 ** 34 } }, method);
    const result = call();
    await harness.clock.advance(2 ** 32);
    expect(calls()).toBe(1);
    await harness.clock.advance(2 ** 33);
    await expect(result).resolves.toBe('ok');
  });

  it('fails with every failure, the last one as cause, when asked to [hard 3.2]', async () => {
    const harness = new Harness();
    const errors = [new Error('first'), new RangeError('network'), new Error('last')];
    const call = harness.wrap(
      { retry: { ...exact, retries: 2, retryOn: () => true, exhausted: 'aggregate' } },
      failing(errors, 0).method,
    );
    const { error } = await harness.outcome(call());
    expect(error).toBeInstanceOf(AllFailedError);
    expect(error.errors.map((failure: { error: Error }) => failure.error)).toEqual(errors);
    expect(error.errors.map((failure: { attempt: number }) => failure.attempt)).toEqual([1, 2, 3]);
    expect(error.errors.map((failure: { delay: number }) => failure.delay)).toEqual([0, 100, 150]);
    expect(error.cause).toBe(errors[2]);
    expect(error.byType()).toEqual({ Error: 2, RangeError: 1 });
    expect(error.summary()).toContain('attempt 3, 0 ms: Error: last');
    expect(error.message).toBe('Test.method1 failed in all 3 attempts, the last with Error: last');
    expect(error.stack).toContain(`caused by ${errors[2]!.stack}`);
    expect(failuresOf(error)).toEqual(error.errors);
  });

  it.each([{}, { exhausted: 'last' as const }])(
    'fails with the last error itself, untouched, and tells every attempt of it beside it [peers 14] [hard 3.2]',
    async (exhausted) => {
      const harness = new Harness();
      const last = Object.freeze(new TypeError('last'));
      const call = harness.wrap(
        { retry: { retries: 1, ...exhausted, retryOn: () => true } },
        failing([new Error('a'), last], 0).method,
      );
      expect((await harness.outcome(call())).error).toBe(last);
      expect(failuresOf(last).map(({ attempt, error }) => [attempt, (error as Error).message])).toEqual([
        [1, 'a'],
        [2, 'last'],
      ]);
      expect(failuresOf(new Error('of nobody'))).toEqual([]);
      expect(failuresOf('text')).toEqual([]);
    },
  );

  it('fails with every failure where an argument has alternatives [hard 3.2]', async () => {
    const harness = new Harness();
    const call = harness.wrap({ retry: 1 }, async (which?: string) => Promise.reject(new Error(which)), {
      fallbackArguments: new Map([[0, ['first', 'second']]]),
    });
    const { error } = await harness.outcome(call());
    expect(error).toBeInstanceOf(AllFailedError);
    expect(error.errors).toHaveLength(4);
  });

  it('leaves the error of a call that was tried once untouched', async () => {
    const harness = new Harness();
    const error = new BadRequestException();
    const call = harness.wrap({ retry: 3 }, failing([error], 0).method);
    expect((await harness.outcome(call())).error).toBe(error);
  });

  it('ends at an error that must not be retried, with that error', async () => {
    const harness = new Harness();
    const gone = new NotFoundException();
    const { method, calls } = failing([new Error('passing'), gone], 0);
    expect((await harness.outcome(harness.wrap({ retry: 5 }, method)())).error).toBe(gone);
    expect(calls()).toBe(2);
  });

  it('does not multiply with the retries of a call inside, unless told to', async () => {
    const attempts = async (outer: RetryOptions) => {
      const harness = new Harness();
      const { method, calls } = failing(Array(99).fill(new Error('down')), 0);
      const inner = harness.wrap({ retry: 2 }, method);
      await harness.outcome(harness.wrap({ retry: outer }, () => inner())());
      return calls();
    };
    expect(await attempts({ retries: 2 })).toBe(3);
    expect(await attempts({ retries: 2, retryOn: Error })).toBe(9);
  });

  it('retries a result that is not accepted, and in the end returns it or fails, as asked [peers 14] [hard 3.2]', async () => {
    const harness = new Harness();
    let calls = 0;
    const retry: RetryOptions = { retries: 2, retryOnResult: (result: string) => result === 'pending' };
    const pending = (options: OperoOptions) =>
      harness.outcome(harness.wrap(options, async () => (calls++, 'pending'))());
    expect((await pending({ retry })).value).toBe('pending');
    expect(calls).toBe(3);
    const { error } = await pending({ retry: { ...retry, exhausted: 'aggregate' } });
    expect(error).toBeInstanceOf(AllFailedError);
    expect(error.cause).toBeInstanceOf(UnacceptableResultError);
    expect((await pending({ retry, fallback: { value: 'none' } })).value).toBe('none');
  });

  it('gives up at once when the wait would outlast the total timeout', async () => {
    const harness = new Harness();
    const error = new Error('down');
    const call = harness.wrap(
      { retry: { ...exact, minDelay: 5_000 }, timeout: { total: 1_000 } },
      failing([error], 0).method,
    );
    const before = harness.clock.now();
    expect((await harness.outcome(call())).error).toBe(error);
    expect(harness.clock.now()).toBe(before);
  });

  it('waits at least as long as Retry-After asks, and not at all beyond maxDelay', async () => {
    const wait = async (header: string, options: RetryOptions = {}) => {
      const harness = new Harness();
      const call = harness.wrap(
        { retry: { ...exact, ...options } },
        failing([httpError(503, { 'retry-after': header })], 1).method,
      );
      const before = harness.clock.now();
      await harness.outcome(call());
      return harness.clock.now() - before;
    };
    expect(await wait('3')).toBe(3_000);
    expect(await wait('0')).toBe(100);
    expect(await wait('999999')).toBe(0);
    expect(await wait('30')).toBe(30_000);
    expect(await wait('2', { maxDelay: 1_000 })).toBe(0);
    expect(await wait('-1')).toBe(100);
    expect(await wait('NaN')).toBe(100);
    expect(await wait('3', { respectRetryAfter: false })).toBe(100);
  });

  it('understands Retry-After as a date, by the injected wall clock', async () => {
    const harness = new Harness();
    const date = new Date(Math.ceil(harness.clock.date() / 1_000) * 1_000 + 7_000);
    const call = harness.wrap(
      { retry: exact },
      failing([httpError(503, { 'retry-after': date.toUTCString() })], 1).method,
    );
    await harness.outcome(call());
    expect(harness.clock.date()).toBe(date.getTime());
  });

  it('tells onRetry before each wait, and does not care what it does [peers 18]', async () => {
    const seen: unknown[] = [];
    const harness = new Harness();
    const onRetry = (event: { attempt: number; delay?: number }) => {
      seen.push([event.attempt, event.delay]);
      if (seen.length === 1) throw new Error('a hook');
      return Promise.reject(undefined);
    };
    const call = harness.wrap(
      { retry: { ...exact, retries: 2, onRetry } },
      failing([new Error('a'), new Error('b')], 'ok').method,
    );
    expect((await harness.outcome(call())).value).toBe('ok');
    expect(seen).toEqual([
      [1, 100],
      [2, 150],
    ]);
  });
});

describe('what is worth a retry [peers 15]', () => {
  const network = (code: string) =>
    Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(), { code }) });
  const zod = Object.assign(new Error('invalid'), { name: 'ZodError' });
  const refusal = new RateLimitExceededError('full', 'Other.method', 10);

  it.each<[string, unknown, boolean]>([
    ['400', new HttpException('x', 400), false],
    ['401', new HttpException('x', 401), false],
    ['404', new NotFoundException(), false],
    ['422', httpError(422), false],
    ['408', new HttpException('x', 408), true],
    ['425', httpError(425), true],
    ['429 rethrown as an HttpException', new HttpException('x', 429), true],
    ['503', new ServiceUnavailableException(), true],
    ['500 of axios', httpError(500), true],
    ['400 of undici', Object.assign(new Error(), { statusCode: 400 }), false],
    ['ECONNRESET', Object.assign(new Error(), { code: 'ECONNRESET' }), true],
    ['a network error of fetch', network('ECONNREFUSED'), true],
    ['a bug', new TypeError('x is not a function'), false],
    ['a missing variable', new ReferenceError('x is not defined'), false],
    ['a validation error', zod, false],
    ['an abort', new DOMException('stop', 'AbortError'), false],
    ['a timeout of AbortSignal.timeout', new DOMException('late', 'TimeoutError'), true],
    ['gRPC UNAVAILABLE', Object.assign(new Error(), { code: 14, details: '' }), true],
    ['gRPC INVALID_ARGUMENT', Object.assign(new Error(), { code: 3, details: '' }), false],
    ['an RpcException around a 404', { getError: () => ({ status: 404 }) }, false],
    ['a refusal of ours', refusal, false],
    ['an inner call that has spent its attempts', new AllFailedError('Inner.method', []), false],
    ['undefined', undefined, true],
    ['a string', 'down', true],
  ])('%s', (_name, error, worth) => {
    expect(isPermanent(error)).toBe(!worth);
  });

  it('takes classes, codes, statuses and functions instead', async () => {
    class Busy extends Error {}
    const conditions = [Busy, 'EBUSY', 418, (error: unknown) => error === 'soon'];
    const attempts = async (error: unknown) => {
      const harness = new Harness();
      const { method, calls } = failing([error], 1);
      await harness.outcome(harness.wrap({ retry: { retryOn: conditions } }, method)());
      return calls();
    };
    expect(await attempts(new Busy())).toBe(2);
    expect(await attempts(Object.assign(new Error(), { code: 'EBUSY' }))).toBe(2);
    expect(await attempts(httpError(418))).toBe(2);
    expect(await attempts('soon')).toBe(2);
    expect(await attempts(new Error('other'))).toBe(1);
  });
});
