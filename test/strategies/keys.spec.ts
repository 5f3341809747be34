import { describe, expect, it } from '@jest/globals';
import {
  BulkheadFullError,
  OperoConfigurationError,
  RateLimitExceededError,
  type OperoEvent,
  type OperoOptions,
} from '../../lib/index.js';
import { keyPrefix, stateKey } from '../../lib/core/strategy/index.js';
import { deferred, failing, Harness, settle } from '../support/harness.js';
import { circuitBreaker as breakerDefinition } from '../../lib/strategies/index.js';

const down = new Error('down');
const mine = new Error('mine');

type Key = (...args: any[]) => any;

const strategies: [string, (key: Key) => OperoOptions][] = [
  ['rateLimit.key', (key) => ({ rateLimit: { limit: 1, key } })],
  ['circuitBreaker.key', (key) => ({ circuitBreaker: { key } })],
  ['bulkhead.key', (key) => ({ bulkhead: { concurrency: 1, key } })],
];

const answers: [string, unknown][] = [
  ['a promise', Promise.resolve('alice')],
  ['a promise', Promise.reject(new Error('later'))],
  ['an object', { id: 1 }],
  ['an array', ['alice']],
  ['undefined', undefined],
  ['null', null],
  ['NaN', NaN],
  ['a number', 7],
  ['a bigint', 7n],
  ['a symbol', Symbol('alice')],
  ['a function', () => 'alice'],
  ['an empty string', ''],
  ['true', true],
];

