import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { currentCall, OperoShutdownError, type OperoOptions } from '../../lib/index.js';
import { Deadline, Deadlines } from '../../lib/core/time/index.js';
import { Call, type Scope } from '../../lib/core/call/index.js';
import { deferred, Harness, settle } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const down = new Error('down');
const enough = new Error('enough');
const never = () => new Promise<never>(() => undefined);

/** A call that can be aborted from inside of its own functions, from the first on. */
function abortable(options: (abort: () => void) => OperoOptions, method: (abort: () => void) => unknown) {
  const harness = new Harness();
  const controller = new AbortController();
  const abort = () => controller.abort(enough);
  const operation = harness.operation(options(abort));
  const start = () =>
    operation.start(
      { self: undefined, method: () => method(abort) as never, args: [] },
      harness.runtime.root,
      controller.signal,
    );
  return { harness, operation, start, abort };
}

describe('an abort in the synchronous part of', () => {
  const places: [place: string, options: (abort: () => void) => OperoOptions, method: (abort: () => void) => unknown][] =
    [
      ['a method that never answers', () => ({}), (abort) => (abort(), never())],
      ['a method that answers at once', () => ({}), (abort) => (abort(), 'value')],
      ['a method that throws', () => ({ retry: { minDelay: 20_000 } }), (abort) => { abort(); throw down; }],
      ['a method with everything around it', () => ({ retry: true, timeout: { attempt: 50_000, total: 90_000 }, circuitBreaker: true, bulkhead: 1, rateLimit: 1, cache: { key: () => 'key' }, fallback: { value: 1 } }), (abort) => (abort(), never())],
      ['a hedged method', () => ({ hedge: { delay: 10, idempotent: true } }), (abort) => (abort(), never())],
      ['a fallback', (abort) => ({ fallback: () => (abort(), never()) }), () => Promise.reject(down)],
      ['a fallback that answers at once', (abort) => ({ fallback: () => (abort(), 'value') }), () => Promise.reject(down)],
      ['the second of two fallbacks', (abort) => ({ fallback: [() => Promise.reject(down), () => (abort(), never())] }), () => Promise.reject(down)],
      ['onRetry, before a long backoff', (abort) => ({ retry: { minDelay: 20_000, jitter: 'none', onRetry: abort } }), () => Promise.reject(down)],
      ['retryOn', (abort) => ({ retry: { minDelay: 20_000, retryOn: () => (abort(), true) } }), () => Promise.reject(down)],
      ['retryOnResult', (abort) => ({ retry: { minDelay: 20_000, retryOnResult: () => (abort(), true) } }), () => Promise.resolve(1)],
      ['hedge.on', (abort) => ({ hedge: { delay: 20_000, idempotent: true, on: () => (abort(), true) } }), () => Promise.reject(down)],
      ['hedge.failureOnResult', (abort) => ({ hedge: { delay: 20_000, idempotent: true, failureOnResult: () => (abort(), true) } }), () => Promise.resolve(1)],
      ['retryOn, asked for a hedge', (abort) => ({ retry: { retryOn: () => (abort(), true) }, hedge: { delay: 20_000, idempotent: true } }), () => Promise.reject(down)],
      ['retryOnResult, asked for a hedge', (abort) => ({ retry: { retryOnResult: () => (abort(), true) }, hedge: { delay: 20_000, idempotent: true } }), () => Promise.resolve(1)],
      ['retryOnResult, which accepts', (abort) => ({ retry: { retryOnResult: () => (abort(), false) } }), () => Promise.resolve(1)],
      ['hedge.failureOnResult, which accepts', (abort) => ({ hedge: { delay: 20_000, idempotent: true, failureOnResult: () => (abort(), false) } }), () => Promise.resolve(1)],
      ['circuitBreaker.failureOnResult', (abort) => ({ circuitBreaker: { failureOnResult: () => (abort(), false) } }), () => Promise.resolve(1)],
      ['circuitBreaker.failureOn', (abort) => ({ circuitBreaker: { failureOn: () => (abort(), true) }, retry: { minDelay: 20_000 } }), () => Promise.reject(down)],
      ['fallback.on', (abort) => ({ fallback: { use: never, on: () => (abort(), true) } }), () => Promise.reject(down)],
      ['argFallback.on', (abort) => ({ argFallback: { param: 0, values: ['a', 'b'], on: () => (abort(), true) } }), () => Promise.reject(down)],
      ['a backoff function', (abort) => ({ retry: { backoff: () => (abort(), 20_000) } }), () => Promise.reject(down)],
      ['onFallback', (abort) => ({ fallback: never, onFallback: abort }), () => Promise.reject(down)],
      ['onFailure', (abort) => ({ fallback: never, onFailure: abort }), () => Promise.reject(down)],
      ['the key of a cache', (abort) => ({ cache: { key: () => (abort(), 'key') } }), never],
      ['the condition of a cache', (abort) => ({ cache: { key: () => 'key', when: () => (abort(), true) } }), never],
      ['the key of a rate limit', (abort) => ({ rateLimit: { limit: 1, key: () => (abort(), 'key') } }), never],
      ['the key of a bulkhead', (abort) => ({ bulkhead: { concurrency: 1, key: () => (abort(), 'key') } }), never],
      ['the key of a circuit', (abort) => ({ circuitBreaker: { key: () => (abort(), 'key') } }), never],
    ]; // prettier-ignore

  it.each(places)('%s ends the call with its reason [hard 1.1]', async (_place, options, method) => {
    const { harness, operation, start } = abortable(options, method);
    const outcome = settle(start().result);
    let over = false;
    void outcome.then(() => (over = true));
    await harness.clock.settle();
    expect(over).toBe(true);
    expect((await outcome).error).toBe(enough);
    expect(operation.monitor.running).toBe(0);
    expect(operation.loading).toBe(0);
    expect(harness.clock.pending).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it.each(['rate-limit-wait', 'bulkhead-wait'] as const)(
    'a listener of %s ends the wait that is about to begin [hard 1.1]',
    async (type) => {
      const { harness, operation, start, abort } = abortable(
        () => ({ rateLimit: type === 'rate-limit-wait' ? 1 : 9, bulkhead: { concurrency: 1, queue: 9 } }),
        never,
      );
      const first = operation.start({ self: undefined, method: never, args: [] }, harness.runtime.root);
      harness.runtime.events.on(type, abort);
      expect((await settle(start().result)).error).toBe(enough);
      first.call.abort(down);
      await settle(first.result);
      await harness.clock.advance(5_000);
      expect(harness.runtime.root.busy).toBe(false);
      expect(harness.clock.pending).toBe(0);
    },
  );

  it.each<[string, OperoOptions]>([
    ['attempt-failure', { hedge: { delay: 20_000, idempotent: true } }],
    ['cache-miss', { cache: { key: () => 'key' } }],
  ])('a listener of %s begins nothing more [hard 1.1]', async (type, options) => {
    let bodies = 0;
    const { harness, start, abort } = abortable(
      () => options,
      () => (bodies++ === 0 && type === 'attempt-failure' ? Promise.reject(down) : never()),
    );
    harness.runtime.events.on(type as 'cache-miss', abort);
    expect((await settle(start().result)).error).toBe(enough);
    await harness.clock.settle();
    expect(bodies).toBe(type === 'cache-miss' ? 0 : 1);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it.each(['fallback.on', 'onFallback', 'a listener of the first fallback that failed'])(
    '%s begins no fallback [hard 1.1]',
    async (place) => {
      const begun: string[] = [];
      const first = () => (begun.push('first'), Promise.reject(new Error('first')));
      const last = () => (begun.push('last'), never());
      const isListener = place.startsWith('a listener');
      const { harness, start, abort } = abortable(
        (stop) => ({
          fallback: {
            use: isListener ? [first, last] : [last],
            on: () => (place === 'fallback.on' && stop(), true),
          },
          ...(place === 'onFallback' && { onFallback: stop }),
        }),
        () => Promise.reject(down),
      );
      if (isListener) harness.runtime.events.on('attempt-failure', () => begun.length > 0 && abort());
      expect((await settle(start().result)).error).toBe(enough);
      expect(begun).toEqual(isListener ? ['first'] : []);
      expect(harness.runtime.root.busy).toBe(false);
    },
  );

  it.each<[string, (harness: Harness, abort: () => void) => void]>([
    ['a listener of its signal', (_, abort) => currentCall().signal.addEventListener('abort', abort)],
    ['a listener of timeout', ({ runtime }, abort) => void runtime.events.on('timeout', abort)],
    ['a listener of failure', ({ runtime }, abort) => void runtime.events.on('failure', abort)],
  ])('%s, once its time is over, leaves nothing to a fallback [hard 1.1]', async (_place, listen) => {
    let begun = 0;
    const { harness, start, abort } = abortable(
      () => ({ timeout: { total: 100 }, fallback: () => (begun++, never()) }),
      () => (listen(harness, abort), never()),
    );
    const outcome = settle(start().result);
    await harness.clock.advance(100);
    expect((await outcome).error).toBe(enough);
    expect(begun).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('a nested method reaches the outer call and everything in between [hard 1.1]', async () => {
    const harness = new Harness();
    const controller = new AbortController();
    const inner = harness.wrap({ retry: 3, timeout: 9_000 }, () => (controller.abort(enough), never()));
    const outer = harness.operation({ retry: 3, bulkhead: 1, fallback: { value: 1 } });
    const { result } = outer.start(
      { self: undefined, method: () => inner(), args: [] },
      harness.runtime.root,
      controller.signal,
    );
    expect((await settle(result)).error).toBe(enough);
    await harness.clock.settle();
    expect(harness.runtime.root.busy).toBe(false);
    expect(harness.clock.pending).toBe(0);
  });
});

describe('what outlives its caller', () => {
  const calls = (scope: Scope) => scope.descendants().filter((child) => child instanceof Call);

  it('goes on in the nearest scope that lives: a shutdown finds it, drains it and ends it [hard 1.2]', async () => {
    const harness = new Harness();
    const late = harness.wrap({ timeout: 90_000 }, never);
    const left: Promise<unknown>[] = [];
    const outer = harness.wrap({ retry: 1 }, async () => {
      left.push(settle(late()));
      return 'answered';
    });
    expect(await outer()).toBe('answered');
    expect(calls(harness.runtime.root)).toHaveLength(1);
    const closed = harness.runtime.close(1_000);
    await harness.clock.advance(999);
    expect(await Promise.race([left[0], 'runs'])).toBe('runs');
    await harness.clock.advance(1);
    expect(await left[0]).toMatchObject({ error: expect.any(OperoShutdownError) });
    await closed;
    expect(harness.runtime.root.busy).toBe(false);
    expect(harness.clock.pending).toBe(0);
  });

  it('keeps the correlation id of the one it was begun for, and is aborted no more by it [hard 1.2]', async () => {
    const harness = new Harness();
    const open = deferred<string>();
    const ids: string[] = [];
    const inner = harness.wrap({}, async () => {
      await open.promise;
      ids.push(currentCall().correlationId);
      return currentCall().signal.aborted;
    });
    let left: Promise<unknown> | undefined;
    const outer = harness.operation({});
    const method = async () => {
      ids.push(currentCall().correlationId);
      left = settle(inner());
    };
    const { call, result } = outer.start({ self: undefined, method, args: [] }, harness.runtime.root);
    await result;
    call.abort(enough);
    open.resolve('');
    expect(await left).toMatchObject({ value: false });
    expect(ids[0]).toBe(ids[1]);
  });

  it('is drained before the app closes when it was begun deep inside calls that are over [hard 1.2]', async () => {
    const harness = new Harness();
    const open = deferred<string>();
    let nested: () => Promise<unknown> = () => open.promise;
    const left: Promise<unknown>[] = [];
    for (let depth = 0; depth < 5; depth++) {
      const next = nested;
      const own = harness.wrap({}, async () => void left.push(settle(next())));
      nested = own;
    }
    const innermost = harness.wrap({}, () => open.promise);
    const next = nested;
    await harness.wrap({}, async () => {
      left.push(settle(innermost()));
      await next();
    })();
    let closed = false;
    void harness.runtime.close(60_000).then(() => (closed = true));
    await harness.clock.settle();
    expect(closed).toBe(false);
    open.resolve('done');
    await harness.clock.settle();
    expect(closed).toBe(true);
  });
});

/** An error that throws whatever is asked of it. */
const hostile = () =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      [
        'name',
        'code',
        'status',
        'statusCode',
        'response',
        'headers',
        'cause',
        'message',
        'getError',
        'getStatus',
      ].map(
        (key) => [key, { enumerable: true, get: () => { throw new Error(`${key} was read`); } }], // prettier-ignore
      ),
    ),
  );

describe('an error that cannot be looked at', () => {
  it.each([
    ['a hedge', { hedge: { delay: 10, idempotent: true } }],
    ['a retry', { retry: 2 }],
    ['a circuit', { circuitBreaker: true }],
    ['alternatives and a cache', { cache: { key: () => 'key' }, retry: 1 }],
    ['everything', { hedge: { delay: 10, idempotent: true }, retry: 2, circuitBreaker: true, bulkhead: 1, cache: { key: () => 'key' } }],
  ] satisfies [string, OperoOptions][])(
    'ends its call behind %s like any other: the fallback answers, nothing is begun again [hard 1.3]',
    async (_name, options) => {
      const harness = new Harness();
      const operation = harness.operation({ ...options, fallback: { value: 'fallback' } });
      let bodies = 0;
      const invocation = {
        self: undefined,
        method: () => (bodies++, Promise.reject(hostile())),
        args: [],
      };
      const { result } = operation.start(invocation, harness.runtime.root);
      expect(await harness.outcome(result)).toMatchObject({ value: 'fallback' });
      const before = bodies;
      await harness.clock.advance(60_000);
      expect(bodies).toBe(before);
      expect([operation.monitor.running, harness.runtime.root.busy, harness.clock.pending]).toEqual([0, false, 0]);
    },
  ); // prettier-ignore

  it.each([
    { hedge: { delay: 10, idempotent: true } },
    { retry: 2 },
    { circuitBreaker: true },
    { bulkhead: 1 },
  ])('is what the call fails with, without a fallback: %j [hard 1.3]', async (options: OperoOptions) => {
    const harness = new Harness();
    const error = hostile();
    const outcome = await harness.outcome(harness.wrap(options, () => Promise.reject(error))());
    expect(outcome.error === error).toBe(true);
    expect(harness.runtime.root.busy).toBe(false);
  });
});

class Told extends Deadline {
  constructor(private readonly told: () => void) {
    super();
  }

  expire(): void {
    this.told();
  }
}

describe('deadlines of one duration', () => {
  it('end although one before them throws [hard 1.5]', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    let told = 0;
    deadlines.arm(new Told(() => { throw down; }), 50, clock.now()); // prettier-ignore
    deadlines.arm(new Told(() => told++), 50, clock.now());
    await expect(clock.advance(50)).rejects.toBe(down);
    await clock.advance(1);
    deadlines.arm(new Told(() => told++), 50, clock.now());
    await clock.advance(50);
    expect(told).toBe(2);
    deadlines.close();
    expect(clock.scheduled).toBe(0);
  });

  it('that nobody uses any more are not kept: 10 000 distinct timeouts leave next to nothing [hard 1.5]', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let duration = 1; duration <= 10_000; duration++) {
      const deadline = new Told(() => undefined);
      deadlines.arm(deadline, duration * 1_000, clock.now());
      deadlines.disarm(deadline);
    }
    expect(deadlines.size).toBeLessThanOrEqual(65);
    expect(clock.scheduled).toBeLessThanOrEqual(65);
    expect(clock.pending).toBe(0);
  });

  it('do not keep what the caller that came first has in its async context [hard 1.13]', async () => {
    const storage = new AsyncLocalStorage<object>();
    const seen: unknown[] = [];
    const clock = new ManualClock();
    const { schedule } = clock;
    clock.schedule = (delay, fire) => {
      seen.push(storage.getStore());
      return schedule.call(clock, delay, fire);
    };
    const deadlines = new Deadlines(clock);
    storage.run({}, () => deadlines.arm(new Told(() => undefined), 50, clock.now()));
    expect(seen).toEqual([undefined]);
  });
});

it('starts the timer of a rate limit outside of the caller that waits first [hard 1.13]', async () => {
  const storage = new AsyncLocalStorage<object>();
  const harness = new Harness();
  const call = harness.wrap({ rateLimit: { limit: 1, interval: 100, maxWait: 1_000 } }, async () =>
    storage.getStore(),
  );
  const seen: unknown[] = [];
  const { schedule } = harness.clock;
  harness.clock.schedule = (delay, fire) => {
    seen.push(storage.getStore());
    return schedule.call(harness.clock, delay, fire);
  };
  await call();
  const own = {};
  const waiting = storage.run(own, () => call());
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set([undefined]));
  await harness.clock.advance(100);
  // The caller's own code still runs in the caller's context.
  expect(await waiting).toBe(own);
});

it('aborts calls that are nested deeper than the stack is high [hard 1.5]', async () => {
  const harness = new Harness();
  const levels = 6_000;
  let deepest: AbortSignal | undefined;
  const dive = async (level: number): Promise<unknown> => {
    // Each level on a stack of its own.
    await null;
    if (level === levels) return ((deepest = currentCall().signal), never());
    return call(level + 1);
  };
  const call = harness.wrap({ retry: { minDelay: 0 } }, dive);
  const operation = harness.operation({});
  const { call: outer, result } = operation.start(
    { self: undefined, method: () => call(1), args: [] },
    harness.runtime.root,
  );
  await harness.clock.settle(levels * 4);
  expect(deepest?.aborted).toBe(false);
  outer.abort(enough);
  expect(deepest!.reason).toBe(enough);
  expect((await settle(result)).error).toBe(enough);
  await harness.clock.settle(levels * 4);
  expect(harness.runtime.root.busy).toBe(false);
});
