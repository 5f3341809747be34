import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitOpenError, type OperoOptions } from '../../lib/index.js';
import { digestOf } from '../../lib/core/strategy/index.js';
import { Harness } from '../support/harness.js';

const breaker = {
  circuitBreaker: { window: { type: 'consecutive', size: 1 } },
} as const satisfies OperoOptions;

const declared = (...parameters: (readonly unknown[])[]) => ({
  fallbackArguments: new Map(parameters.map((values, index) => [index, values] as const)),
});

/** An operation whose method fails for what `isDown` says, and the values it was called with. */
function providers(
  options: OperoOptions,
  isDown: (...values: any[]) => boolean,
  parameters: (readonly unknown[])[],
  harness = new Harness(),
) {
  const tried: unknown[] = [];
  const call = harness.wrap(
    options,
    async (...values: unknown[]) => {
      tried.push(values.length === 1 ? values[0] : values);
      if (isDown(...values)) throw new Error('down');
      return 'ok';
    },
    declared(...parameters),
  );
  return {
    harness,
    tried,
    call: (...values: unknown[]) => harness.outcome(call(...values) as Promise<unknown>),
  };
}

describe('the circuit of an alternative', () => {
  it('is that of its value: an explicit backup is not refused because primary failed [hard 4.1]', async () => {
    const { call, tried } = providers(breaker, (value) => value === 'primary', [['primary', 'backup']]);
    await call();
    expect(tried).toEqual(['primary', 'backup']);
    expect((await call('backup')).value).toBe('ok');
    expect((await call(['backup', 'primary'])).value).toBe('ok');
    expect((await call('primary')).error).toBeInstanceOf(CircuitOpenError);
    expect((await call(['other', 'primary'])).value).toBe('ok');
    expect((await call()).value).toBe('ok');
    expect(tried).toEqual(['primary', 'backup', 'backup', 'backup', 'other', 'backup']);
  });

  it('meets an equal value wherever it comes from, and no other [hard 4.1]', async () => {
    const values = [{ region: 'eu', keys: ['a'] }, { region: 'us' }];
    const { call, tried } = providers(breaker, (value) => value.region === 'eu', [values]);
    await call({ keys: ['a'], region: 'eu' });
    expect((await call(values[0])).error).toBeInstanceOf(CircuitOpenError);
    expect((await call([{ region: 'eu', keys: ['a'] }])).error).toBeInstanceOf(CircuitOpenError);
    expect(tried).toHaveLength(1);
    await call({ region: 'eu', keys: 'a' });
    await call({ region: 'eu', keys: ['a', 'b'] });
    expect(tried).toHaveLength(3);
  });

  it('of several arguments is that of their combination, in their order [hard 4.1]', async () => {
    const { call, tried } = providers(breaker, (a, b) => a === 'x' && b === 'y', [
      ['x', 'y'],
      ['y', 'x'],
    ]);
    expect((await call()).value).toBe('ok');
    expect((await call('y', 'x')).value).toBe('ok');
    expect((await call('x', 'x')).value).toBe('ok');
    expect((await call('x', 'y')).error).toBeInstanceOf(CircuitOpenError);
    expect(tried.slice(0, 2)).toEqual([
      ['x', 'y'],
      ['x', 'x'],
    ]);
  });

  it('is shared by name by value, whatever the position in either list [hard 4.1]', async () => {
    const shared = { circuitBreaker: { ...breaker.circuitBreaker, name: 'payments' } };
    const first = providers(shared, (value) => value === 'a', [['a', 'b']]);
    const second = providers(shared, () => false, [['b', 'c', 'a']], first.harness);
    expect((await first.call()).value).toBe('ok');
    expect((await second.call()).value).toBe('ok');
    expect((await second.call('a')).error).toBeInstanceOf(CircuitOpenError);
    expect(second.tried).toEqual(['b']);
  });

  it('never meets that of a key, whatever the key looks like [hard 4.1] [hard 4.6]', async () => {
    const options = { circuitBreaker: { ...breaker.circuitBreaker, key: (key: string) => key, name: 'one' } };
    const harness = new Harness();
    const keyed = harness.wrap(options, async () => Promise.reject(new Error('down')));
    const plain = harness.wrap(options, async (_key: string) => 'ok');
    const digest = digestOf('primary');
    for (const key of [`x\n${digest}`, `x ${digest}`, `1:x${digest}`, `x${digest}`, 'x\narg[1]#1']) {
      await harness.outcome((keyed as (key: string) => Promise<unknown>)(key));
    }
    const withAlternative = harness.wrap(options, async (_key: string, _provider?: string) => 'ok', {
      fallbackArguments: new Map([[1, ['primary']]]),
    });
    expect((await harness.outcome(withAlternative('x'))).value).toBe('ok');
    expect((await harness.outcome(plain('x'))).value).toBe('ok');
    expect((await harness.outcome(plain(`x${digest}`))).error).toBeInstanceOf(CircuitOpenError);
  });
});

