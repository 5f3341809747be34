import { describe, expect, it } from '@jest/globals';
import { permanent, type OperoOptions } from '../../lib/index.js';
import type { Target } from '../../lib/core/strategy/index.js';
import { callUndecided } from '../../lib/nest/edge/undecided.js';
import { Harness, httpError } from '../support/harness.js';

const enough = new Error('enough');
const hedge = { hedge: { delay: 5, idempotent: true } } as const satisfies OperoOptions;

/** A call that answers without a promise as long as its method does. */
function direct(options: OperoOptions, method: (abort: () => void) => unknown, kind: Target['answers']) {
  const harness = new Harness();
  const abort = () => harness.runtime.root.abort(enough);
  const operation = harness.operation(options, { answers: kind });
  const invocation = { self: undefined, method: () => method(abort), args: [] };
  const run = () => operation.run(invocation, harness.runtime.root, 'direct');
  const counted = () => {
    const { running, counts } = operation.monitor;
    const { success, failure, abort: aborts } = counts;
    return { running, success, failure, abort: aborts };
  };
  return { harness, run, counted };
}

describe('a call without a promise ends once', () => {
  it('when its fallback aborts it [hard 1.1]', () => {
    const fallback = () => (made.harness.runtime.root.abort(enough), 'fallback');
    const made = direct({ fallback }, () => { throw new Error('down'); }, 'direct'); // prettier-ignore
    expect(made.run).toThrow(enough);
    expect(made.counted()).toEqual({ running: 0, success: 0, failure: 1, abort: 1 });
  });

  it.each([true, false])('when a condition that says %s to its result aborts it [hard 1.1]', (answer) => {
    const retryOnResult = () => (made.harness.runtime.root.abort(enough), answer);
    const made = direct({ retry: { minDelay: 0, retryOnResult } }, () => 1, 'direct');
    expect(made.run).toThrow(enough);
    expect(made.counted()).toEqual({ running: 0, success: 0, failure: 0, abort: 1 });
  });

  it('when its first attempt fails for good beside a hedge that is due later [hard 1.3]', () => {
    const made = direct(hedge, () => { throw permanent(new Error('bad')); }, 'unknown'); // prettier-ignore
    expect(made.run).toThrow('bad');
    expect(made.counted()).toEqual({ running: 0, success: 0, failure: 1, abort: 0 });
  });

  it('when all its hedges fail at once, and when one of them aborts it [hard 1.3]', () => {
    const failing = direct(hedge, () => { throw new Error('down'); }, 'unknown'); // prettier-ignore
    expect(failing.run).toThrow('down');
    expect(failing.counted()).toEqual({ running: 0, success: 0, failure: 1, abort: 0 });
    const aborted = direct(hedge, (abort) => { abort(); throw new Error('down'); }, 'unknown'); // prettier-ignore
    expect(aborted.run).toThrow(enough);
    expect(aborted.counted()).toEqual({ running: 0, success: 0, failure: 0, abort: 1 });
  });
});

describe('a synchronous method cannot wait, and fails at once', () => {
  const retry = { retry: { minDelay: 0, retries: 2, retryOn: () => true } } as const satisfies OperoOptions;

  it('where an error asks for a wait', () => {
    const busy = httpError(503, { 'retry-after': '2' });
    const { run } = direct(retry, () => { throw busy; }, 'direct'); // prettier-ignore
    expect(run).toThrow(busy);
  });

  it('where its circuit is open', () => {
    const window = { type: 'consecutive', size: 1 } as const;
    const { run, harness } = direct({ ...retry, circuitBreaker: { window } }, () => { throw new Error('down'); }, 'direct'); // prettier-ignore
    expect(run).toThrow();
    expect(run).toThrow(expect.objectContaining({ code: 'OPERO_CIRCUIT_OPEN' }) as never);
    expect(harness.clock.pending).toBe(0);
  });
});

it('a call that is replaced when its kind is known takes no permit of others, also if it was aborted [hard 4.3]', async () => {
  const harness = new Harness();
  const options: OperoOptions = { cache: true, rateLimit: { limit: 1, interval: 1_000, mode: 'reject' } };
  const operation = harness.operation(options, { answers: 'unknown' });
  const aborts = () => (harness.runtime.root.abort(enough), 'value');
  const invocation = { self: undefined, method: aborts, args: [] };
  expect(callUndecided(harness.runtime, operation, invocation, () => undefined)).toBe('value');
  const method = async () => 'later';
  const run = () => operation.run({ ...invocation, method, uncached: 'so' }, harness.runtime.root, 'promise');
  for (let turn = 0; turn < 2; turn++) {
    await harness.clock.advance(1_000);
    expect(await run()).toBe('later');
    await expect(run()).rejects.toThrow('limited to 1 per 1000 ms');
  }
});
