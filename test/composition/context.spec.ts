import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { currentCall, findCurrentCall } from '../../lib/index.js';
import { Harness } from '../support/harness.js';

const storage = new AsyncLocalStorage<{ id: string }>();
const where = () => storage.getStore()?.id;

describe('the async context of the caller [peers 4]', () => {
  it('is there in what is asked about an attempt that a limit further out ended [hard 3.7]', async () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    const failureOn = () => (seen.push(where()), true);
    const inner = harness.wrap({ circuitBreaker: { failureOn } }, () => new Promise(() => undefined));
    const outer = harness.wrap({ timeout: { total: 50 } }, () => inner());
    const call = storage.run({ id: 'A' }, () => outer());
    await harness.outcome(call);
    expect(seen).toEqual(['A']);
  });

  it('is there in the method, its predicates, hooks and fallbacks, on every attempt', async () => {
    const harness = new Harness();
    const seen: Record<string, unknown[]> = { A: [], B: [], C: [] };
    const note = (what: string) => seen[where()!]!.push(what);
    const failures: Record<string, number> = {};
    const call = harness.wrap(
      {
        rateLimit: { limit: 1, interval: 10 },
        timeout: { attempt: 1_000, total: 60_000 },
        retry: {
          retries: 2,
          jitter: 'none',
          retryOn: () => (note('retryOn'), true),
          retryOnResult: () => (note('retryOnResult'), false),
          onRetry: () => note('onRetry'),
        },
        fallback: () => (note('fallback'), 'fallback'),
        onSuccess: () => note('onSuccess'),
        onFailure: () => note('onFailure'),
      },
      async (id: string) => {
        note('method');
        await null;
        failures[id] = (failures[id] ?? 0) + 1;
        if (failures[id] < (id === 'C' ? 9 : 3)) throw new Error('down');
        return where();
      },
    );
    const all = ['A', 'B', 'C'].map((id) => storage.run({ id }, () => harness.outcome(call(id))));
    expect((await Promise.all(all)).map(({ value }) => value)).toEqual(['A', 'B', 'fallback']);
    const two = ['method', 'retryOn', 'onRetry'];
    expect(seen.A).toEqual([...two, ...two, 'method', 'retryOnResult', 'onSuccess']);
    expect(seen.B).toEqual(seen.A);
    expect(seen.C).toEqual([...two, ...two, 'method', 'retryOn', 'onFailure', 'fallback']);
  });

  it('is there after a timeout, whose timer belongs to many calls', async () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    const call = harness.wrap({ timeout: 50, fallback: () => seen.push(['fallback', where()]) }, () => {
      currentCall().signal.addEventListener('abort', () => seen.push(['abort', where()]));
      return new Promise(() => undefined);
    });
    harness.runtime.events.on('timeout', () => seen.push(['event', where()]));
    const all = ['A', 'B'].map((id) => storage.run({ id }, () => call()));
    await harness.clock.advance(50);
    await Promise.all(all);
    expect(seen).toEqual([
      ['abort', 'A'],
      ['abort', 'B'],
      ['event', 'A'],
      ['fallback', 'A'],
      ['event', 'B'],
      ['fallback', 'B'],
    ]);
  });

  it('is there through the queues of bulkhead and limit, in hedges, circuits and all that is told of them', async () => {
    const harness = new Harness();
    const seen: Record<string, string[]> = { A: [], B: [], C: [] };
    const note = (what: string) => void seen[where()!]!.push(what);
    const listened = ['rate-limit-wait', 'bulkhead-wait', 'hedge', 'hedge-win', 'circuit-open'] as const;
    for (const type of listened) harness.runtime.events.on(type, () => note(type));
    let attempts = 0;
    const call = harness.wrap(
      {
        bulkhead: { concurrency: 2, queue: 9, key: () => (note('key'), 'key') },
        rateLimit: { limit: 2, interval: 100 },
        hedge: { delay: 20, idempotent: true },
        circuitBreaker: {
          window: { type: 'consecutive', size: 1 },
          failureOn: () => (note('failureOn'), true),
          openDuration: () => (note('openDuration'), 50),
        },
        onStateChange: ({ type }) => note(`hook ${type}`),
      },
      async (id: string) => {
        note('method');
        // The first attempt of each hangs until it is given up, the hedge answers, or fails for C.
        if (attempts++ % 2 === 0) await new Promise(() => undefined);
        if (id === 'C') throw Object.assign(new Error('gone'), { status: 410 });
        return where();
      },
    );
    for (const id of ['A', 'B', 'C']) {
      const outcome = storage.run({ id }, () => harness.outcome(call(id)));
      expect((await outcome).value).toBe(id === 'C' ? undefined : id);
    }
    const hedged = ['key', 'method', 'hedge', 'key', 'method'];
    expect(seen.A).toEqual([...hedged, 'hedge-win']);
    expect(seen.B!.filter((what) => what !== 'rate-limit-wait')).toEqual([...hedged, 'hedge-win']);
    expect(seen.C!.filter((what) => what !== 'rate-limit-wait')).toEqual([
      ...hedged,
      'failureOn',
      'openDuration',
      'hook circuit-open',
      'circuit-open',
    ]);
    expect(seen.B).toContain('rate-limit-wait');
  });

  it('is there when the wait for a permit has lasted too long', async () => {
    const harness = new Harness();
    const heard: unknown[] = [];
    harness.runtime.events.on('rate-limit-refusal', () => heard.push(where()));
    const options = {
      rateLimit: { limit: 2, interval: 30, maxWait: 40 },
      bulkhead: { concurrency: 1, queue: 5 },
    };
    const call = harness.wrap(options, () => new Promise<never>(() => undefined));
    for (const id of ['A', 'B', 'C', 'D', 'E']) storage.run({ id }, call).catch(() => undefined);
    await harness.clock.advance(100);
    expect(heard).toEqual(['E', 'D']);
  });

  it('is that of the leader in a shared load, and its own for each who waits', async () => {
    const harness = new Harness();
    const loads: unknown[] = [];
    const call = harness.wrap({ cache: true }, async () => (await null, loads.push(where()), 'value'));
    const all = ['A', 'B', 'C'].map((id) => storage.run({ id }, async () => [await call(), where()]));
    expect(await Promise.all(all)).toEqual([
      ['value', 'A'],
      ['value', 'B'],
      ['value', 'C'],
    ]);
    expect(loads).toEqual(['A']);
  });

  it('does not outlive a call', async () => {
    const collect = (globalThis as { gc?: () => void }).gc!;
    const harness = new Harness();
    const call = harness.wrap({ timeout: 1_000, retry: 1, cache: true, rateLimit: 100 }, async () => 1);
    const reference = await (async () => {
      const store = { id: 'gone' };
      await storage.run(store, () => call());
      return new WeakRef(store);
    })();
    for (let turn = 0; turn < 20 && reference.deref(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      collect();
    }
    expect(reference.deref()).toBeUndefined();
  });
});

