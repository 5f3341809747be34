import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { currentCall, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', onUnhandled));
afterAll(() => {
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

type Step = (id: string) => Promise<string>;

describe.each<[string, OperoOptions, () => Harness]>([
  ['cached in this process', { cache: true }, () => new Harness()],
  ['cached in a store', { cache: true }, () => new Harness({ caching: { store: () => new RemoteStore() } })],
  ['with single-flight alone', { singleFlight: true }, () => new Harness()],
])('loads that need each other, %s', (_name, options, create) => {
  /** Two methods that ask each other, each once in the middle of its own load. */
  function crosswise(harness: Harness) {
    const gates = { x: deferred(), y: deferred() };
    let left = 6;
    const x: Step = harness.wrap(options, async (id: string) => {
      if (--left < 0) return 'x';
      await gates.x.promise;
      return `x(${await y(id)})`;
    });
    const y: Step = harness.wrap(options, async (id: string) => {
      if (--left < 0) return 'y';
      await gates.y.promise;
      return `y(${await x(id)})`;
    });
    return { x, y, gates };
  }

  it('end when two methods call each other with equal keys [hard 1.4]', async () => {
    const harness = create();
    const { x, gates } = crosswise(harness);
    gates.x.resolve();
    gates.y.resolve();
    expect((await harness.outcome(x('1'))).ok).toBe(true);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it.each([
    ['x first', ['x', 'y']],
    ['y first', ['y', 'x']],
  ] as const)(
    'end when both are under way before either asks the other, %s [hard 1.4]',
    async (_which, order) => {
      const harness = create();
      const { x, y, gates } = crosswise(harness);
      const both = [x('1'), y('1')];
      await harness.clock.settle();
      for (const gate of order) {
        gates[gate].resolve();
        await harness.clock.settle();
      }
      for (const one of both) expect((await harness.outcome(one)).ok).toBe(true);
      expect(harness.runtime.root.busy).toBe(false);
    },
  );

  it('end in a circle of three, with an uncached call and a branch in between [hard 1.4]', async () => {
    const harness = create();
    let left = 3;
    const gate = deferred();
    const bare: { run: Step } = { run: async () => '' };
    const make = (name: string, next: () => Step): Step =>
      harness.wrap(options, async (id: string) => {
        if (--left < 0) return name;
        await gate.promise;
        const [answer] = await Promise.all([next()(id), Promise.resolve('beside')]);
        return `${name}(${answer})`;
      });
    const a: Step = make('a', () => b);
    const b: Step = make('b', () => bare.run);
    const c: Step = make('c', () => a);
    bare.run = harness.wrap({ retry: 1 }, async (id: string) => c(id));
    const all = [a('1'), b('1'), c('1')];
    await harness.clock.settle();
    gate.resolve();
    for (const one of all) expect((await harness.outcome(one)).ok).toBe(true);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('end when a follower, not the one that began, closes the circle [hard 1.4]', async () => {
    const harness = create();
    const gate = deferred();
    const late = deferred();
    let depth = 0;
    const shared: Step = harness.wrap(options, async (id: string) => {
      await gate.promise;
      return ++depth < 4 ? outer(id) : 'end';
    });
    const outer: Step = harness.wrap(options, async (id: string) => {
      await late.promise;
      return shared(id);
    });
    const first = shared('1');
    const second = outer('1');
    await harness.clock.settle();
    late.resolve();
    await harness.clock.settle();
    gate.resolve();
    expect((await harness.outcome(first)).value).toBe('end');
    expect((await harness.outcome(second)).ok).toBe(true);
  });

  it('end when a branch nobody awaits asks for the load it is part of [hard 1.4]', async () => {
    const harness = create();
    const answers: unknown[] = [];
    let begun = 0;
    const call: Step = harness.wrap(options, async (id: string) => {
      if (++begun === 1) void call(id).then((answer) => answers.push(answer));
      await null;
      return `load ${begun}`;
    });
    expect((await harness.outcome(call('1'))).ok).toBe(true);
    await harness.clock.settle();
    expect(answers).toHaveLength(1);
  });

  it('still share where no circle is [hard 1.4]', async () => {
    const harness = create();
    const gate = deferred<string>();
    let loads = 0;
    const inner: Step = harness.wrap(options, async () => (loads++, gate.promise));
    const outer = [1, 2, 3].map((which) =>
      harness.wrap(options, async (id: string) => `${which}${await inner(id)}`),
    );
    const all = outer.map((one) => one('1'));
    await harness.clock.settle();
    gate.resolve('!');
    expect(await Promise.all(all)).toEqual(['1!', '2!', '3!']);
    expect(loads).toBe(1);
  });
});

describe('what throws in the middle of a load', () => {
  const thrower = (): never => {
    throw new Error('hostile');
  };
  const hostile = (...names: string[]): object =>
    Object.defineProperties(
      { opero: 1, value: 'stored' },
      Object.fromEntries(names.map((name) => [name, { get: thrower, enumerable: true, configurable: true }])),
    );
  const thenable = () => ({
    get then(): never {
      return thrower();
    },
  });
  const answers: [string, () => unknown][] = [
    ['throws', thrower],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['rejects with what cannot be looked at', () => Promise.reject(hostile('message', 'name'))],
    ['answers with a thenable whose then throws', thenable],
    ['answers with an envelope whose mark throws', async () => hostile('opero')],
    ['answers with an envelope whose time throws', async () => hostile('expires')],
    ['answers with an envelope whose value throws', async () => hostile('value')],
    ['answers with an envelope whose text throws', async () => hostile('text')],
    ['answers with a value whose parts throw', async () => ({ opero: 1, value: { deep: hostile('x') } })],
    ['answers with text that is none', async () => ({ opero: 1, text: '[[' })],
    ['answers with a value without end', async () => ({ opero: 1, value: circle() })],
    ['answers with a proxy', async () => new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower })],
  ];
  function circle(): object {
    const value: Record<string, unknown> = {};
    value.self = value;
    return value;
  }

  it.each(answers)(
    'ends no process and poisons no key: a store that %s [hard 1.10]',
    async (_name, answer) => {
      const harness = new Harness({ caching: { store: () => ({ get: answer, set: answer, del: answer }) } });
      let loads = 0;
      const call = harness.wrap({ cache: true }, async (_id: number) => ++loads);
      for (let expected = 1; expected <= 5; expected++) {
        expect((await harness.outcome(call(1))).value).toBe(expected);
      }
      expect(harness.runtime.root.busy).toBe(false);
      expect(harness.runtime.operations.get('Test.method1')!.loading).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    },
  );

  const functions: [string, OperoOptions['cache'], string][] = [
    ['key', { key: thrower }, 'cache.key failed, the call runs uncached'],
    [
      'key that answers later',
      { key: (async () => Promise.reject(new Error())) as never },
      'cache.key failed',
    ],
    ['when', { when: thrower }, 'cache.when failed, the call runs uncached'],
    ['when with a then that throws', { when: thenable as never }, 'cache.when failed'],
    ['when that answers later', { when: (async () => true) as never }, 'cache.when failed'],
    ['unless', { unless: thrower }, 'cache.unless failed, the result is not stored'],
    ['unless with a then that throws', { unless: thenable as never }, 'cache.unless failed'],
    ['unless that answers later', { unless: (async () => false) as never }, 'cache.unless failed'],
  ];
  it.each(functions)(
    'is reported and fails no call: %s [hard 1.10] [hard 3.2]',
    async (_name, cache, warning) => {
      const harness = new Harness();
      const reported: unknown[] = [];
      harness.runtime.events.on('callback-error', ({ error }) => reported.push(error));
      let loads = 0;
      const call = harness.wrap({ cache }, async () => ++loads);
      expect([(await harness.outcome(call())).value, (await harness.outcome(call())).value]).toEqual([1, 2]);
      expect(reported).toHaveLength(2);
      expect(harness.warnings.filter((line) => line.includes(warning))).toHaveLength(1);
    },
  );

  it.each([
    ['tenant', { tenant: thrower }, undefined],
    ['principal', {}, { id: 'a', shared: true, principal: thrower }],
  ])('is no failure of the call: %s [hard 1.10]', async (_name, caching, identity) => {
    const harness = new Harness({ caching });
    const operation = harness.operation({ cache: true });
    let loads = 0;
    const invocation = { self: undefined, method: async () => ++loads, args: [], identity };
    for (const expected of [1, 2]) {
      expect(await operation.run(invocation, harness.runtime.root, 'promise')).toBe(expected);
    }
    expect(harness.warnings).toEqual([expect.stringMatching(/^Test\.method1 runs uncached: .*hostile$/)]);
  });

  it('leaves a result that cannot be looked at to its caller [hard 1.10]', async () => {
    for (const store of [undefined, new RemoteStore()]) {
      const harness = new Harness({ caching: { store: () => store } });
      const odd = new Proxy({}, { ownKeys: thrower, getPrototypeOf: thrower });
      let loads = 0;
      const call = harness.wrap({ cache: true }, async () => (loads++, { odd }));
      const both = await Promise.all([call(), call()]);
      expect(both.map((one) => one.odd === odd)).toEqual([true, true]);
      expect(loads).toBe(2);
    }
  });
});

describe('a load', () => {
  it('does not keep a result that retryOnResult never took [hard 2.9]', async () => {
    for (const store of [undefined, new RemoteStore()]) {
      const harness = new Harness({ caching: { store: () => store } });
      let calls = 0;
      const call = harness.wrap(
        {
          cache: true,
          retry: {
            retries: 1,
            minDelay: 1,
            retryOnResult: (value: unknown) => value === 'pending',
            exhausted: 'last',
          },
        },
        async () => (++calls <= 2 ? 'pending' : 'done'),
      );
      expect((await harness.outcome(call())).value).toBe('pending');
      expect((await harness.outcome(call())).value).toBe('done');
      expect((await harness.outcome(call())).value).toBe('done');
      expect(calls).toBe(3);
    }
  });

  it('spends its attempts for all who wait for it [hard 4.3]', async () => {
    const harness = new Harness();
    let attempts = 0;
    const inner = harness.wrap({ cache: true, retry: { retries: 2, minDelay: 1 } }, async () => {
      attempts++;
      throw httpError(503);
    });
    const outer = [1, 2, 3].map(() =>
      harness.wrap({ retry: { retries: 2, minDelay: 1 } }, async () => inner()),
    );
    const outcomes = outer.map((one) => settle(one()));
    for (const one of outcomes) expect((await harness.outcome(one)).value!.ok).toBe(false);
    expect(attempts).toBe(3);
  });

  it('lets key, when and unless find their own call [hard 3.7]', async () => {
    const harness = new Harness();
    const found: Record<string, string> = {};
    const note = <T>(name: string, answer: T) => {
      return () => {
        found[name] = currentCall().operation;
        return answer;
      };
    };
    const inner = harness.wrap(
      {
        name: 'inner',
        cache: { key: note('key', 'k'), when: note('when', true), unless: note('unless', false) },
      },
      async () => 1,
    );
    await harness.outcome(harness.wrap({ name: 'outer' }, async () => inner())());
    expect(found).toEqual({ key: 'inner', when: 'inner', unless: 'inner' });
  });
});

it('gives what can be used once to nobody who has left, and loads nothing for them [hard 2.4] [hard 1.10]', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  const harness = new Harness();
  const operation = harness.operation({ cache: true });
  let runs = 0;
  const open = deferred();
  const method = async () => {
    runs++;
    await open.promise;
    return Readable.from(['data']);
  };
  const begin = () => operation.start({ self: undefined, method, args: [1] }, harness.runtime.root);
  const [leader, follower] = [begin(), begin()];
  const outcomes = [leader, follower].map(({ result }) => settle(result));
  await harness.clock.settle();
  leader.call.abort('enough');
  open.resolve();
  expect((await outcomes[0]!).error).toBe('enough');
  expect((await outcomes[1]!).value).toBeInstanceOf(Readable);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect([runs, unhandled]).toEqual([1, []]);
});

describe('a call that runs by itself since what it waited for cannot be shared', () => {
  /** The first run answers with a stream for one caller; each further one does as told. */
  async function alone(options: OperoOptions, further: (abort: () => void) => unknown) {
    const harness = new Harness();
    const operation = harness.operation({ singleFlight: true, ...options });
    const controller = new AbortController();
    const first = deferred<Readable>();
    const abort = () => controller.abort(new Error('gone'));
    let runs = 0;
    const method = () => (++runs === 1 ? first.promise : further(abort));
    const begin = (signal?: AbortSignal) =>
      operation.start({ self: undefined, method, args: [1] }, harness.runtime.root, signal);
    const leader = settle(begin().result);
    const outcome = settle(begin(controller.signal).result);
    await harness.clock.settle();
    first.resolve(Readable.from(['data']));
    await harness.clock.settle();
    expect([(await leader).ok, runs]).toEqual([true, 2]);
    return { harness, abort, outcome };
  }

  it.each<[string, () => unknown]>([
    ['throws', () => raise(new Error('own'))],
    ['rejects', () => Promise.reject(new Error('own'))],
    ['answers', () => 'own'],
    ['does not settle', () => new Promise(() => undefined)],
  ])('ends once where its method aborts it and %s [hard 1.1] [hard 1.10]', async (_how, then) => {
    const { harness, outcome } = await alone({}, (abort) => {
      abort();
      return then();
    });
    expect((await outcome).error).toMatchObject({ message: 'gone' });
    // An error that nobody takes would end the process.
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is aborted while it waits for its retry [hard 1.1]', async () => {
    const retry = { retries: 1, minDelay: 20_000, maxDelay: 60_000 };
    const { harness, abort, outcome } = await alone({ retry }, () => raise(httpError(503)));
    abort();
    expect((await outcome).error).toMatchObject({ message: 'gone' });
    expect(harness.clock.pending).toBe(0);
  });
});

function raise(error: Error): never {
  throw error;
}
