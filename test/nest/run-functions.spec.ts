import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  OperoConfigurationError,
  OperoService,
  type OperoModuleOptions,
  type OperoOptions,
} from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { ManualClock } from '../support/manual-clock.js';

@Injectable()
class Shop {}

class Profile {
  constructor(readonly user: string) {}
}

let reference: TestingModule;
let clock: ManualClock;
let warnings: string[];
afterEach(() => reference.close());

const start = async (options: OperoModuleOptions = {}): Promise<OperoService> => {
  clock = new ManualClock();
  warnings = [];
  const logger = {
    log: () => undefined,
    error: () => undefined,
    warn: (message: string) => void warnings.push(message),
  };
  reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Shop] }, { clock, random: () => 1, ...options })],
  })
    .setLogger(logger)
    .compile();
  await reference.init();
  return reference.get(OperoService, { strict: false });
};

const down = async (): Promise<string> => {
  throw new Error('down');
};

describe('runs with one name', () => {
  it('know a bound function again, also where the options are written anew [hard 2.1]', async () => {
    const opero = await start();
    const calls = [0, 0];
    const load = async function (this: { index: number }) {
      return ++calls[this.index]!;
    };
    const bound = calls.map((_, index) => load.bind({ index }));
    const ask = () =>
      Promise.all(bound.map((work) => opero.run({ name: 'loads', cache: 60_000 }, work, { args: [1] })));
    for (let round = 0; round < 2; round++) expect(await ask()).toEqual([1, 1]);
    await opero.cache.evict({ operation: 'loads', args: [1] });
    expect(await ask()).toEqual([2, 2]);
  });

  it('are each answered by their own fallback [hard 2.1]', async () => {
    const opero = await start();
    const profile = (user: string) =>
      opero.run({ name: 'profile', fallback: () => `the profile of ${user}` }, down);
    expect(await Promise.all(['alice', 'bob', 'carol'].map(profile))).toEqual([
      'the profile of alice',
      'the profile of bob',
      'the profile of carol',
    ]);
    const value = (user: string) =>
      opero.run({ name: 'value', fallback: { value: new Profile(user) } }, down);
    expect((await value('alice')) as unknown).toEqual(new Profile('alice'));
    expect((await value('bob')) as unknown).toEqual(new Profile('bob'));
  });

  it('each make the key of the cache with their own function [hard 2.1]', async () => {
    const opero = await start();
    let loads = 0;
    const load = (user: string) =>
      opero.run({ name: 'load', cache: { ttl: 60_000, key: () => user } }, async () => `${user} ${++loads}`);
    expect([await load('alice'), await load('bob'), await load('alice')]).toEqual([
      'alice 1',
      'bob 2',
      'alice 1',
    ]);
    const flight = (user: string) =>
      opero.run({ name: 'flight', singleFlight: { key: () => user } }, async () => user);
    expect(await Promise.all([flight('alice'), flight('bob'), flight('alice')])).toEqual([
      'alice',
      'bob',
      'alice',
    ]);
  });

  it('each use their own predicates, backoff, conditions and hooks [hard 2.1]', async () => {
    const opero = await start();
    const seen: string[] = [];
    const attempt = (who: string, retries: boolean) =>
      opero.run(
        {
          name: 'asked',
          retry: {
            retries: 1,
            retryOn: () => retries,
            backoff: () => (seen.push(`backoff of ${who}`), 0),
            onRetry: () => seen.push(`onRetry of ${who}`),
          },
          onFailure: () => seen.push(`onFailure of ${who}`),
        },
        down,
      );
    for (const [who, retries] of [
      ['alice', true],
      ['bob', false],
      ['carol', true],
    ] as const) {
      const outcome = attempt(who, retries).catch(() => undefined);
      await clock.advance(10);
      await outcome;
    }
    expect(seen).toEqual([
      'backoff of alice',
      'onRetry of alice',
      'onFailure of alice',
      'onFailure of bob',
      'backoff of carol',
      'onRetry of carol',
      'onFailure of carol',
    ]);
  });

  it('each accept results with their own function, and open a circuit for as long as they say [hard 2.1]', async () => {
    const opero = await start();
    const poll = (wanted: number) => {
      let state = 0;
      return opero.run(
        { name: 'poll', retry: { retries: 9, minDelay: 0, retryOnResult: (is: number) => is < wanted } },
        async () => ++state,
      );
    };
    const polled = Promise.all([poll(1), poll(4)]);
    await clock.advance(10);
    expect(await polled).toEqual([1, 4]);
    const fail = (key: string, open: number) =>
      opero
        .run(
          {
            name: 'circuit',
            circuitBreaker: {
              window: { type: 'consecutive', size: 1 },
              key: () => key,
              openDuration: () => open,
            },
          },
          down,
        )
        .catch((error: { retryAfter?: number }) => error.retryAfter);
    await fail('a', 500);
    await fail('b', 9_000);
    expect([await fail('a', 1), await fail('b', 1)]).toEqual([500, 9_000]);
  });

  it('use what one has put into an options object that was used before [hard 2.1]', async () => {
    const opero = await start();
    const options = { name: 'kept', fallback: () => 'first' };
    expect(await opero.run(options, down)).toBe('first');
    options.fallback = () => 'second';
    expect(await opero.run(options, down)).toBe('second');
  });

  it('share their limits, their circuit, their budget and their counts [hard 2.1]', async () => {
    const opero = await start();
    const limited = (who: string) =>
      opero.run(
        { name: 'limited', rateLimit: { limit: 2, interval: 60_000, mode: 'reject', key: () => 'all' } },
        async () => who,
      );
    expect([await limited('alice'), await limited('bob')]).toEqual(['alice', 'bob']);
    await expect(limited('carol')).rejects.toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
    const broken = () =>
      opero.run(
        {
          name: 'broken',
          circuitBreaker: { window: { type: 'consecutive', size: 2 }, failureOn: () => true },
        },
        down,
      );
    for (let run = 0; run < 2; run++) await expect(broken()).rejects.toThrow('down');
    await expect(broken()).rejects.toMatchObject({ code: 'OPERO_CIRCUIT_OPEN' });
    expect(opero.circuit('broken').state).toBe('open');
    const busy = (work: () => Promise<string>) => opero.run({ name: 'busy', bulkhead: { concurrency: 1, key: () => 'all' } }, work); // prettier-ignore
    let free!: (value: string) => void;
    const first = busy(() => new Promise((resolve) => (free = resolve)));
    await expect(busy(async () => 'second')).rejects.toMatchObject({ code: 'OPERO_BULKHEAD_FULL' });
    free('first');
    expect(await first).toBe('first');
    const listed = opero.operations().filter(({ operation }) => operation === 'broken');
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject({
      state: 'failing',
      failureStreak: 3,
      running: 0,
      lastError: 'CircuitOpenError',
    });
    expect(listed[0]!.counts).toMatchObject({ failure: 3, 'circuit-open': 1, 'circuit-refusal': 1 });
  });

  it.each([
    ['a principal', { cache: { principal: () => 'me' } }, { cache: {} }, 'cache.principal'],
    ['no key', { cache: {} }, { cache: { key: () => 'key' } }, 'cache.key'],
    [
      'another class to revive',
      { cache: { revive: class A {} } },
      { cache: { revive: class B {} } },
      'cache.revive',
    ],
    ['no class to revive', { cache: {} }, { cache: { revive: class B {} } }, 'cache.revive'],
    [
      'a key of its circuit',
      { circuitBreaker: { key: () => 'key' } },
      { circuitBreaker: true },
      'circuitBreaker',
    ],
  ] as [string, OperoOptions, OperoOptions, string][])(
    'refuse one with %s where the first had it otherwise [hard 2.1]',
    async (_what, first, second, path) => {
      const opero = await start();
      const run = (options: OperoOptions) =>
        opero.run({ name: 'one', ...options }, async () => 1, { args: [1] });
      await run(first).catch(() => undefined);
      expect(() => run(second)).toThrow(`got other options than the first run with this name (${path}`);
      expect(() => run(first)).not.toThrow();
    },
  );

  it('are told apart from runs with other data, whatever their functions are [hard 2.1]', async () => {
    const opero = await start();
    class Missing extends Error {}
    class Other extends Error {}
    const run = (options: OperoOptions) => opero.run({ name: 'one', ...options }, async () => 1);
    await run({ retry: { retries: 1, retryOn: [Missing] }, onFailure: () => 1 });
    expect(await run({ retry: { retries: 1, retryOn: [Missing] }, fallback: { value: 2 } })).toBe(1);
    expect(() => run({ retry: { retries: 1, retryOn: [Other] } })).toThrow(
      'one: name: got other options than the first run with this name (retry.retryOn.0), allowed: the same',
    );
    expect(() => run({ retry: { retries: 2, retryOn: [Missing] } })).toThrow('(retry.retries)');
    expect(() => run({ retry: { retries: 1 } })).toThrow(OperoConfigurationError);
  });

  it('in map() use their own functions too [hard 2.1]', async () => {
    const opero = await start();
    const broken = (who: string) =>
      opero.map([1, 2], down, {
        name: 'mapped',
        fallback: (_error, _call, item) => `${who} ${String(item)}`,
      });
    expect([await broken('alice'), await broken('bob')]).toEqual([
      ['alice 1', 'alice 2'],
      ['bob 1', 'bob 2'],
    ]);
  });
});