describe('the rate limit of an alternative', () => {
  it('is that of its value, and is passed over when it is spent [hard 4.1]', async () => {
    const options: OperoOptions = { rateLimit: { limit: 1, mode: 'reject' } };
    const { call, tried } = providers(options, () => false, [['primary', 'backup']]);
    await call();
    expect((await call('backup')).ok).toBe(true);
    expect((await call('primary')).error).toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
    expect((await call(['backup', 'third'])).ok).toBe(true);
    expect(tried).toEqual(['primary', 'backup', 'third']);
  });

  it('tells instances and functions apart by identity [hard 4.1]', async () => {
    class Client {
      constructor(readonly url: string) {}
    }
    const [first, second] = [new Client('a'), new Client('a')];
    const options: OperoOptions = { rateLimit: { limit: 1, mode: 'reject' } };
    const { call } = providers(options, () => false, [[first, second]]);
    for (const value of [first, second, () => 1, () => 1, Symbol('x'), Symbol('x'), new Map(), new Map()]) {
      expect((await call([value])).ok).toBe(true);
      expect((await call([value])).ok).toBe(false);
    }
  });
});

describe('what stands for a value', () => {
  const kinds = [
    undefined, null, true, false, 0, 1, NaN, Infinity, '', '0', '1', 'null', 'undefined', 'NaN', 1n, 'true',
    [], {}, [[]], [{}], [1], ['1'], [1, 2], [12], ['a', 'b'], ['a,b'], ['ab'], { a: 1 }, { a: '1' }, { b: 1 },
    { a: undefined }, { a: { b: 1 } }, { 'a b': 1 }, { '0': 1 }, new Date(0), new Date(1), new Date(NaN),
    new URL('https://a.example'), new URL('https://b.example'), Symbol.for('a'), Symbol.for('b'),
    new Uint8Array([1]), new Uint8Array([2]), 'https://a.example/', new Date(0).toISOString(),
    Object.assign([1], { extra: 1 }), [undefined], Object.assign([], { length: 1 }),
  ]; // prettier-ignore

  it('differs for different values [hard 4.1]', () => {
    expect(new Set(kinds.map(digestOf)).size).toBe(kinds.length);
  });

  it('is the same for equal values, whatever the order of their fields [hard 4.1]', () => {
    expect(digestOf({ a: 1, b: [new Date(5), { c: 'd' }] })).toBe(
      digestOf({ b: [new Date(5), { c: 'd' }], a: 1 }),
    );
    expect(digestOf(new URL('https://a.example'))).toBe(digestOf(new URL('https://a.example/')));
    expect(digestOf(Buffer.from('a'))).toBe(digestOf(new Uint8Array([97])));
    expect(digestOf(0)).toBe(digestOf(-0));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const equal = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(digestOf(one) === digestOf(other)).toBe(equal);
        expect(digestOf(structuredClone(one))).toBe(digestOf(one));
      }),
    );
  });

  it('is there for whatever there is: circles, getters, proxies, and data without end [hard 4.1]', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const getter = Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw new Error('mine');
      },
    });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const large = Array.from({ length: 100_000 }, (_, index) => index);
    const values = [circle, getter, proxy, large, [circle], [proxy]];
    expect(new Set(values.map(digestOf)).size).toBe(values.length);
    for (const value of values) expect(digestOf(value)).toBe(digestOf(value));
  });

  it('shows nothing of a value, in no state, snapshot, event or error [hard 4.1]', async () => {
    const options: OperoOptions = { ...breaker, rateLimit: { limit: 1, mode: 'reject' } };
    const { call, harness } = providers(options, () => true, [['S3CR3T-1', 'S3CR3T-2']]);
    const events: unknown[] = [];
    harness.runtime.events.on('*', (event) => events.push(event));
    const errors = [await call(), await call('S3CR3T-3'), await call(['S3CR3T-4', 'S3CR3T-1'])];
    const [operation] = harness.runtime.operations.values();
    const shown = inspect([events, errors, operation!.snapshot(), harness.warnings], {
      depth: 12,
      showHidden: true,
    });
    expect(shown).not.toContain('S3CR3T');
    expect(shown).toContain('arg[0]#2');
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const names = Object.keys(value).sort();
  return names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]).concat([['{}']]);
}
