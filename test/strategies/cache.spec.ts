import { describe, expect, it, jest } from '@jest/globals';
import { currentCall, type OperoOptions } from '../../lib/index.js';
import { canonical, GuardedStore, MemoryStore } from '../../lib/strategies/cache/index.js';
import { Deadlines } from '../../lib/core/time/index.js';
import { Call } from '../../lib/core/call/index.js';
import { deferred, failing, Harness, httpError, settle } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

/** A store like any other process's: it answers later, and only by contents. */
class RemoteStore {
  readonly entries = new Map<string, string>();
  readonly ttls: unknown[] = [];
  get = jest.fn(async (key: string): Promise<unknown> => {
    const stored = this.entries.get(key);
    return stored === undefined ? undefined : JSON.parse(stored);
  });
  set = jest.fn(async (key: string, value: unknown, ttl?: number): Promise<void> => {
    this.ttls.push(ttl);
    this.entries.set(key, JSON.stringify(value));
  });
  del = jest.fn(async (key: string): Promise<void> => void this.entries.delete(key));
}

const remote = (store = new RemoteStore()) => ({
  store,
  harness: new Harness({ caching: { store: () => store } }),
});

describe.each([
  ['in this process', () => new Harness()],
  ['in a store', () => remote().harness],
])('the cache %s', (_name, create) => {
  it('lets 100 calls at once share one load [cache 1] [peers 7]', async () => {
    const harness = create();
    const load = deferred<string>();
    let loads = 0;
    const call = harness.wrap({ cache: 1_000 }, (_id: number) => (loads++, load.promise));
    const all = Array.from({ length: 100 }, () => call(1));
    await harness.clock.settle();
    load.resolve('value');
    expect(new Set(await Promise.all(all))).toEqual(new Set(['value']));
    expect(loads).toBe(1);
  });

  it.each([undefined, null, false, 0, '', [], {}])(
    'keeps %p like any value [cache 10] [peers 8]',
    async (value) => {
      const harness = create();
      const { method, calls } = failing([], value);
      const call = harness.wrap({ cache: 1_000 }, method);
      expect(await call()).toEqual(value);
      expect(await call()).toEqual(value);
      expect(calls()).toBe(1);
    },
  );

  it.each([
    NaN,
    -0,
    Infinity,
    10n,
    new Date(7),
    new Map([[1, new Set(['a'])]]),
    [undefined, { when: new Date(0), none: undefined }],
    Uint8Array.of(1, 2),
  ])('gives back %p as it was [peers 8]', async (value) => {
    const harness = create();
    const { method, calls } = failing([], value);
    const call = harness.wrap({ cache: 1_000 }, method);
    expect(await call()).toStrictEqual(value);
    expect(await call()).toStrictEqual(value);
    expect(calls()).toBe(1);
  });

  it('rejects all who wait with the same error, whatever it is, and keeps nothing [cache 5]', async () => {
    for (const error of [new Error('down'), undefined, null, 0, '']) {
      const harness = create();
      const { method, calls } = failing([error], 'fine');
      const call = harness.wrap({ cache: 1_000 }, method);
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => settle(call())));
      expect(outcomes).toEqual(Array(5).fill({ ok: false, error }));
      expect(await call()).toBe('fine');
      expect(calls()).toBe(2);
    }
  });

  it('frees the key of a load that hangs [cache 8]', async () => {
    const harness = create();
    let loads = 0;
    const call = harness.wrap({ cache: 1_000, timeout: 50 }, () => {
      loads++;
      return loads === 1 ? new Promise<string>(() => undefined) : Promise.resolve('recovered');
    });
    expect((await harness.outcome(call())).error.code).toBe('OPERO_ATTEMPT_TIMEOUT');
    expect((await harness.outcome(call())).value).toBe('recovered');
  });

  it('does not store what was evicted while it was loading [cache 9]', async () => {
    const harness = create();
    const loads = [deferred<string>(), deferred<string>()];
    let count = 0;
    const operation = harness.operation({ cache: 1_000 });
    const call = () =>
      operation.run(
        { self: undefined, method: () => loads[count++]!.promise, args: [] },
        harness.runtime.root,
        'promise',
      );
    const first = call() as Promise<string>;
    await harness.clock.settle();
    await operation.evict([], undefined);
    loads[0]!.resolve('old');
    expect(await first).toBe('old');
    loads[1]!.resolve('new');
    expect(await call()).toBe('new');
    expect(await call()).toBe('new');
    expect(count).toBe(2);
  });

  it('forgets after the ttl, to the millisecond, and not before', async () => {
    const harness = create();
    const { method, calls } = failing([], 1);
    const call = harness.wrap({ cache: 50 }, method);
    await harness.outcome(call());
    await harness.clock.advance(49);
    await harness.outcome(call());
    expect(calls()).toBe(1);
    await harness.clock.advance(1);
    await harness.outcome(call());
    expect(calls()).toBe(2);
  });

  it('lets a caller that gives up leave alone, and ends the load when the last one has left [peers 7]', async () => {
    const harness = create();
    const load = deferred<string>();
    let signal: AbortSignal | undefined;
    const operation = harness.operation({ cache: 1_000 });
    const method = () => {
      signal = currentCall().signal;
      return load.promise;
    };
    const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    const [leader, follower, last] = [begin(), begin(), begin()];
    await harness.clock.settle();
    leader!.call.abort('leader left');
    await expect(leader!.result).rejects.toBe('leader left');
    expect(signal!.aborted).toBe(false);
    follower!.call.abort('follower left');
    await expect(follower!.result).rejects.toBe('follower left');
    expect(signal!.aborted).toBe(false);
    last!.call.abort('all left');
    await expect(last!.result).rejects.toBe('all left');
    expect(signal!.aborted).toBe(true);
    await harness.clock.settle();
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('does not deadlock when a method calls itself with the same arguments', async () => {
    const harness = create();
    let depth = 0;
    const call: () => Promise<number> = harness.wrap({ cache: 1_000 }, async () =>
      ++depth < 3 ? call() : depth,
    );
    expect((await harness.outcome(call())).value).toBe(3);
  });

  it('serves a stale result when the method fails, as long as it may', async () => {
    const harness = create();
    const { method } = failing([], 'fresh');
    let down = false;
    const call = harness.wrap({ cache: { ttl: 100, staleIfError: 1_000 } }, () =>
      down ? Promise.reject(httpError(503)) : method(),
    );
    await harness.outcome(call());
    down = true;
    await harness.clock.advance(500);
    expect((await harness.outcome(call())).value).toBe('fresh');
    await harness.clock.advance(700);
    expect((await harness.outcome(call())).error.message).toBe('status 503');
  });

  it('never keeps what a fallback answered', async () => {
    const harness = create();
    const { method, calls } = failing([new Error('down')], 'real');
    const call = harness.wrap({ cache: 1_000, fallback: { value: 'fallback' } }, method);
    expect((await harness.outcome(call())).value).toBe('fallback');
    expect((await harness.outcome(call())).value).toBe('real');
    expect(calls()).toBe(2);
  });

  it('runs a call uncached whose arguments make no key, with one warning [cache 12]', async () => {
    class Session {
      #secret = 1;
      read = () => this.#secret;
    }
    const harness = create();
    let loads = 0;
    const call = harness.wrap({ cache: 1_000 }, async (_argument: unknown) => ++loads);
    for (const argument of [
      () => 1,
      Symbol('a'),
      new Session(),
      Promise.resolve(),
      new WeakMap(),
      { [Symbol('k')]: 1 },
    ]) {
      const [first, second] = [await call(argument), await call(argument)];
      expect(second).not.toBe(first);
    }
    expect(new Set(harness.warnings).size).toBe(harness.warnings.length);
    expect(harness.warnings[0]).toContain(
      'Test.method1 runs uncached: a function cannot be part of a cache key',
    );
  });

  it('runs uncached when the key function, or when, throws or answers nonsense [peers 18]', async () => {
    for (const cache of [
      {
        key: () => {
          throw new Error('key');
        },
      },
      { key: () => '' },
      { key: () => 7 as never },
      {
        when: () => {
          throw new Error('when');
        },
      },
      { when: () => false },
    ]) {
      // prettier-ignore
      const harness = create();
      const { method, calls } = failing([], 1);
      const call = harness.wrap({ cache }, method);
      await harness.outcome(call());
      await harness.outcome(call());
      expect(calls()).toBe(2);
    }
  });

  it('does not store what unless tells, or when it throws', async () => {
    for (const unless of [
      (result: unknown) => result === null,
      () => {
        throw new Error('unless');
      },
    ]) {
      // prettier-ignore
      const harness = create();
      const { method, calls } = failing([], null);
      const call = harness.wrap({ cache: { unless } }, method);
      await harness.outcome(call());
      await harness.outcome(call());
      expect(calls()).toBe(2);
    }
  });

  it('warns once of a tenant function that throws, whatever it says [hard 2.5]', async () => {
    let calls = 0;
    const tenant = () => {
      throw new Error(`no tenant in request ${++calls}`);
    };
    const harness = new Harness({ caching: { tenant } });
    const call = harness.wrap({ cache: 1_000 }, async () => 'found');
    expect([await call(), await call()]).toEqual(['found', 'found']);
    expect(harness.warnings).toEqual([
      'Test.method1 runs uncached: cache.tenant threw Error: no tenant in request 1',
    ]);
  });

  it('tells tenants apart, and keeps nothing without one', async () => {
    let tenant: string | undefined = 'a';
    const store = new RemoteStore();
    const harness = new Harness({ caching: { store: () => store, tenant: () => tenant } });
    let loads = 0;
    const call = harness.wrap({ cache: 1_000 }, async () => `${tenant}${++loads}`);
    expect((await harness.outcome(call())).value).toBe('a1');
    tenant = 'b';
    expect((await harness.outcome(call())).value).toBe('b2');
    tenant = 'a';
    expect((await harness.outcome(call())).value).toBe('a1');
    tenant = undefined;
    expect((await harness.outcome(call())).value).toBe('undefined3');
    expect((await harness.outcome(call())).value).toBe('undefined4');
  });

  it('gives each caller a copy of its own', async () => {
    const harness = create();
    const call = harness.wrap({ cache: true }, async () => ({ list: [1] }));
    (await harness.outcome(call())).value!.list.push(999);
    expect((await harness.outcome(call())).value).toEqual({ list: [1] });
  });

  it('asks for options that can be', () => {
    for (const [cache, message] of [
      [0, 'cache.ttl: got 0, allowed: a duration in ms, greater than 0, or Infinity'],
      [-1, 'cache.ttl: got -1'],
      [NaN, 'cache.ttl: got NaN'],
      ['1000', "cache: got '1000', allowed: true, a ttl in ms, false, or an object"],
      [{ ttl: '1000' }, "cache.ttl: got '1000'"],
      [{ ttl: Infinity, staleIfError: 5 }, 'cache.staleIfError: got a ttl of Infinity beside it'],
      [{ staleIfError: 0 }, 'cache.staleIfError: got 0'],
      [{ staleIfError: { ttl: 5, of: 503 } }, 'cache.staleIfError.of: got an unknown name'],
      [{ staleIfError: { ttl: 5, on: {} } }, 'cache.staleIfError.on: got {}'],
      [{ revive: 'User' }, "cache.revive: got 'User'"],
    ] as const) {
      expect(() => create().operation({ cache } as OperoOptions)).toThrow(message);
    }
  });

  it('takes 0.5 ms for what it is [cache 18]', async () => {
    const harness = create();
    const { method, calls } = failing([], 1);
    const call = harness.wrap({ cache: 0.5 }, method);
    await harness.outcome(call());
    await harness.clock.advance(1);
    await harness.outcome(call());
    expect(calls()).toBe(2);
  });
});

