import { describe, expect, it } from '@jest/globals';
import { currentCall, type OperoOptions } from '../../lib/index.js';
import { isAbort, isPermanent } from '../../lib/core/errors/index.js';
import { Harness, settle } from '../support/harness.js';

const one = { circuitBreaker: { window: { type: 'consecutive', size: 1 } } } as const satisfies OperoOptions;
const never = () => new Promise<never>(() => undefined);

describe('the circuit of an inner call', () => {
  const nested = (outer: OperoOptions) => {
    const harness = new Harness();
    const inner = harness.operation(one);
    const begin = () =>
      inner.start({ self: undefined, method: never, args: [] }, harness.runtime.scope).result;
    const operation = harness.operation(outer);
    const { call, result } = operation.start(
      { self: undefined, method: begin as never, args: [] },
      harness.runtime.root,
    );
    return { harness, inner, call, outcome: settle(result) };
  };

  it.each<[string, OperoOptions]>([
    ['total', { timeout: { total: 100 } }],
    ['attempt', { timeout: { attempt: 100 } }],
  ])('counts the %s timeout of an outer call as a failure [hard 4.5]', async (_name, options) => {
    const { harness, inner, outcome } = nested(options);
    await harness.clock.advance(100);
    expect((await outcome).error.code).toMatch(/TIMEOUT/);
    await harness.clock.settle();
    expect(inner.snapshot().strategies?.circuitBreaker?.state).toBe('open');
  });

  it('counts it through a call between them that has no limit [hard 4.5]', async () => {
    const harness = new Harness();
    const inner = harness.operation(one);
    const between = harness.wrap(
      { retry: 1 },
      () => inner.start({ self: undefined, method: never, args: [] }, harness.runtime.scope).result,
    );
    const outer = harness.wrap({ timeout: { total: 100 } }, () => between());
    await harness.outcome(outer());
    expect(inner.snapshot().strategies?.circuitBreaker?.state).toBe('open');
  });

  it.each<[string, unknown]>([
    ['an error', new Error('enough')],
    ['an AbortError', new DOMException('enough', 'AbortError')],
    ['nothing', undefined],
  ])('does not count the abort of a caller with %s [hard 4.5]', async (_name, reason) => {
    const { harness, inner, call, outcome } = nested({});
    call.abort(reason);
    expect((await outcome).ok).toBe(false);
    await harness.clock.settle();
    expect(inner.snapshot().strategies?.circuitBreaker?.state).toBe('closed');
  });
});

describe('an abort', () => {
  it('is counted once for each caller of a shared load, and is no failure', async () => {
    const harness = new Harness();
    const operation = harness.operation({ cache: { key: () => 'key' } });
    const callers = [new AbortController(), new AbortController()];
    const begin = ({ signal }: AbortController) =>
      settle(
        operation.start({ self: undefined, method: never, args: [] }, harness.runtime.scope, signal).result,
      );
    const outcomes = callers.map(begin);
    await harness.clock.settle();
    for (const count of [2, 1]) {
      callers[count - 1]!.abort(new Error(`left ${count}`));
      await harness.clock.settle();
      expect(operation.snapshot().counts).toMatchObject({ abort: 3 - count, failure: 0 });
    }
    expect((await Promise.all(outcomes)).map(({ error }) => error.message)).toEqual(['left 1', 'left 2']);
  });

  const timeoutOf = async (work: (signal: AbortSignal) => Promise<unknown>) => {
    const outcome = await settle(work(AbortSignal.timeout(1)));
    return outcome.error as unknown;
  };

  it.each<[string, unknown]>([
    ['DOMException', new DOMException('x', 'AbortError')],
    ['Node', Object.assign(new Error('x'), { name: 'AbortError', code: 'ABORT_ERR' })],
    [
      'axios',
      Object.assign(new Error('canceled'), { name: 'CanceledError', code: 'ERR_CANCELED', __CANCEL__: true }),
    ],
    ['axios of old', { message: 'canceled', __CANCEL__: true }],
    ['undici', Object.assign(new Error('x'), { name: 'RequestAbortedError', code: 'UND_ERR_ABORTED' })],
    ['got', Object.assign(new Error('x'), { name: 'CancelError', code: 'ERR_CANCELED' })],
    ['gRPC', Object.assign(new Error('x'), { code: 1, details: 'Cancelled on client' })],
  ])('of %s is no failure of the other side, and not retried [hard 4.5]', async (_name, error) => {
    expect(isAbort(error)).toBe(true);
    expect(isPermanent(error)).toBe(true);
    const harness = new Harness();
    let bodies = 0;
    const operation = harness.operation({ ...one, retry: 3 });
    const method = () => (bodies++, Promise.reject(error));
    await harness.outcome(
      operation.start({ self: undefined, method, args: [] }, harness.runtime.root).result,
    );
    expect(bodies).toBe(1);
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('closed');
  });

  it('is not what a timeout looks like [hard 4.5]', async () => {
    const { setTimeout: sleep } = await import('node:timers/promises');
    const wrapped = await timeoutOf((signal) => sleep(1_000, undefined, { signal, ref: true }));
    const bare = await timeoutOf(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    for (const error of [
      wrapped,
      bare,
      new DOMException('x', 'TimeoutError'),
      Object.assign(new Error('x'), { code: 'ECONNABORTED' }),
      Object.assign(new Error('x'), { code: 'ETIMEDOUT' }),
      Object.assign(new Error('x'), { code: 'UND_ERR_HEADERS_TIMEOUT' }),
      Object.assign(new Error('x'), { code: 4, details: 'Deadline exceeded' }),
      Object.assign(new Error('x'), { code: 1 }),
    ]) {
      expect(isAbort(error)).toBe(false);
    }
  });

  it('is not what an error says that cannot be looked at: the call ends with it, tried as any other [hard 4.5]', async () => {
    for (const name of [
      'code',
      'name',
      'cause',
      'status',
      'response',
      'headers',
      'message',
      'getError',
      '__CANCEL__',
    ]) {
      const hostile = Object.defineProperty(new Error('x'), name, {
        get() {
          throw new Error('mine');
        },
      });
      const harness = new Harness();
      let bodies = 0;
      const operation = harness.operation({
        ...one,
        retry: { retries: 1, exhausted: 'last' },
        hedge: { delay: 9, idempotent: true },
      });
      const method = () => (bodies++, Promise.reject(hostile));
      const { result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
      expect((await harness.outcome(result)).ok).toBe(false);
      expect(bodies).toBeGreaterThanOrEqual(1);
      expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('open');
      expect(harness.runtime.root.busy).toBe(false);
      expect(harness.clock.pending).toBe(0);
    }
  });

  it('by the timeout of an attempt is told as the timeout, whatever the client throws then [hard 4.5]', async () => {
    const harness = new Harness();
    const operation = harness.operation({ ...one, timeout: 100 });
    const method = () =>
      new Promise((_, reject) => {
        currentCall().signal.addEventListener('abort', () => reject(new DOMException('x', 'AbortError')));
      });
    const { result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    expect((await harness.outcome(result)).error).toMatchObject({ code: 'OPERO_ATTEMPT_TIMEOUT' });
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('open');
  });
});
