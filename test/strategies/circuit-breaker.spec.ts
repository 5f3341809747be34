import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { CircuitOpenError, type OperoOptions, type CircuitBreakerOptions } from '../../lib/index.js';
import { Attempt, Call, REFUSED } from '../../lib/core/call/index.js';
import { Circuit, circuitBreaker, circuitBreakerSchema } from '../../lib/strategies/circuit-breaker/index.js';
import { Harness, httpError, settle } from '../support/harness.js';

const down = new Error('down');
const never = () => new Promise<never>(() => undefined);

function breaking(circuitBreaker: CircuitBreakerOptions | true, more: OperoOptions = {}) {
  const harness = new Harness();
  const events: string[] = [];
  const operation = harness.operation({
    circuitBreaker,
    ...more,
    onStateChange: ({ type }) => events.push(type),
  });
  const state = { bodies: 0 };
  const begin = (work: () => unknown) => {
    const method = () => {
      state.bodies++;
      return work();
    };
    return operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
  };
  const call = (work: () => unknown) => settle(begin(work).result);
  const fail = async (times: number, error: unknown = down) => {
    for (let time = 0; time < times; time++) await call(() => Promise.reject(error));
  };
  const succeed = async (times: number) => {
    for (let time = 0; time < times; time++) await call(async () => 1);
  };
  return { harness, events, operation, state, begin, call, fail, succeed };
}

describe('the circuit breaker counts [peers 9]', () => {
  it('opens when nine of ten fail', async () => {
    const { fail, succeed, events } = breaking(true);
    await fail(9);
    expect(events).toEqual([]);
    await succeed(1);
    expect(events).toEqual(['circuit-open']);
  });

  it('does not open for failures of long ago', async () => {
    const { harness, fail, events } = breaking({
      window: { type: 'time', duration: 5_000 },
      minimumCalls: 5,
    });
    await fail(4);
    await harness.clock.advance(3_600_000);
    await fail(1);
    expect(events).toEqual([]);
    await fail(4);
    expect(events).toEqual(['circuit-open']);
  });

  it('opens exactly at its rate, at 100 % too, and not for a single failure', async () => {
    const half = breaking(true);
    await half.succeed(5);
    await half.fail(4);
    expect(half.events).toEqual([]);
    await half.fail(1);
    expect(half.events).toEqual(['circuit-open']);
    const all = breaking({ failureRate: 1 });
    await all.fail(10);
    expect(all.events).toEqual(['circuit-open']);
    const one = breaking(true);
    await one.fail(1);
    expect(one.events).toEqual([]);
  });

  it('opens after so many failures in a row', async () => {
    const { fail, succeed, events } = breaking({ window: { type: 'consecutive', size: 3 } });
    await fail(2);
    await succeed(1);
    await fail(2);
    expect(events).toEqual([]);
    await fail(1);
    expect(events).toEqual(['circuit-open']);
  });

  it('opens when too many calls are slow', async () => {
    const { harness, call, events } = breaking({ slowCall: 100, slowCallRate: 0.5, minimumCalls: 2 });
    for (let time = 0; time < 2; time++) {
      const slow = call(() => new Promise<void>((resolve) => harness.clock.schedule(150, resolve)));
      await harness.clock.advance(150);
      await slow;
    }
    expect(events).toEqual(['circuit-open']);
  });

  it('takes client errors, refusals of ours and aborts of the caller for nothing', async () => {
    const { harness, fail, begin, call, events, succeed } = breaking(true, { bulkhead: 1 });
    await fail(20, httpError(404));
    for (let time = 0; time < 20; time++) {
      const { call: own, result } = begin(never);
      await call(never);
      own.abort('enough');
      await settle(result);
    }
    await harness.clock.settle();
    expect(events).toEqual([]);
    await succeed(1);
  });

  it('does not count cache hits', async () => {
    const { operation, harness, fail, events } = breaking(true, {
      cache: { key: () => 'one', unless: () => false },
    });
    const hit = () =>
      operation.run({ self: undefined, method: async () => 1, args: [] }, harness.runtime.root, 'promise');
    for (let time = 0; time < 100; time++) await hit();
    await operation.evict([], undefined);
    await fail(10);
    expect(events).toEqual(['circuit-open']);
  });

  it('costs the same however many calls have failed [peers 22]', async () => {
    const options = { window: { type: 'count', size: 50_000 }, minimumCalls: 50_000 };
    const circuit = new Circuit({ ...v.parse(circuitBreakerSchema, options), openFor: () => 1_000 });
    for (let call = 0; call < 49_999; call++) circuit.record(circuit.enter(call)!, call, true, false, down);
    expect(circuit.stateAt(49_999)).toBe('closed');
    circuit.record(circuit.enter(49_999)!, 49_999, true, false, down);
    expect(circuit.stateAt(49_999)).toBe('open');
  });
});