describe('single-flight alone', () => {
  it('shares a call under way and keeps nothing', async () => {
    const harness = new Harness();
    let loads = 0;
    const call = harness.wrap({ singleFlight: true }, async (_id: number) => ++loads);
    expect(await Promise.all([call(1), call(1), call(2)])).toEqual([1, 1, 2]);
    expect(await call(1)).toBe(3);
  });
});

describe('keys [cache 11]', () => {
  const different: [string, unknown, unknown][] = [
    ['undefined and null', [undefined, 1], [null, 1]],
    ['NaN and null', [NaN], [null]],
    ['Infinity and null', [Infinity], [null]],
    ['a date and its text', [new Date(0)], [new Date(0).toISOString()]],
    ['a bad date and null', [new Date(NaN)], [null]],
    ['maps', [new Map([[1, 1]])], [new Map([[2, 2]])]],
    ['a map and an object', [new Map()], [{}]],
    ['sets', [new Set([1])], [new Set([2])]],
    ['1n and 1', [1n], [1]],
    ["1 and '1'", [1], ['1']],
    ["'a,b' and 'a', 'b'", ['a,b'], ['a', 'b']],
    ['nesting', [[1], 2], [[1, 2]]],
    ['text and an object', ['{"a":1}'], [{ a: 1 }]],
    ['patterns', [/a/], [/b/]],
    ['addresses', [new URL('http://a/')], [new URL('http://b/')]],
    ['buffers', [Buffer.from('a')], [Buffer.from('b')]],
    ['bytes and a list', [Uint8Array.of(1)], [[1]]],
    ['lone surrogates', ['\ud800'], ['\ud801']],
    ['an own __proto__ and none', [JSON.parse('{"__proto__":1}')], [{}]],
    ['forged text', ['bob', 'x', 'y'], ['bob', "x','y"]],
    ['forged keys', [{ id: 1, q: 'x', z: '1' }], [{ id: 1, q: "x',z:'1" }]],
    ['delimiters', ['a:b', 'c'], ['a', 'b:c']],
  ];
  it.each(different)('are different for %s', (_name, a, b) => {
    expect(canonical(a as unknown[])).not.toBe(canonical(b as unknown[]));
  });

  const shared = { x: 1 };
  const circle = () => {
    const object: Record<string, unknown> = {};
    object.self = object;
    return object;
  };
  const same: [string, unknown, unknown][] = [
    ['the order of properties', [{ a: 1, b: { c: 2, d: 3 } }], [{ b: { d: 3, c: 2 }, a: 1 }]],
    ['the order of a set', [new Set([1, 2])], [new Set([2, 1])]],
    ['f() and f(undefined)', [], [undefined]],
    ['{a: undefined} and {}', [{ a: undefined }], [{}]],
    ['-0 and 0', [-0], [0]],
    ['shared and equal objects', [shared, shared], [{ x: 1 }, { x: 1 }]],
    ['circles of one shape', [circle()], [circle()]],
  ];
  it.each(same)('are the same for %s', (_name, a, b) => {
    expect(canonical(a as unknown[])).toBe(canonical(b as unknown[]));
  });

  it('hide their arguments in a store, and cannot be guessed with a secret', async () => {
    const keys = async (keySecret?: string) => {
      const store = new RemoteStore();
      const harness = new Harness({ caching: { store: () => store, keySecret } });
      await harness.outcome(harness.wrap({ cache: 1_000 }, async (_mail: string) => 1)('S3CR3T@example.org'));
      return [...store.entries.keys()].join();
    };
    expect(await keys()).toMatch(/^opero:Test\.method1::[\w-]{43}$/);
    expect(await keys()).not.toContain('S3CR3T');
    expect(await keys('pepper')).not.toBe(await keys());
  });

  it('refuse what is too deep or too long to be one', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level++) deep = [deep];
    expect(() => canonical([deep])).toThrow('more than 100 levels');
    expect(() => canonical(['x'.repeat(70_000)])).toThrow('64 KiB');
  });
});

