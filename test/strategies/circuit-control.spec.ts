import { describe, expect, it } from '@jest/globals';
import { CircuitOpenError, type CircuitBreakerOptions, type OperoOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { circuitBreaker as breakerDefinition } from '../../lib/strategies/index.js';

const down = new Error('down');

function controlled(circuitBreaker: CircuitBreakerOptions, more: OperoOptions = {}) {
  const harness = new Harness();
  const events: string[] = [];
  const options = {
    window: { type: 'consecutive', size: 2 },
    openDuration: 1_000,
    ...circuitBreaker,
  } as const;
  const operation = harness.operation({
    circuitBreaker: options,
    ...more,
    onStateChange: ({ type }) => events.push(type.replace('circuit-', '')),
  });
  let bodies = 0;
  const call = (key: string, ok = true) => {
    const method = async () => (bodies++, ok ? key : Promise.reject(down));
    const { result } = operation.start({ self: undefined, method, args: [key] }, harness.runtime.root);
    return harness.outcome(result);
  };
  return {
    harness,
    events,
    call,
    operation,
    breaker: operation.strategyOf(breakerDefinition)!,
    bodies: () => bodies,
  };
}

describe('a circuit worked by hand', () => {
  it('opens for its usual time, or as long as told, and is tried then', async () => {
    const { breaker, call, harness, events } = controlled({});
    breaker.open({});
    expect((await call('a')).error).toMatchObject({ retryAfter: 1_000 });
    breaker.open({}, 60_000);
    await harness.clock.advance(59_999);
    expect((await call('a')).error).toBeInstanceOf(CircuitOpenError);
    await harness.clock.advance(1);
    expect((await call('a')).value).toBe('a');
    expect(events).toEqual(['open', 'open', 'half-open', 'closed']);
  });

  it('stays isolated until it is closed, whatever the time', async () => {
    const { breaker, call, harness, events } = controlled({});
    breaker.isolate({});
    await harness.clock.advance(1e9);
    const { error } = await call('a');
    expect(error).toMatchObject({
      retryAfter: 0,
      message: 'Test.method1 is not called: its circuit was isolated by hand',
    });
    expect(breaker.state()).toBe('isolated');
    breaker.close({});
    expect((await call('a')).value).toBe('a');
    expect(events).toEqual(['isolated', 'closed']);
  });

  it('closes with an empty window', async () => {
    const { breaker, call } = controlled({});
    await call('a', false);
    await call('a', false);
    expect(breaker.state()).toBe('open');
    breaker.close({});
    await call('a', false);
    expect(breaker.state()).toBe('closed');
  });

  it('forgets everything with a reset, also how often it opened and its last error', async () => {
    const told: number[] = [];
    const { breaker, call, harness } = controlled({
      openDuration: ({ openings }) => (told.push(openings), 100 * openings),
    });
    for (let time = 0; time < 2; time++) await call('a', false);
    await harness.clock.advance(100);
    await call('a', false);
    expect(told).toEqual([1, 2]);
    breaker.reset({});
    breaker.open({});
    expect(told).toEqual([1, 2, 1]);
    expect((await call('a')).error.cause).toBeUndefined();
  });

  it('is not moved by what was let through before', async () => {
    const { breaker, harness, operation } = controlled({});
    let fail!: () => void;
    const method = () => new Promise((_, reject) => (fail = () => reject(down)));
    const slow = operation.start({ self: undefined, method, args: ['a'] }, harness.runtime.root);
    breaker.open({});
    breaker.close({});
    fail();
    await harness.outcome(slow.result);
    breaker.isolate({});
    breaker.close({});
    expect(breaker.state()).toBe('closed');
  });

  it('is one of many: with a key that alone is meant, without one all are, those to come included', async () => {
    const { breaker, call } = controlled({ key: (key: string) => key });
    await call('a');
    breaker.isolate({ key: 'b' });
    expect([breaker.state({ key: 'a' }), breaker.state({ key: 'b' })]).toEqual(['closed', 'isolated']);
    expect((await call('a')).ok).toBe(true);
    expect((await call('b')).ok).toBe(false);
    breaker.isolate({});
    for (const key of ['a', 'b', 'new']) expect((await call(key)).ok).toBe(false);
    breaker.reset({});
    for (const key of ['a', 'b', 'new', 'newer']) expect((await call(key)).ok).toBe(true);
  });

  it('keeps no more circuits than its bound while all are isolated, and tells one that was closed alone apart', async () => {
    const { breaker, call } = controlled({ key: (key: string) => key });
    breaker.isolate({});
    for (let key = 0; key < 11_000; key++) await call(String(key));
    expect(breaker.keys).toBeLessThanOrEqual(10_001);
    expect((await call('0')).error).toBeInstanceOf(CircuitOpenError);
    breaker.close({ key: 'a' });
    expect([breaker.state({ key: 'a' }), breaker.state({ key: 'never seen' })]).toEqual([
      'closed',
      'isolated',
    ]);
    expect((await call('a')).ok).toBe(true);
  });

  it('of a key takes all alternatives of its fallback arguments along', async () => {
    const harness = new Harness();
    const options: OperoOptions = { circuitBreaker: { key: (id: string) => id } };
    const target = { fallbackArguments: new Map([[1, ['primary', 'backup']]]) };
    const operation = harness.operation(options, target);
    const call = (id: string) =>
      harness.outcome(
        operation.start({ self: undefined, method: async () => id, args: [id] }, harness.runtime.root).result,
      );
    await call('a');
    await call('b');
    operation.strategyOf(breakerDefinition)!.open({ key: 'a' });
    expect((await call('a')).value).toBe('a');
    operation.strategyOf(breakerDefinition)!.open({ key: 'a' });
    expect((await call('a')).error).toBeInstanceOf(CircuitOpenError);
    expect((await call('b')).value).toBe('b');
  });
});

describe('the shadow mode', () => {
  it('measures, changes state and tells, but never refuses', async () => {
    const { call, events, bodies, operation, harness } = controlled({ shadow: true });
    for (let time = 0; time < 5; time++) await call('a', false);
    expect(bodies()).toBe(5);
    expect(events).toEqual(['open']);
    expect(operation.snapshot()).toMatchObject({
      strategies: { circuitBreaker: { state: 'open', shadow: true } },
      counts: { 'circuit-refusal': 3 },
    });
    await harness.clock.advance(1_000);
    await call('a');
    expect(events).toEqual(['open', 'half-open', 'closed']);
  });

  it('is not moved by calls that it would have refused', async () => {
    const { call, events, harness } = controlled({ shadow: true });
    for (let time = 0; time < 2; time++) await call('a', false);
    await call('a');
    await harness.clock.advance(500);
    await call('a');
    expect(events).toEqual(['open']);
  });
});