it('keeps no more circuits than its bound and one, however many keys come and fail [peers 22]', async () => {
  const harness = new Harness();
  const breaker = harness
    .operation({ circuitBreaker: { window: { type: 'consecutive', size: 1 }, key: (id: string) => id } })
    .strategyOf(circuitBreaker);
  const attempt = (id: string) => {
    const operation = harness.runtime.operations.values().next().value!;
    return new Attempt(
      new Call(operation, { self: undefined, method: never, args: [id] }, harness.runtime.root),
      harness.clock.now(),
    );
  };
  for (let key = 0; key < 30_000; key++) {
    const own = attempt(String(key));
    own.invoked = true;
    const period = breaker!.enter(own, 0);
    if (period !== REFUSED) breaker!.leave(own, period as never, 0, false, down);
    own.end();
    own.call.leave();
  }
  expect(breaker!.keys).toBe(10_001);
});

describe('an open circuit', () => {
  it('refuses at once, without a stack, with the last error and the time to wait', async () => {
    const { harness, fail, call, state } = breaking(true);
    await fail(10);
    await harness.clock.advance(10_000);
    const { error } = await call(async () => 1);
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ retryAfter: 20_000, cause: down });
    expect(error.stack).not.toContain('\n    at ');
    expect(state.bodies).toBe(10);
  });

  it('costs no retries, unless there is time to wait for it [peers 15]', async () => {
    const impatient = breaking(true, { retry: { retries: 3, minDelay: 0 } });
    await impatient.fail(10);
    const before = impatient.harness.clock.now();
    expect((await impatient.call(async () => 1)).error).toBeInstanceOf(CircuitOpenError);
    expect(impatient.harness.clock.now()).toBe(before);
    const patient = breaking(
      { openDuration: 500, window: { type: 'consecutive', size: 1 } },
      { retry: { retries: 2 }, timeout: { total: 5_000 } },
    );
    await patient.harness.outcome(patient.begin(() => Promise.reject(httpError(400))).result);
    const opened = settle(patient.begin(() => Promise.reject(down)).result);
    await patient.harness.clock.advance(5_000);
    await opened;
    expect(patient.state.bodies).toBe(3);
  });

  it('opens for as long as its function says, which knows of Retry-After', async () => {
    const told: unknown[] = [];
    const openDuration = (opening: { retryAfter: number | undefined }) => (
      told.push(opening),
      opening.retryAfter ?? 50
    );
    const { harness, fail, call } = breaking({ window: { type: 'consecutive', size: 1 }, openDuration });
    await fail(1, httpError(503, { 'retry-after': '7' }));
    expect((await call(async () => 1)).error.retryAfter).toBe(7_000);
    await harness.clock.advance(7_000);
    await fail(1);
    expect(told).toEqual([
      { openings: 1, retryAfter: 7_000 },
      { openings: 2, retryAfter: undefined },
    ]);
  });
});