describe('currentCall()', () => {
  it('tells a method about its attempt, after awaits too, and nobody outside', async () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    const call = harness.wrap({ retry: { retries: 1, minDelay: 0 } }, async () => {
      await null;
      await new Promise((resolve) => setImmediate(resolve));
      const { operation, attempt, alternative, correlationId } = currentCall();
      seen.push([operation, attempt, alternative, typeof correlationId]);
      if (attempt === 1) throw new Error('first');
    });
    await call();
    expect(seen).toEqual([
      ['Test.method1', 1, '', 'string'],
      ['Test.method1', 2, '', 'string'],
    ]);
    expect(findCurrentCall()).toBeUndefined();
    expect(() => currentCall()).toThrow('only inside a method decorated');
  });

  it('keeps telling code of an abandoned try about that attempt', async () => {
    const harness = new Harness();
    const seen: number[] = [];
    let attempts = 0;
    const call = harness.wrap({ timeout: 50, retry: { retries: 1, minDelay: 0 } }, async () => {
      if (++attempts > 1) return;
      await new Promise<void>((resolve) => harness.clock.schedule(500, resolve));
      seen.push(currentCall().attempt);
    });
    await harness.outcome(call());
    await harness.clock.advance(1_000);
    expect(seen).toEqual([1]);
  });

  it('gives nested calls the id of the outermost', async () => {
    const harness = new Harness();
    const ids: string[] = [];
    const inner = harness.wrap({ cache: true }, async () => ids.push(currentCall().correlationId));
    await harness.wrap({}, async () => {
      ids.push(currentCall().correlationId);
      await inner();
    })();
    expect(ids[0]).toBe(ids[1]);
  });
});
