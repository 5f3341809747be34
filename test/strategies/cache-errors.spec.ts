import { describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { BulkheadFullError, currentCall, type OperoEvent, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

type CacheErrors = number | { ttl: number; on?: unknown };

function failing(cacheErrors: CacheErrors, fail: (id: number) => unknown, more: OperoOptions = {}) {
  const harness = new Harness({ caching: { store: () => store } });
  const store = new RemoteStore();
  const state = { loads: 0, ok: false };
  const cache = { ttl: 60_000, cacheErrors } as OperoOptions['cache'];
  const operation = harness.operation({ cache, ...more });
  const method = async (id: number) => {
    state.loads++;
    if (state.ok) return id;
    throw fail(id);
  };
  const start = (id = 1) =>
    settle(
      operation.start({ self: undefined, method, args: [id] } as never, harness.runtime.scope)
        .result as Promise<unknown>,
    );
  const call = (id?: number) => harness.outcome(start(id)).then(({ value }) => value!);
  return { harness, state, store, operation, call };
}

const notFound = () => new NotFoundException('no such thing');

describe('a cached error', () => {
  it('is thrown again for its ttl, of the same class, without a load', async () => {
    const { harness, state, call } = failing(1_000, notFound);
    const { error } = await call();
    for (let turn = 0; turn < 5; turn++) expect((await call()).error).toBe(error);
    expect(error).toBeInstanceOf(NotFoundException);
    expect(state.loads).toBe(1);
    await harness.clock.advance(1_000);
    state.ok = true;
    expect((await call()).value).toBe(1);
    expect(state.loads).toBe(2);
  });

  it('is that of equal arguments alone, and counts as a hit with its error', async () => {
    const { harness, state, call, operation } = failing(1_000, (id) => new NotFoundException(`no ${id}`));
    const events: OperoEvent[] = [];
    harness.runtime.events.on('cache-hit', (event) => events.push(event));
    for (const id of [1, 2, 1, 2]) expect((await call(id)).error.message).toBe(`no ${id}`);
    expect(state.loads).toBe(2);
    expect(events.map(({ error }) => (error as Error).message)).toEqual(['no 1', 'no 2']);
    expect(operation.monitor.counts['cache-hit']).toBe(2);
  });

  it('is not retried: retries are of one load', async () => {
    const { state, call } = failing({ ttl: 1_000, on: [503] }, () => httpError(503), {
      retry: { retries: 2, budget: false },
    });
    for (let turn = 0; turn < 3; turn++) expect((await call()).ok).toBe(false);
    expect(state.loads).toBe(3);
  });

  it.each<[string, () => unknown]>([
    ['of another status', () => httpError(503)],
    ['that is an abort', () => new DOMException('gone', 'AbortError')],
    ['that is a rejection', () => new BulkheadFullError('full', 'Test', 0)],
  ])('%s is not cached', async (_title, fail) => {
    const { state, call } = failing({ ttl: 1_000, on: [404, DOMException, BulkheadFullError] }, fail);
    await call();
    await call();
    expect(state.loads).toBe(2);
  });

  it('ends with an eviction of its arguments, of the operation, and one while it loads', async () => {
    const { state, call, operation } = failing(60_000, notFound);
    await call();
    await operation.evict([1], undefined);
    await call();
    await operation.evictAll();
    await call();
    expect(state.loads).toBe(3);
    const { promise, resolve } = deferred();
    const slow = failing(60_000, notFound);
    const held = slow.harness.operation({ cache: { cacheErrors: 60_000 } });
    const method = async () => {
      slow.state.loads++;
      await promise;
      throw notFound();
    };
    const start = () =>
      settle(
        held.run(
          { self: undefined, method, args: [] },
          slow.harness.runtime.scope,
          'promise',
        ) as Promise<void>,
      );
    const first = start();
    await slow.harness.clock.settle();
    await held.evict([], undefined);
    resolve();
    await first;
    await start();
    expect(slow.state.loads).toBe(2);
  });

  it('gives way to a result that another process has stored', async () => {
    const { state, call, operation, store } = failing(60_000, notFound);
    await call();
    const other = new Harness({ caching: { store: () => store } });
    const name = operation.name;
    await other.outcome(other.wrap({ name, cache: 60_000 } as OperoOptions, async (id: number) => id)(1));
    expect((await call()).value).toBe(1);
    expect(state.loads).toBe(1);
  });

  it('is not what a load ends with that nobody waits for any more', async () => {
    const { harness } = failing(1_000, notFound);
    const operation = harness.operation({ cache: { cacheErrors: { ttl: 1_000, on: Error } } });
    let loads = 0;
    const method = () => {
      loads++;
      const { signal } = currentCall();
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('cancelled'))),
      );
    };
    for (let turn = 1; turn < 3; turn++) {
      const caller = new AbortController();
      const invocation = { self: undefined, method, args: [] };
      const { result } = operation.start(invocation, harness.runtime.scope, caller.signal);
      const outcome = settle(result);
      await harness.clock.settle();
      caller.abort(new Error('left'));
      expect((await outcome).error.message).toBe('left');
      await harness.clock.settle();
      expect(loads).toBe(turn);
    }
  });

  it('whose condition throws is passed on, and that is reported', async () => {
    const on = () => {
      throw new Error('boom');
    };
    const { harness, state, call } = failing({ ttl: 1_000, on }, notFound);
    for (let turn = 0; turn < 2; turn++) expect((await call()).error).toBeInstanceOf(NotFoundException);
    expect(state.loads).toBe(2);
    expect(harness.warnings.join()).toContain('cache.cacheErrors.on failed, the error is not cached');
  });

  it('is bounded by number', async () => {
    const { state, call } = failing(60_000, notFound);
    for (let id = 0; id < 10_001; id++) await call(id);
    await call(10_000);
    expect(state.loads).toBe(10_001);
    await call(0);
    expect(state.loads).toBe(10_002);
  });

  it('takes a duration and conditions', () => {
    const define = (cacheErrors: unknown) => () =>
      new Harness().operation({ cache: { cacheErrors } as never });
    expect(define(0)).toThrow('cache.cacheErrors: got 0, allowed: a duration in ms, greater than 0');
    expect(define({ on: 404 })).toThrow('cache.cacheErrors.ttl');
    expect(define({ ttl: 5, on: {} })).toThrow('cache.cacheErrors.on: got {}');
  });
});
