import { describe, expect, it } from '@jest/globals';
import {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  currentCall,
  RateLimitExceededError,
  seededRandom,
  type CircuitBreakerOptions,
  type OperoOptions,
} from '../../lib/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';

const down = new Error('down');
const never = () => new Promise<never>(() => undefined);
const one = { window: { type: 'consecutive', size: 1 }, openDuration: 1_000 } as const;

/** An operation whose calls do what they are told. */
function operate(options: OperoOptions) {
  const harness = new Harness();
  const operation = harness.operation(options);
  const state = { bodies: 0 };
  const begin = (work: () => unknown) => {
    const method = () => (state.bodies++, work());
    return operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
  };
  const run = (work: () => unknown) => harness.outcome(begin(work).result);
  return {
    harness,
    operation,
    state,
    begin,
    run,
    circuit: () => operation.snapshot().strategies?.circuitBreaker?.state,
  };
}

const opened = async (more: CircuitBreakerOptions = {}) => {
  const breaker = operate({ circuitBreaker: { ...one, ...more } });
  await breaker.run(() => Promise.reject(down));
  await breaker.harness.clock.advance(1_000);
  return breaker;
};

describe('what the best libraries get wrong', () => {
  it('[anchors a] a probe that never returns does not leave the circuit half-open', async () => {
    const { begin, run, harness, circuit } = await opened({ halfOpenTimeout: 500 });
    void settle(begin(never).result);
    await harness.clock.advance(500);
    expect(circuit()).toBe('open');
    await harness.clock.advance(1_000);
    expect((await run(async () => 1)).value).toBe(1);
    expect(circuit()).toBe('closed');
  });

  it('[anchors b] a probe that is cancelled, and a success from before, do not close the circuit', async () => {
    const breaker = operate({ circuitBreaker: one });
    const early = deferred<number>();
    const before = breaker.begin(() => early.promise);
    await breaker.run(() => Promise.reject(down));
    await breaker.harness.clock.advance(1_000);
    const probe = breaker.begin(never);
    expect(breaker.circuit()).toBe('half-open');
    early.resolve(1);
    await before.result;
    probe.call.abort('enough');
    await settle(probe.result);
    expect(breaker.circuit()).toBe('half-open');
  });

  it('[anchors c] Retry-After beyond maxDelay ends the call, and its dates are read by the injected clock', async () => {
    const { run, harness, state } = operate({ retry: { retries: 1, maxDelay: 5_000, jitter: 'none' } });
    const before = harness.clock.now();
    await run(() => Promise.reject(httpError(503, { 'retry-after': '999999' })));
    expect(harness.clock.now() - before).toBe(0);
    expect(state.bodies).toBe(1);
    harness.clock.offset = Date.UTC(2031, 0, 1);
    const date = new Date(Math.ceil((harness.clock.date() + 3_000) / 1_000) * 1_000);
    const asked = date.getTime() - harness.clock.date();
    const startedAt = harness.clock.now();
    await run(() => Promise.reject(httpError(503, { 'retry-after': date.toUTCString() })));
    expect(harness.clock.now() - startedAt).toBe(asked);
    expect(state.bodies).toBe(3);
  });

  it('[anchors d] options that turn out wrong later change nothing: state is kept, and good ones are taken after', async () => {
    const harness = new Harness();
    const name = 'upstream';
    const failing = harness.wrap({ circuitBreaker: { ...one, name } }, async () => Promise.reject(down));
    await harness.outcome(failing());
    expect(() => harness.wrap({ circuitBreaker: { ...one, name, openDuration: -1 } }, failing)).toThrow(
      'openDuration',
    );
    expect(() => harness.wrap({ circuitBreaker: { ...one, name, openDuration: 7 } }, failing)).toThrow(
      'name',
    );
    const other = { ...one, name, openDuration: () => 7 };
    expect(() => harness.wrap({ circuitBreaker: other }, failing)).toThrow(/=>\s*7/);
    const good = harness.wrap({ circuitBreaker: { ...one, name } }, async () => 1);
    expect((await harness.outcome(good())).error).toMatchObject({
      code: 'OPERO_CIRCUIT_OPEN',
      retryAfter: 1_000,
    });
  });

  it('[anchors e] a timeout ends the call although the method does not listen', async () => {
    const { run, operation } = operate({ timeout: 100 });
    expect((await run(never)).error).toBeInstanceOf(AttemptTimeoutError);
    expect(operation.monitor.running).toBe(0);
  });

  it('[anchors f] a fallback method that is not there ends the boot', () => {
    const target = { prototype: class { other() {} }.prototype }; // prettier-ignore
    expect(() => new Harness().operation({ fallback: 'missing' }, target)).toThrow(
      "fallback: got 'missing', allowed: the name of a method of the same class",
    );
  });

  it('[anchors g] a name that nothing has is an error and makes nothing', () => {
    const harness = new Harness();
    expect(() => harness.operation({ circuitBraker: true } as never)).toThrow('did you mean circuitBreaker?');
    expect(harness.runtime.operations.size).toBe(0);
  });

  it('[anchors h] there is no rate limit that limits nothing: the limit must be told', () => {
    expect(() => new Harness().operation({ rateLimit: true })).toThrow(
      'rateLimit.limit: got nothing, allowed: a whole number from 1 to 1000000',
    );
  });

  it('[anchors i] a load that fails inside the cache is not made a second time', async () => {
    const { run, state } = operate({ cache: true });
    expect((await run(() => { throw down; })).error).toBe(down); // prettier-ignore
    expect((await run(() => Promise.reject(down))).error).toBe(down);
    expect(state.bodies).toBe(2);
  });

  it('[anchors j] a hedge that fails first does not win over the attempt that still runs', async () => {
    const { begin, harness } = operate({ hedge: { delay: 50, idempotent: true } });
    const first = deferred<string>();
    let attempts = 0;
    const { result } = begin(() => (attempts++ === 0 ? first.promise : Promise.reject(down)));
    await harness.clock.advance(50);
    expect(attempts).toBe(2);
    first.resolve('first');
    expect(await result).toBe('first');
  });

  it('[anchors k] time windows and waits follow the injected clock, each runtime its own', async () => {
    const time = { window: { type: 'time', duration: 1_000 }, minimumCalls: 2 } as const;
    const [moved, still] = [operate({ circuitBreaker: time }), operate({ circuitBreaker: time })];
    for (const { run } of [moved, still]) await run(() => Promise.reject(down));
    await moved.harness.clock.advance(10_000);
    for (const { run } of [moved, still]) await run(() => Promise.reject(down));
    expect([moved.circuit(), still.circuit()]).toEqual(['closed', 'open']);
    const waits = operate({ retry: { retries: 1, minDelay: 900_000, maxDelay: 900_000, jitter: 'none' } });
    const before = waits.harness.clock.now();
    await waits.run(() => Promise.reject(down));
    expect(waits.harness.clock.now() - before).toBe(900_000);
  });

  it('[anchors l] refusals of the limit and of the bulkhead do not open the circuit', async () => {
    const { begin, run, circuit, harness } = operate({
      circuitBreaker: one,
      rateLimit: { limit: 2, mode: 'reject' },
      bulkhead: 1,
    });
    const running = begin(never);
    expect((await run(never)).error).toBeInstanceOf(BulkheadFullError);
    running.call.abort('enough');
    await settle(running.result);
    expect((await run(async () => 1)).value).toBe(1);
    expect((await run(async () => 1)).error).toBeInstanceOf(RateLimitExceededError);
    await harness.clock.advance(1_000);
    expect(circuit()).toBe('closed');
  });

  it('[anchors m] a timeout tells the work to stop', async () => {
    const { run } = operate({ timeout: 100 });
    let signal: AbortSignal | undefined;
    const { error } = await run(() => ((signal = currentCall().signal), never()));
    expect(signal!.reason).toBe(error);
  });

  it('[anchors n] a spent retry budget costs no wait, and the failure stays what it was', async () => {
    const budget = { tokens: 5, refill: 0 };
    const { run, harness } = operate({ retry: { minDelay: 500, jitter: 'none', budget } });
    await run(() => Promise.reject(down));
    const before = harness.clock.now();
    expect((await run(() => Promise.reject(down))).error).toBe(down);
    expect(harness.clock.now()).toBe(before);
  });

  it('[anchors o] Retry-After is never undercut by jitter', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const harness = new Harness({ random: seededRandom(seed) });
      const call = harness.wrap({ retry: { retries: 1, jitter: 'full' } }, async () =>
        Promise.reject(httpError(429, { 'retry-after': '2' })),
      );
      const before = harness.clock.now();
      await harness.outcome(call());
      expect(harness.clock.now() - before).toBeGreaterThanOrEqual(2_000);
    }
  });

  it('[anchors p] what the caller cancels is no failure, and late results give no further probes', async () => {
    const breaker = operate({ circuitBreaker: one });
    const cancelled = breaker.begin(never);
    cancelled.call.abort('enough');
    await settle(cancelled.result);
    expect(breaker.circuit()).toBe('closed');
    const late = Array.from({ length: 3 }, () => {
      const end = deferred();
      return { end, call: breaker.begin(() => end.promise) };
    });
    await breaker.run(() => Promise.reject(down));
    await breaker.harness.clock.advance(1_000);
    void settle(breaker.begin(never).result);
    for (const { end, call } of late) {
      end.resolve();
      await call.result;
    }
    expect((await breaker.run(never)).error).toBeInstanceOf(CircuitOpenError);
  });

  it('[anchors q] the circuit opens with the very result that fills its rate', async () => {
    const { run, state } = operate({
      circuitBreaker: { window: { type: 'count', size: 10 }, minimumCalls: 10 },
      bulkhead: 1,
    });
    for (let time = 0; time < 50; time++) await run(() => Promise.reject(down));
    expect(state.bodies).toBe(10);
  });
});