describe('a run with a cache or single-flight', () => {
  const profiles = { cached: { cache: { ttl: 60_000, key: (id: number) => `id ${id}` } } };

  it.each([
    ['cache', { name: 'x', cache: 60_000 }],
    ['cache', { name: 'x', cache: { ttl: 60_000, share: true } }],
    ['singleFlight', { name: 'x', singleFlight: true }],
    ['cache', 'cached'],
  ] as const)('is refused without args or a key of its own: %s %j [hard 2.1]', async (option, options) => {
    const opero = await start({ profiles });
    const name = typeof options === 'string' ? options : options.name;
    expect(() => opero.run(options, async () => 1)).toThrow(
      `${name}: ${option}: got a run without args, allowed: with args, which its key is made from, or with a ${option}.key function in the options of the run`,
    );
    expect(await opero.run(options, async () => 1, { args: [1] })).toBe(1);
    expect(await opero.run(options, async () => 2, { args: [2] })).toBe(2);
  });

  it('is refused too where the cache comes from the defaults, and without a name caches nothing [hard 2.1]', async () => {
    const opero = await start({ defaults: { cache: 60_000 } });
    expect(() => opero.run({ name: 'named' }, async () => 1)).toThrow('named: cache: got a run without args');
    const unnamed = (value: number) => opero.run({ retry: 1 }, async () => value);
    expect([await unnamed(1), await unnamed(2)]).toEqual([1, 2]);
    expect(warnings).toEqual([
      expect.stringContaining('cache in defaults remembers nothing for OperoService.run()'),
    ]);
  });

  it.each([
    ["args: got 'id', allowed: a list of arguments", [{}, down, { args: 'id' }]],
    ['arg: got an unknown name (did you mean args?), allowed: signal, args', [{}, down, { arg: [1] }]],
    ['signal: got {}, allowed: an AbortSignal', [{}, down, { signal: {} }]],
    ['got null as its third argument', [{}, down, null]],
    ['work: got undefined, allowed: a function', [{ retry: 1 }]],
    ["options: got null, allowed: an object with options, or a profile's name", [null, down]],
  ])('and any other run says what is wrong with it: %s', async (message, given) => {
    const opero = await start();
    const run = opero.run.bind(opero) as (...args: unknown[]) => unknown;
    expect(() => run(...given)).toThrow(`OperoService.run(): ${message}`);
  });
});