describe('a store that fails', () => {
  it('does not delay a call beyond its time, and is left alone after three failures [cache 2] [cache 3]', async () => {
    const { store, harness } = remote();
    store.get.mockImplementation(() => new Promise(() => undefined));
    store.set.mockImplementation(() => new Promise(() => undefined));
    const { method, calls } = failing([], 1);
    const call = harness.wrap({ cache: 1_000 }, method);
    const timed = async () => {
      const before = harness.clock.now();
      await harness.outcome(call());
      const took = harness.clock.now() - before;
      await harness.clock.advance(600);
      return took;
    };
    expect(await timed()).toBe(500);
    expect(await timed()).toBe(500);
    expect(await timed()).toBe(0);
    expect(calls()).toBe(3);
    expect(store.get.mock.calls.length + store.set.mock.calls.length).toBe(3);
  });

  it('hits again once it has recovered', async () => {
    const { store, harness } = remote();
    const { method, calls } = failing([], 1);
    const call = harness.wrap({ cache: 60_000 }, method);
    store.get.mockImplementation(() => Promise.reject(new Error('down')));
    for (let count = 0; count < 4; count++) await harness.outcome(call());
    store.get.mockImplementation(async (key: string) => JSON.parse(store.entries.get(key) ?? 'null'));
    await harness.clock.advance(6_000);
    const before = calls();
    await harness.outcome(call());
    await harness.outcome(call());
    expect(calls() - before).toBeLessThanOrEqual(1);
  });

  it('does not fail a call that succeeded, whether it rejects or throws', async () => {
    for (const fail of [
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('BigInt');
      },
    ]) {
      // prettier-ignore
      const { store, harness } = remote();
      store.set.mockImplementation(fail as never);
      expect((await harness.outcome(harness.wrap({ cache: 1_000 }, async () => 1n)())).value).toBe(1n);
    }
  });

  it('is not believed when it gives what was never stored', async () => {
    for (const stored of [
      123,
      'text',
      {},
      [],
      null,
      { value: 5 },
      { opero: 2, value: 5 },
      { opero: 1, expires: 'x', value: 5 },
    ]) {
      const { store, harness } = remote();
      store.get.mockResolvedValue(stored);
      expect((await harness.outcome(harness.wrap({ cache: 1_000 }, async () => 'real')())).value).toBe(
        'real',
      );
    }
  });

  it('is told how long to keep: 0 for ever, stale entries as long as they may be served [hard 2.9]', async () => {
    const { store, harness } = remote();
    for (const cache of [true, Infinity, { ttl: 100, staleIfError: 50 }, { ttl: 2 ** 40 }]) {
      await harness.outcome(harness.wrap({ cache }, async () => 1)());
    }
    expect(store.ttls).toEqual([300_000, 0, 150, 2 ** 31 - 1]);
  });

  it('leaves no timer and no unhandled rejection behind', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const errors: unknown[] = [];
    const late = deferred();
    const guard = new GuardedStore(
      { get: () => late.promise, set: () => 1, del: () => 1 },
      clock,
      deadlines,
      50,
      (error) => errors.push(error),
    );
    const read = guard.get('key');
    await clock.advance(50);
    expect(await read).toBeUndefined();
    late.reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe('memory', () => {
  it('stays bounded however many keys there are [cache 17]', async () => {
    const collect = (globalThis as { gc?: () => void }).gc!;
    const store = new MemoryStore({ maxEntries: 1_000, maxSize: undefined });
    for (let id = 0; id < 20_000; id++) store.set(String(id), {} as never, 0);
    expect(store.size).toBe(1_000);
    const harness = new Harness({ caching: { maxEntries: 1_000 } });
    const operation = harness.operation({ cache: 10 });
    const call = (id: number) =>
      operation.run({ self: undefined, method: async () => id, args: [id] }, harness.runtime.root, 'promise');
    for (let id = 0; id < 10_000; id++) await call(id);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let id = 0; id < 1_000_000; id++) await call(id);
    collect();
    expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(8);
    expect(operation.loading).toBe(0);
    expect(harness.runtime.root.children().filter((child) => child instanceof Call)).toHaveLength(0);
  }, 60_000);
});