describe('functions of the user that misbehave [peers 18]', () => {
  it.each([
    ['openDuration throws', { openDuration: () => { throw new Error('mine'); } }],
    ['openDuration answers nonsense', { openDuration: () => NaN }],
    ['failureOn throws', { failureOn: () => { throw new Error('mine'); } }],
  ])('%s: the call fails with its own error, and the circuit opens for 30 s', async (_name, options) => {
    const { harness, call, operation, succeed, events } = breaking({ window: { type: 'consecutive', size: 1 }, ...options });
    expect((await call(() => Promise.reject(down))).error).toBe(down);
    expect((await call(async () => 1)).error).toMatchObject({ retryAfter: 30_000 });
    expect(operation.monitor.running).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
    await harness.clock.advance(30_000);
    await succeed(1);
    expect(events.at(-1)).toBe('circuit-closed');
  }); // prettier-ignore

  it('an error that cannot be looked at loses no call and no slot', async () => {
    const hostile = { get headers(): never { throw new Error('hostile'); } }; // prettier-ignore
    const { call, operation, harness } = breaking({ window: { type: 'count', size: 99 } }, { bulkhead: 1 });
    for (let time = 0; time < 3; time++) expect((await call(() => Promise.reject(hostile))).ok).toBe(false);
    expect((await call(async () => 1)).value).toBe(1);
    expect(operation.monitor.running).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('a key function that throws only later loses no call', async () => {
    let asked = 0;
    const key = () => {
      if (++asked > 1) throw new Error('mine');
      return 'key';
    };
    const { call, operation, harness } = breaking({ key });
    expect((await call(async () => 1)).value).toBe(1);
    expect((await call(async () => 1)).error.message).toBe('mine');
    expect(operation.monitor.running).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });
});

describe('a half-open circuit [peers 10]', () => {
  const opened = async (more: CircuitBreakerOptions = {}) => {
    const breaker = breaking({ window: { type: 'consecutive', size: 1 }, openDuration: 1_000, ...more });
    await breaker.fail(1);
    await breaker.harness.clock.advance(1_000);
    breaker.state.bodies = 0;
    return breaker;
  };

  it('lets exactly so many through, and refuses the rest at once', async () => {
    const { begin, harness, state, events } = await opened({ halfOpenCalls: 3 });
    const calls = Array.from({ length: 50 }, () => settle(begin(() => harness.clock.settle(2)).result));
    const outcomes = await Promise.all(calls);
    expect(state.bodies).toBe(3);
    expect(outcomes.filter(({ ok }) => !ok)).toHaveLength(47);
    expect(events).toEqual(['circuit-open', 'circuit-half-open', 'circuit-closed']);
  });

  it('opens again when a probe fails, and closes when it does not', async () => {
    const failing = await opened();
    await failing.fail(1);
    expect(failing.events.at(-1)).toBe('circuit-open');
    const well = await opened();
    await well.succeed(1);
    expect(well.events.at(-1)).toBe('circuit-closed');
  });

  it('is not stuck with a probe that hangs', async () => {
    const { begin, call, harness, events, succeed } = await opened({ halfOpenTimeout: 500 });
    void settle(begin(never).result);
    expect((await call(async () => 1)).error).toBeInstanceOf(CircuitOpenError);
    await harness.clock.advance(500);
    expect((await call(async () => 1)).error).toBeInstanceOf(CircuitOpenError);
    expect(events.at(-1)).toBe('circuit-open');
    await harness.clock.advance(1_000);
    await succeed(1);
    expect(events.at(-1)).toBe('circuit-closed');
  });

  it('gives the place of a probe that was aborted to the next', async () => {
    const { begin, succeed, events } = await opened();
    const { call, result } = begin(never);
    call.abort('enough');
    await settle(result);
    await succeed(1);
    expect(events.at(-1)).toBe('circuit-closed');
  });

  it('is not moved by what was let through before', async () => {
    const breaker = breaking({ window: { type: 'consecutive', size: 1 }, openDuration: 1_000 });
    const late = [true, false].map((ok) => {
      let end!: () => void;
      const { result } = breaker.begin(
        () => new Promise((resolve, reject) => (end = () => (ok ? resolve(1) : reject(down)))),
      );
      return { end, outcome: settle(result) };
    });
    await breaker.fail(1);
    await breaker.harness.clock.advance(1_000);
    void settle(breaker.begin(never).result);
    for (const { end, outcome } of late) {
      end();
      await outcome;
    }
    expect(breaker.events).toEqual(['circuit-open', 'circuit-half-open']);
  });
});

describe('circuits', () => {
  it('are one for each alternative: an open one is passed over without a wait', async () => {
    const harness = new Harness();
    const used: unknown[] = [];
    const call = harness.wrap(
      { circuitBreaker: { window: { type: 'consecutive', size: 1 } } },
      async (host?: string) => {
        used.push(host);
        if (host === 'primary') throw down;
        return host;
      },
      { fallbackArguments: new Map([[0, ['primary', 'backup']]]) },
    );
    expect([await call(), await call(), await call()]).toEqual(['backup', 'backup', 'backup']);
    expect(used).toEqual(['primary', 'backup', 'backup', 'backup']);
  });

  it('fail at once when all alternatives are open, with the soonest time to wait', async () => {
    const harness = new Harness();
    let opened = 0;
    const openDuration = () => (++opened === 1 ? 9_000 : 4_000);
    const call = harness.wrap(
      { circuitBreaker: { window: { type: 'consecutive', size: 1 }, openDuration } },
      async (_host?: string) => Promise.reject(down),
      { fallbackArguments: new Map([[0, ['primary', 'backup']]]) },
    );
    await harness.outcome(call());
    expect((await harness.outcome(call())).error).toMatchObject({
      code: 'OPERO_CIRCUIT_OPEN',
      retryAfter: 4_000,
    });
  });

  it('are one for each key, and one for all methods of a name', async () => {
    const harness = new Harness();
    const options: OperoOptions = {
      circuitBreaker: { window: { type: 'consecutive', size: 1 }, key: (id: string) => id },
    };
    const perUser = harness.wrap(options, async (id: string) => (id === 'bad' ? Promise.reject(down) : id));
    await harness.outcome(perUser('bad'));
    expect((await harness.outcome(perUser('bad'))).error).toBeInstanceOf(CircuitOpenError);
    expect((await harness.outcome(perUser('good'))).value).toBe('good');

    const shared: OperoOptions = {
      circuitBreaker: { window: { type: 'consecutive', size: 1 }, name: 'database' },
    };
    await harness.outcome(harness.wrap(shared, async () => Promise.reject(down))());
    expect((await harness.outcome(harness.wrap(shared, async () => 1)())).error).toBeInstanceOf(
      CircuitOpenError,
    );
  });
});