describe('runs without a name', () => {
  const budgeted = (opero: OperoService, work: () => Promise<string>) => {
    const outcome = opero.run({ retry: { retries: 1, minDelay: 0 } }, work).catch(() => undefined);
    return clock.advance(1).then(() => outcome);
  };

  it('with one constant of options are of the function that each is given [hard 2.1]', async () => {
    const opero = await start();
    const told: string[] = [];
    opero.events.on('failure', ({ operation }) => told.push(operation));
    const constant = { retry: 2 };
    const orders = async () => down();
    const users = async () => down();
    for (const work of [orders, users, orders, users]) {
      const run = opero.run(constant, work).catch(() => undefined);
      await clock.settle();
      for (let wait = 0; wait < 3; wait++) await clock.advance(60_000);
      await run;
    }
    expect([...new Set(told)]).toEqual(['orders#1', 'users#2']);
  });

  it('of one function share a retry budget, those of others have their own [hard 2.1]', async () => {
    const opero = await start();
    let calls = 0;
    const failing = async (): Promise<string> => {
      calls++;
      throw new Error('down');
    };
    for (let run = 0; run < 150; run++) await budgeted(opero, failing);
    // 500 tokens pay for 100 retries of 5, and a little comes back with time.
    expect(calls).toBeGreaterThanOrEqual(250);
    expect(calls).toBeLessThan(260);
    let others = 0;
    await budgeted(opero, async () => {
      others++;
      throw new Error('down as well');
    });
    expect(others).toBe(2);
  });
});

