import { describe, expect, it } from '@jest/globals';
import { currentCall, type HedgeOptions, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';

const down = () => new Error('down');

/** An operation whose attempts are settled by hand. */
function hedged(hedge: HedgeOptions = {}, more: OperoOptions = {}) {
  const harness = new Harness();
  const attempts: (ReturnType<typeof deferred<unknown>> & { signal: AbortSignal })[] = [];
  const operation = harness.operation({ hedge: { delay: 50, idempotent: true, ...hedge }, ...more });
  const method = () => {
    const own = { ...deferred<unknown>(), signal: currentCall().signal };
    attempts.push(own);
    return own.promise;
  };
  const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
  const fail = async (index: number, error: unknown) => {
    attempts[index]!.reject(error);
    await harness.clock.settle();
  };
  return { harness, attempts, operation, begin, fail, counts: operation.monitor.counts };
}

const retryOn = (on: OperoOptions['retry']): OperoOptions => ({ retry: on });

describe('a hedge after a failure', () => {
  it('does not begin where retry would not retry it [hard 4.2]', async () => {
    const { begin, fail, attempts } = hedged({}, retryOn({ retries: 0, retryOn: 'ECONNRESET' }));
    const outcome = settle(begin().result);
    const error = down();
    await fail(0, error);
    expect((await outcome).error).toBe(error);
    expect(attempts).toHaveLength(1);
  });

  it('begins where retryOn says so, also for what would not be retried otherwise [hard 4.2]', async () => {
    const { begin, fail, attempts } = hedged({}, retryOn({ retries: 0, retryOn: 404 }));
    const { result } = begin();
    await fail(0, httpError(404));
    expect(attempts).toHaveLength(2);
    attempts[1]!.resolve('second');
    expect(await result).toBe('second');
  });

  it('does not undercut Retry-After, neither at once nor when it is due, and waits for those that run [hard 4.2]', async () => {
    const { begin, fail, attempts, harness } = hedged(
      { maxHedges: 5 },
      retryOn({ retries: 1, jitter: 'none' }),
    );
    const { result } = begin();
    await harness.clock.advance(50);
    expect(attempts).toHaveLength(2);
    await fail(0, httpError(503, { 'retry-after': '10' }));
    await harness.clock.advance(5_000);
    expect(attempts).toHaveLength(2);
    expect(attempts[1]!.signal.aborted).toBe(false);
    await fail(1, down());
    await harness.clock.advance(9_999);
    expect(attempts).toHaveLength(2);
    await harness.clock.advance(1);
    expect(attempts).toHaveLength(3);
    attempts[2]!.resolve('third');
    expect(await result).toBe('third');
  });

  it('does not mind Retry-After where retry is told not to [hard 4.2]', async () => {
    const { begin, fail, attempts } = hedged({}, retryOn({ retries: 0, respectRetryAfter: false }));
    void settle(begin().result);
    await fail(0, httpError(503, { 'retry-after': '10' }));
    expect(attempts).toHaveLength(2);
  });

  it('goes by hedge.on where it is given [hard 4.2]', async () => {
    const { begin, fail, attempts, harness } = hedged({ on: 503, maxHedges: 3 }, retryOn({ retries: 0 }));
    const { result } = begin();
    await fail(0, httpError(503, { 'retry-after': '10' }));
    expect(attempts).toHaveLength(2);
    await harness.clock.advance(50);
    expect(attempts).toHaveLength(3);
    await fail(1, down());
    expect(attempts).toHaveLength(3);
    await harness.clock.advance(50);
    expect(attempts).toHaveLength(4);
    attempts[3]!.resolve('for slowness');
    expect(await result).toBe('for slowness');
  });

  it('does not begin after a refusal of ours, that of another operation included [hard 4.2]', async () => {
    const harness = new Harness();
    const inner = harness.wrap({ rateLimit: { limit: 1, interval: 60_000, mode: 'reject' } }, async () => 1);
    await inner();
    let bodies = 0;
    const call = harness.wrap(
      { hedge: { delay: 50, maxHedges: 5, idempotent: true } },
      () => (bodies++, inner()),
    );
    const { error } = await harness.outcome(call());
    expect(error).toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
    expect(bodies).toBe(1);
  });

  it('begins after nothing once the time of the call is over [hard 4.2]', async () => {
    const { begin, attempts, harness } = hedged({ delay: 99, maxHedges: 5 }, { timeout: { total: 100 } });
    const outcome = settle(begin().result);
    await harness.clock.advance(1_000);
    expect((await outcome).error).toMatchObject({ code: 'OPERO_TOTAL_TIMEOUT' });
    expect(attempts).toHaveLength(2);
    expect(harness.clock.pending).toBe(0);
  });
});

describe('the budget of hedges', () => {
  const small = { tokens: 5, refill: 0 };

  it('gets its tokens back for a hedge that was not let through [hard 4.2]', async () => {
    const { begin, attempts, harness, counts } = hedged(
      {},
      { bulkhead: 1, retry: { retries: 0, retryOnResult: () => false, budget: small } },
    );
    for (let time = 0; time < 5; time++) {
      const { result } = begin();
      await harness.clock.advance(50);
      attempts.at(-1)!.resolve(time);
      expect(await result).toBe(time);
    }
    expect(counts.hedge).toBe(5);
    expect(counts['retry-refusal']).toBe(0);
  });

  it('gets them back for one that lost while it waited for a slot [hard 4.2]', async () => {
    const { begin, attempts, harness, counts } = hedged(
      {},
      {
        bulkhead: { concurrency: 1, queue: 5 },
        retry: { retries: 0, retryOnResult: () => false, budget: small },
      },
    );
    for (let time = 0; time < 5; time++) {
      const { result } = begin();
      await harness.clock.advance(50);
      attempts.at(-1)!.resolve(time);
      expect(await result).toBe(time);
      await harness.clock.settle();
    }
    expect(attempts).toHaveLength(5);
    expect(counts.hedge).toBe(5);
  });

  it.each<[string, OperoOptions]>([
    ['hedges alone', {}],
    ['retries: 0', { retry: { retries: 0 } }],
    ['budget: false in retry', { retry: { retries: 1, budget: false } }],
    ['a retry that shares it', { retry: { retries: 1 } }],
  ])('recovers with the successes, with %s [hard 4.2]', async (_name, more) => {
    const { begin, attempts, harness, counts } = hedged({}, more);
    const hedge = async () => {
      const { result } = begin();
      await harness.clock.advance(50);
      attempts.at(-1)!.resolve('ok');
      await result;
    };
    for (let time = 0; time < 300 && counts['retry-refusal'] === 0; time++) await hedge();
    expect(counts['retry-refusal']).toBe(1);
    const before = counts.hedge;
    for (let time = 0; time < 10; time++) {
      const { result } = begin();
      attempts.at(-1)!.resolve('at once');
      await result;
    }
    await hedge();
    await hedge();
    expect(counts.hedge).toBe(before + 2);
  });

  it('is that of retry.budget also where nothing is retried [hard 4.2]', async () => {
    const { begin, attempts, harness, counts } = hedged(
      { maxHedges: 3 },
      { retry: { retries: 0, budget: small } },
    );
    const { result } = begin();
    await harness.clock.advance(1_000);
    expect(attempts).toHaveLength(2);
    expect(counts['retry-refusal']).toBe(1);
    attempts[0]!.resolve('ok');
    await result;
  });
});

describe('a result that is no better than a failure', () => {
  const failureOnResult = (result: unknown) => String(result).startsWith('bad');

  it('lets another attempt begin at once, and a better result win [hard 4.5]', async () => {
    const { begin, attempts, harness } = hedged({ delay: 5_000, failureOnResult, maxHedges: 2 });
    const { result } = begin();
    attempts[0]!.resolve('bad');
    await harness.clock.settle();
    expect(attempts).toHaveLength(2);
    attempts[1]!.resolve('good');
    expect(await result).toBe('good');
    expect(harness.clock.scheduled).toBe(0);
  });

  it('is the answer where no attempt gives a better one, the first of them, before any error [hard 4.5]', async () => {
    const { begin, attempts, fail, harness, counts } = hedged({
      delay: 5_000,
      failureOnResult,
      maxHedges: 2,
    });
    const { result } = begin();
    attempts[0]!.resolve('bad 1');
    await harness.clock.settle();
    attempts[1]!.resolve('bad 2');
    await harness.clock.settle();
    await fail(2, down());
    expect(await result).toBe('bad 1');
    expect(counts).toMatchObject({ success: 1, failure: 0 });
  });

  it('counts as a failure of the circuit, although the caller gets it [hard 4.5]', async () => {
    const harness = new Harness();
    const operation = harness.operation({
      circuitBreaker: {
        window: { type: 'consecutive', size: 2 },
        failureOnResult: (r: { ok: boolean }) => !r.ok,
      },
    });
    const run = (value: unknown) =>
      settle(
        operation.start({ self: undefined, method: async () => value, args: [] }, harness.runtime.root)
          .result,
      );
    const secret = { ok: false, token: 'S3CR3T' };
    expect((await run(secret)).value).toBe(secret);
    expect((await run({ ok: true })).ok).toBe(true);
    await run(secret);
    await run(secret);
    const { error } = await run({ ok: true });
    expect(error).toMatchObject({ code: 'OPERO_CIRCUIT_OPEN' });
    expect(error.cause.message).toContain('circuitBreaker.failureOnResult');
    expect(JSON.stringify(Object.getOwnPropertyDescriptors(error.cause))).not.toContain('S3CR3T');
  });

  it('is refused at boot where the circuit would be asked about a stream [hard 4.5]', () => {
    const options: OperoOptions = { circuitBreaker: { failureOnResult: () => true } };
    expect(() => new Harness().operation(options, { answers: 'observable' })).toThrow(
      'circuitBreaker.failureOnResult: got a method that returns an Observable',
    );
  });
});
