import { describe, expect, it } from '@jest/globals';
import { EvictionFailedError, type CacheOptions, type OperoEvent } from '../../lib/index.js';
import { AllFailedError, BulkheadFullError, isOutage } from '../../lib/core/errors/index.js';
import { AttemptTimeoutError, TotalTimeoutError } from '../../lib/index.js';
import { Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const down = () => Promise.reject(new Error('down'));

/** An app with a store, and a method that counts its loads. */
function cached(cache: CacheOptions = {}, store: RemoteStore | null = new RemoteStore(), name = 'Prices.of') {
  const harness = new Harness({ caching: { store: () => store ?? undefined } });
  const loads = { count: 0 };
  const method = harness.wrap(
    { name, cache: { ttl: 60_000, ...cache } },
    async (_id?: number) => ++loads.count,
  );
  const call = async (id?: number) => (await harness.outcome(method(id))).value;
  return { harness, store: store!, loads, method, call, operation: harness.runtime.operations.get(name)! };
}

describe('a store that fails', () => {
  it('is told of once, whatever numbers are in its messages [hard 2.5]', async () => {
    const { harness, store, call } = cached();
    let port = 50_000;
    store.fault = () => Promise.reject(new Error(`connect ETIMEDOUT from port ${port++}`));
    for (let hour = 0; hour < 5; hour++) {
      await harness.outcome(call());
      await harness.clock.advance(3_600_000);
    }
    expect(harness.warnings).toEqual([
      'Prices.of continues without its cache store: Error: connect ETIMEDOUT from port 50000',
    ]);
  });

  it('is reported as an event and in the log of the operation that met it [hard 2.5]', async () => {
    for (const operation of ['get', 'set'] as const) {
      const { harness, store, call } = cached();
      const other = harness.wrap({ name: 'Other.one', cache: true }, async () => 1);
      await harness.outcome(other());
      const events: OperoEvent[] = [];
      harness.runtime.events.on('cache-error', (event) => events.push(event));
      store.fault = (asked) => (asked === operation ? down() : undefined);
      await call(1);
      await harness.clock.settle();
      expect(events.map(({ operation: name }) => name)).toEqual(['Prices.of']);
      expect(harness.warnings).toEqual(['Prices.of continues without its cache store: Error: down']);
    }
  });

  it('is reported when it takes too long, and when it does not delete [hard 2.5]', async () => {
    const { harness, store, method, operation } = cached();
    const events: unknown[] = [];
    harness.runtime.events.on('cache-error', ({ error }) => events.push((error as Error).message));
    store.fault = (asked) => (asked === 'get' ? new Promise(() => undefined) : undefined);
    await harness.outcome(method(1));
    store.fault = (asked) => (asked === 'del' ? down() : undefined);
    await operation.evict([1], undefined).catch(() => undefined);
    expect(events).toEqual(['the cache store did not answer in time', 'down']);
  });

  it('is tried by one call when its pause is over, and the others do not wait [hard 4.9]', async () => {
    const { harness, store, method } = cached();
    store.fault = () => new Promise(() => undefined);
    for (let count = 0; count < 4; count++) await harness.outcome(method(count));
    await harness.clock.advance(600);
    for (let round = 0; round < 3; round++) {
      await harness.clock.advance(5_000);
      store.asked.length = 0;
      const waiting = { count: 100 };
      for (let id = 0; id < 100; id++)
        void settle(method(1_000 * (round + 1) + id)).then(() => waiting.count--);
      await harness.clock.settle();
      expect(waiting.count).toBe(1);
      expect(store.asked).toHaveLength(1);
      await harness.clock.advance(600);
      expect(waiting.count).toBe(0);
    }
  });

  it('is used by all again once the one has had its answer [hard 4.9]', async () => {
    const { harness, store, call, loads } = cached();
    store.fault = down;
    for (let count = 0; count < 4; count++) await call(count);
    store.fault = () => undefined;
    await harness.clock.advance(5_000);
    await call(1);
    store.asked.length = 0;
    await Promise.all([call(2), call(3)]);
    expect(store.asked.filter((line) => line.startsWith('get'))).toHaveLength(2);
    const before = loads.count;
    await Promise.all([call(1), call(2), call(3)]);
    expect(loads.count).toBe(before);
  });

  it('is given no ttl that overflows a timer [hard 2.9]', async () => {
    const given: unknown[] = [];
    const timers = new Set<NodeJS.Timeout>();
    const map = new Map<string, unknown>();
    const store = {
      get: async (key: string) => map.get(key),
      set: async (key: string, value: unknown, ttl?: number) => {
        given.push(ttl);
        map.set(key, value);
        if (ttl) timers.add(setTimeout(() => map.delete(key), ttl).unref());
      },
      del: async (key: string) => map.delete(key),
    };
    for (const ttl of [Infinity, 2 ** 53, 2 ** 31, 1.5]) {
      const { call, loads } = cached({ ttl }, store as unknown as RemoteStore, `At.${ttl}`);
      await call();
      if (ttl < 2) continue;
      // An overflowing timer fires at once.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await call();
      expect(loads.count).toBe(1);
    }
    expect(given).toEqual([0, 2 ** 31 - 1, 2 ** 31 - 1, 2]);
    for (const timer of timers) clearTimeout(timer);
  });
});

describe.each<[string, (cache?: CacheOptions) => { harness: Harness; call: () => Promise<unknown> }]>([
  ['in this process', (cache) => cached(cache, null)],
  ['in a store', (cache) => cached(cache)],
])('time %s', (_name, create) => {
  it('is 5 minutes for true, and has no end for Infinity [hard 2.9]', async () => {
    const harness = new Harness();
    let loads = 0;
    const five = harness.wrap({ cache: true }, async () => ++loads);
    const ever = harness.wrap({ cache: Infinity }, async () => ++loads);
    await harness.outcome(five());
    await harness.outcome(ever());
    await harness.clock.advance(299_999);
    expect((await harness.outcome(five())).value).toBe(1);
    await harness.clock.advance(1);
    expect((await harness.outcome(five())).value).toBe(3);
    await harness.clock.advance(2 ** 40);
    expect((await harness.outcome(ever())).value).toBe(2);
  });

  it('that is set back makes what was stored stale [hard 2.9]', async () => {
    for (const cache of [{ ttl: 60_000 }, { ttl: Infinity }, { ttl: 60_000, staleIfError: 1e12 }]) {
      const { harness, call } = create(cache);
      expect(await call()).toBe(1);
      harness.clock.offset -= 3_600_000;
      expect(await call()).toBe(2);
      expect(await call()).toBe(2);
    }
  });

  it('never goes beyond the ttl that holds now [hard 2.9]', async () => {
    const store = new RemoteStore();
    const before = cached({ ttl: 3_600_000 }, store);
    await before.call();
    const after = cached({ ttl: 1_000 }, store);
    after.harness.clock.offset += 2_000;
    expect(await after.call()).toBe(1);
    expect(after.loads.count).toBe(1);
  });
});

describe('staleIfError', () => {
  const answers: [string, unknown, boolean][] = [
    ['a 503', httpError(503), true],
    ['a 500', httpError(500), true],
    ['a 429', httpError(429), true],
    ['a 408', httpError(408), true],
    ['a broken connection', Object.assign(new Error('x'), { code: 'ECONNRESET' }), true],
    [
      'a broken fetch',
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      true,
    ],
    ['a database that is gone', Object.assign(new Error('x'), { code: '57P01' }), true],
    ['a timeout', new DOMException('late', 'TimeoutError'), true],
    ['our timeout', new AttemptTimeoutError('a', 1), true],
    ['our total timeout', new TotalTimeoutError('a', 1), true],
    ['our refusal', new BulkheadFullError('full', 'a', 0), true],
    ['gRPC that is unavailable', Object.assign(new Error('x'), { code: 14, details: '' }), true],
    ['all attempts failed with a 503', allFailedWith(httpError(503)), true],
    ['all attempts failed with a 404', allFailedWith(httpError(404)), false],
    ['a 403', httpError(403), false],
    ['a 404', httpError(404), false],
    ['a 401', httpError(401), false],
    ['a bug', new TypeError('x is not a function'), false],
    ['a validation error', Object.assign(new Error('x'), { name: 'ZodError' }), false],
    ['gRPC that was not found', Object.assign(new Error('x'), { code: 5, details: '' }), false],
    ['an abort', new DOMException('gone', 'AbortError'), false],
    ['an error that tells nothing', new Error('no such user'), false],
    ['nothing', undefined, false],
    [
      'an error that cannot be looked at',
      {
        get name(): never {
          throw new Error('hostile');
        },
      },
      false,
    ],
  ];
  function allFailedWith(error: unknown): AllFailedError {
    return new AllFailedError('a', [{ attempt: 1, hedge: 0, alternative: '', delay: 0, duration: 1, error }]);
  }

  it.each(answers)(
    'answers what says nothing about the request: %s [hard 2.8]',
    async (_name, error, stale) => {
      const harness = new Harness();
      let fails = false;
      const call = harness.wrap({ cache: { ttl: 10, staleIfError: 1_000 } }, async () => {
        if (fails) throw error;
        return 'fresh';
      });
      await harness.outcome(call());
      fails = true;
      await harness.clock.advance(20);
      const outcome = await harness.outcome(call());
      expect(outcome).toEqual(stale ? { ok: true, value: 'fresh' } : { ok: false, error });
      expect(isOutage(error)).toBe(stale);
    },
  );

  it('answers what `on` tells instead, and nothing when that throws [hard 2.8]', async () => {
    const throws = () => {
      throw new Error('on');
    };
    for (const [on, error, stale] of [
      [404, httpError(404), true],
      [404, httpError(503), false],
      [[RangeError, 'ECODE'], new RangeError('r'), true],
      [(error: unknown) => error === 7, 7, true],
      [throws, httpError(503), false],
    ] as const) {
      const harness = new Harness();
      let fails = false;
      const call = harness.wrap(
        { cache: { ttl: 10, staleIfError: { ttl: 1_000, on: on as never } } },
        async () => {
          if (fails) throw error;
          return 'fresh';
        },
      );
      await harness.outcome(call());
      fails = true;
      await harness.clock.advance(20);
      expect((await harness.outcome(call())).ok).toBe(stale);
      const reported = harness.warnings.some((line) => line.includes('cache.staleIfError.on failed'));
      expect(reported).toBe(on === throws);
    }
  });
});

describe('eviction', () => {
  it('rejects when the store fails, hangs or is paused, and this process serves the old value no more [hard 2.10]', async () => {
    for (const fault of [down, () => new Promise(() => undefined)]) {
      const { harness, store, call, operation, loads } = cached();
      expect(await call(1)).toBe(1);
      store.fault = (asked) => (asked === 'del' ? fault() : undefined);
      const evicting = await harness.outcome(operation.evict([1], undefined));
      expect(evicting.error).toBeInstanceOf(EvictionFailedError);
      expect(evicting.error).toMatchObject({ code: 'OPERO_EVICTION_FAILED', operation: 'Prices.of' });
      expect(evicting.error.cause).toBeInstanceOf(Error);
      store.fault = () => undefined;
      expect(await call(1)).toBe(2);
      expect(await call(1)).toBe(2);
      expect(loads.count).toBe(2);
    }
  });

  it('holds for as long as the entry could live when the store was paused [hard 2.10]', async () => {
    const { harness, store, call, operation } = cached({ ttl: Infinity });
    expect(await call(1)).toBe(1);
    store.fault = down;
    for (let id = 2; id < 6; id++) await call(id);
    await expect(operation.evict([1], undefined)).rejects.toThrow('other processes may serve it');
    await expect(operation.evictAll()).rejects.toBeInstanceOf(EvictionFailedError);
    await harness.clock.advance(10_000);
    store.fault = () => undefined;
    const reloaded = await call(1);
    expect(reloaded).not.toBe(1);
    await harness.clock.advance(1e9);
    expect(await call(1)).toBe(reloaded);
  });

  it('is not undone by a value that was being stored, even if that cannot be deleted [hard 2.10]', async () => {
    const { harness, store, method, call, operation } = cached();
    let release!: () => void;
    store.fault = (asked) =>
      asked === 'set' ? new Promise<void>((resolve) => (release = resolve)) : undefined;
    const first = method(1);
    await harness.clock.settle();
    expect(await first).toBe(1);
    await operation.evict([1], undefined);
    store.fault = (asked) => (asked === 'del' ? down() : undefined);
    release();
    await harness.clock.settle();
    store.fault = () => undefined;
    expect(store.entries.size).toBe(1);
    expect(await call(1)).toBe(2);
  });

  it('does not let a failure be answered with what was evicted [hard 2.10]', async () => {
    const harness = new Harness();
    let fails = false;
    const method = harness.wrap({ name: 'a', cache: { ttl: 10, staleIfError: 10_000 } }, async () => {
      await new Promise<void>((resolve) => harness.clock.schedule(10, resolve));
      if (fails) throw httpError(503);
      return 'old';
    });
    await harness.outcome(method());
    fails = true;
    await harness.clock.advance(20);
    const call = settle(method());
    await harness.clock.settle();
    await harness.runtime.operations.get('a')!.evict([], undefined);
    expect((await harness.outcome(call)).value!.ok).toBe(false);
  });

  it('of a whole operation reaches everything here at once, and other processes within a second [hard 3.10]', async () => {
    const store = new RemoteStore();
    const [here, there, other] = [cached({}, store), cached({}, store), cached({}, store, 'Other.one')];
    for (const id of [1, 2]) expect([await here.call(id), await there.call(id)]).toEqual([id, id]);
    await other.call();
    await here.operation.evictAll();
    expect([await here.call(1), await here.call(1), await here.call(2)]).toEqual([3, 3, 4]);
    expect([await there.call(1), await there.call(2)]).toEqual([3, 4]);
    await here.call(3);
    await there.call(3);
    await here.operation.evictAll();
    await there.harness.clock.advance(1_000);
    const loads = there.loads.count;
    await there.call(3);
    expect(there.loads.count).toBe(loads + 1);
    expect(await other.call()).toBe(1);
    const late = cached({}, store);
    await late.call(2);
    expect(late.loads.count).toBe(1);
  });

  it('of a whole operation reaches what is being loaded, and what this process keeps [hard 3.10]', async () => {
    const harness = new Harness();
    let loads = 0;
    const gate = { open: () => undefined as void };
    const method = harness.wrap({ name: 'a', cache: true }, async () => {
      const mine = ++loads;
      if (mine === 1) await new Promise<void>((resolve) => (gate.open = resolve));
      return mine;
    });
    const first = method();
    await harness.clock.settle();
    await harness.runtime.operations.get('a')!.evictAll();
    const second = method();
    gate.open();
    expect([await first, await second, await method()]).toEqual([1, 2, 2]);
    await harness.runtime.operations.get('a')!.evictAll();
    expect(await method()).toBe(3);
  });

  it('of a whole operation asks the store once a second at most [hard 3.10]', async () => {
    const { harness, store, call } = cached();
    await call(1);
    for (let count = 0; count < 20; count++) {
      await call(1);
      await harness.clock.advance(100);
    }
    expect(store.asked.filter((line) => line.includes('#epoch'))).toHaveLength(2);
  });

  it('is not believed when it lies ages ahead [hard 1.10]', async () => {
    const { store, call, loads } = cached();
    await call(1);
    const [key, text] = [...store.entries][0]!;
    store.entries.set(key, JSON.stringify({ ...JSON.parse(text), epoch: 1e300 }));
    await call(1);
    await call(1);
    expect(loads.count).toBe(2);
  });
});