describe('a wrapped function', () => {
  class Account {
    constructor(readonly owner: string) {}
  }

  it('caches for each `this` apart, and shares no load between them [hard 2.1]', async () => {
    const opero = await start();
    let loads = 0;
    const balance = opero.wrap({ name: 'balance', cache: 60_000 }, async function (
      this: unknown,
      currency: string,
    ) {
      loads++;
      return `${(this as Account | undefined)?.owner} ${currency}`;
    } as (currency: string) => Promise<string>);
    const [alice, bob] = [new Account('alice'), new Account('bob')];
    expect(await Promise.all([balance.call(alice, 'EUR'), balance.call(bob, 'EUR'), balance('EUR')])).toEqual(
      ['alice EUR', 'bob EUR', 'undefined EUR'],
    );
    expect([await balance.call(alice, 'EUR'), await balance.call(bob, 'EUR'), loads]).toEqual([
      'alice EUR',
      'bob EUR',
      3,
    ]);
    await opero.cache.evict({ operation: 'balance', args: ['EUR'], instance: alice });
    await balance.call(alice, 'EUR');
    await balance.call(bob, 'EUR');
    expect(loads).toBe(4);
  });

  it('tells primitives apart, and providers by their names, so that a common store is used [hard 2.1]', async () => {
    const entries = new Map<string, unknown>();
    const store = {
      get: (key: string) => entries.get(key),
      set: (key: string, value: unknown) => void entries.set(key, value),
      del: (key: string) => void entries.delete(key),
    };
    const opero = await start({ cache: { store } });
    const who = opero.wrap({ name: 'who', cache: 60_000 }, async function (this: unknown) {
      return this;
    } as () => Promise<unknown>);
    expect([await who.call('1'), await who.call(1), await who.call('1')]).toEqual(['1', 1, '1']);
    const symbols = [Symbol('same'), Symbol('same')];
    expect([await who.call(symbols[0]), await who.call(symbols[1])]).toEqual(symbols);
    entries.clear();
    const named = opero.wrap({ name: 'named', cache: 60_000 }, async () => 'found');
    await named.call(reference.get(Shop, { strict: false }));
    await clock.settle();
    expect([...entries.keys()].join()).toContain('named:TestModule/Shop:');
  });

  it('can be made more than once from one profile [hard 2.1]', async () => {
    const opero = await start({ profiles: { cached: { cache: 60_000 } } });
    const user = opero.wrap('cached', async (id: number) => `user ${id}`);
    const order = opero.wrap('cached', async (id: number) => `order ${id}`);
    expect([await user(1), await order(1), await user(1)]).toEqual(['user 1', 'order 1', 'user 1']);
  });
});