describe.each(strategies)('%s', (option, optionsOf) => {
  it.each(answers)(
    'refuses %s: no two calls share a state for want of a key [hard 4.6]',
    async (named, answer) => {
      const harness = new Harness();
      const events: OperoEvent[] = [];
      harness.runtime.events.on('callback-error', (event) => events.push(event));
      let bodies = 0;
      const options = { ...optionsOf(() => answer), retry: { retries: 3, retryOn: () => true } };
      const call = harness.wrap(options, async () => bodies++);
      for (let time = 0; time < 2; time++) {
        const { error } = await harness.outcome(call());
        expect(error).toBeInstanceOf(OperoConfigurationError);
        expect(error.message).toContain(`Test.method1: ${option}: got ${named}, allowed: a string`);
      }
      expect(bodies).toBe(0);
      expect(events).toHaveLength(2);
      expect(harness.warnings).toHaveLength(1);
      expect(harness.runtime.root.busy).toBe(false);
      expect(harness.clock.pending).toBe(0);
    },
  );

  it('that throws fails the call with what it threw, never retried, with nothing kept [hard 4.6]', async () => {
    const harness = new Harness();
    let asked = 0;
    let bodies = 0;
    const key = () => {
      if (++asked % 2 === 1) throw mine;
      return 'key';
    };
    const options = { bulkhead: 1, rateLimit: 100, retry: { retryOn: () => true }, ...optionsOf(key) };
    const call = harness.wrap(options, async () => ++bodies);
    for (let time = 1; time <= 3; time++) {
      expect((await harness.outcome(call())).error).toBe(mine);
      if (option === 'rateLimit.key') await harness.clock.advance(1_000);
      expect((await harness.outcome(call())).value).toBe(time);
    }
    expect(asked).toBe(6);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('that throws at a later try does not hide the real failure [hard 4.6]', async () => {
    const harness = new Harness();
    let asked = 0;
    const key = () => {
      if (++asked > 1) throw mine;
      return 'key';
    };
    const options = { ...optionsOf(key), retry: { minDelay: 0, retryOn: () => true } };
    const { method, calls } = failing([down, down, down], 1);
    expect((await harness.outcome(harness.wrap(options, method)())).error).toBe(down);
    expect([asked, calls()]).toEqual([2, 1]);
    expect(harness.warnings[0]).toContain(`${option} failed`);
  });

  it('that throws for a hedge leaves the first attempt alone [hard 4.6]', async () => {
    const harness = new Harness();
    let asked = 0;
    const key = () => {
      if (++asked > 1) throw mine;
      return 'key';
    };
    const work = deferred<string>();
    const options = { ...optionsOf(key), hedge: { delay: 10, idempotent: true } };
    const result = harness.wrap(options, () => work.promise)();
    await harness.clock.advance(50);
    expect(asked).toBe(2);
    work.resolve('first');
    expect(await result).toBe('first');
  });

  it('that throws lets a fallback answer [hard 4.6]', async () => {
    const harness = new Harness();
    const key = () => {
      throw mine;
    };
    const options = { ...optionsOf(key), fallback: { use: [(error: unknown) => error] } };
    expect((await harness.outcome(harness.wrap(options as OperoOptions, async () => 1)())).value).toBe(mine);
  });
});

it('a key that misbehaves where a circuit only measures lets the call through [hard 4.6]', async () => {
  const harness = new Harness();
  const key = (() => Promise.resolve('alice')) as never;
  const call = harness.wrap({ circuitBreaker: { shadow: true, key } }, async () => 'ok');
  expect((await harness.outcome(call())).value).toBe('ok');
  expect(harness.warnings[0]).toContain('circuitBreaker.key failed, the call is not measured');
});

it('what keys say of a state begins no state of another key [hard 4.6]', () => {
  const keys = ['a', 'ab', '1', '1:a', '2:ab', '1:ab', ':', '0:', 'a\n', ' '];
  const alternatives = ['', 'x', 'b', ':', '1:a'];
  const all = keys.flatMap((own) =>
    alternatives.map((alternative) => ({ own, made: stateKey(own, alternative) })),
  );
  expect(new Set(all.map(({ made }) => made)).size).toBe(all.length);
  for (const { own, made } of all) {
    for (const key of keys) expect(made.startsWith(keyPrefix(key))).toBe(key === own);
  }
});

describe('a flood of keys', () => {
  it('does not reset the limit of a key that is spent, and shares one limit beyond maxKeys [hard 4.6]', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      { rateLimit: { limit: 1, interval: 60_000, mode: 'reject', maxKeys: 100, key: (id: string) => id } },
      async (_id: string) => 1,
    );
    await call('abused');
    let through = 0;
    for (let id = 0; id < 5_000; id++) if ((await settle(call(`flood ${id}`))).ok) through++;
    // 99 beside the abused one, and one that all others share.
    expect(through).toBe(100);
    expect((await settle(call('abused'))).error).toBeInstanceOf(RateLimitExceededError);
    await harness.clock.advance(60_000);
    expect((await settle(call('abused'))).ok).toBe(true);
    expect((await settle(call('new'))).ok).toBe(true);
    expect((await settle(call('newer'))).ok).toBe(true);
  });

  it('does not free the slot of a key that is held, nor forget an open circuit [hard 4.6]', async () => {
    const harness = new Harness();
    const held = deferred();
    const bulkhead = harness.wrap(
      { bulkhead: { concurrency: 1, maxKeys: 10, key: (id: string) => id } },
      async (_id: string, work?: Promise<void>) => work,
    );
    const running = bulkhead('held', held.promise);
    for (let id = 0; id < 1_000; id++) await bulkhead(`flood ${id}`);
    expect((await settle(bulkhead('held'))).error).toBeInstanceOf(BulkheadFullError);
    held.resolve();
    await running;
    expect((await settle(bulkhead('held'))).ok).toBe(true);

    const operation = harness.operation({
      circuitBreaker: { window: { type: 'consecutive', size: 1 }, maxKeys: 10, key: (id: string) => id },
    });
    const run = (id: string, method: () => unknown) =>
      settle(operation.start({ self: undefined, method, args: [id] }, harness.runtime.root).result);
    await run('down', () => Promise.reject(down));
    for (let id = 0; id < 1_000; id++) await run(`flood ${id}`, async () => 1);
    expect((await run('down', async () => 1)).error).toMatchObject({ code: 'OPERO_CIRCUIT_OPEN' });
    expect(operation.strategyOf(breakerDefinition)!.keys).toBeLessThanOrEqual(11);
  });

  it('does not keep staff from opening the circuit of one key [hard 4.6]', async () => {
    const harness = new Harness();
    const operation = harness.operation({
      circuitBreaker: { window: { type: 'consecutive', size: 1 }, maxKeys: 2, key: (id: string) => id },
    });
    const run = (id: string, method: () => unknown) =>
      settle(operation.start({ self: undefined, method, args: [id] }, harness.runtime.root).result);
    for (const id of ['a', 'b']) await run(id, () => Promise.reject(down));
    operation.strategyOf(breakerDefinition)!.open({ key: 'c' });
    expect(operation.strategyOf(breakerDefinition)!.state({ key: 'c' })).toBe('open');
    expect((await run('d', async () => 1)).ok).toBe(true);
    expect((await run('c', async () => 1)).ok).toBe(false);
  });

  it('is bounded where the options say, and the bound is proved [hard 4.6]', () => {
    for (const option of ['rateLimit', 'bulkhead', 'circuitBreaker'] as const) {
      const required = { rateLimit: { limit: 1 }, bulkhead: { concurrency: 1 }, circuitBreaker: {} }[option];
      expect(() =>
        new Harness().operation({ [option]: { ...required, key: () => 'x', maxKeys: 0 } } as OperoOptions),
      ).toThrow(`${option}.maxKeys: got 0, allowed: a whole number from 1`);
    }
  });
});

it('opens all circuits by hand once each, also where a listener calls meanwhile [hard 4.7]', async () => {
  const harness = new Harness();
  const operation = harness.operation({ circuitBreaker: { key: (id: string) => id } });
  const run = (id: string) =>
    settle(
      operation.start({ self: undefined, method: async () => 1, args: [id] }, harness.runtime.root).result,
    );
  for (const id of ['a', 'b', 'c']) await run(id);
  let opened = 0;
  harness.runtime.events.on('circuit-open', () => {
    if (++opened > 10) return;
    for (const id of ['a', 'b', 'c', `new ${opened}`]) void run(id);
  });
  operation.strategyOf(breakerDefinition)!.open({});
  await harness.clock.settle();
  expect(opened).toBe(3);
});
