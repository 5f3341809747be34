import { describe, expect, it } from '@jest/globals';
import { currentCall, findCurrentCall, type OperoEvent, type OperoOptions } from '../../lib/index.js';
import { failing, Harness, type Outcome } from '../support/harness.js';

const down = new Error('down');
const mine = new Error('mine');

const throwing = (): never => {
  throw mine;
};
const promising = (() => Promise.reject(mine)) as never;
const hostile = (() => ({
  get then(): never {
    throw mine;
  },
})) as never;

const alternatives = { fallbackArguments: new Map([[0, ['a', 'b']]]) };

/** One call, with everything that is told of it. */
async function once(
  options: OperoOptions,
  method: (...args: any[]) => unknown,
  target: object = {},
): Promise<{ outcome: Outcome<unknown>; harness: Harness; events: OperoEvent[] }> {
  const harness = new Harness();
  const events: OperoEvent[] = [];
  harness.runtime.events.on('callback-error', (event) => events.push(event));
  const outcome = await harness.outcome(harness.wrap(options, method, target)() as Promise<unknown>);
  return { outcome, harness, events };
}

describe.each([
  ['throws', throwing],
  ['answers with a promise', promising],
  ['answers with something that cannot be looked at', hostile],
])('a function of the options that %s', (_name, misbehaving) => {
  it.each<[string, OperoOptions, object]>([
    ['retry.retryOn', { retry: { retryOn: misbehaving } }, {}],
    ['retry.retryOn', { retry: { retryOn: ['ECONNRESET', misbehaving] } }, {}],
    ['retry.backoff', { retry: { backoff: misbehaving } }, {}],
    ['argFallback.on', { argFallback: { on: misbehaving } }, alternatives],
    ['hedge.on', { hedge: { delay: 50, idempotent: true, on: misbehaving }, retry: { retryOn: 'NONE' } }, {}],
    ['circuitBreaker.failureOn', { circuitBreaker: { failureOn: misbehaving } }, {}],
  ])('%s: is told, and never hides the real failure [hard 3.2]', async (option, options, target) => {
    let calls = 0;
    const { outcome, harness, events } = await once(
      options,
      async () => (calls++, Promise.reject(down)),
      target,
    );
    expect(outcome.error).toBe(down);
    expect(calls).toBe(1);
    expect(events).not.toHaveLength(0);
    expect(harness.warnings).toHaveLength(1);
    expect(harness.warnings[0]).toContain(`Test.method1 ${option} failed`);
    expect(harness.clock.pending).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it.each<[string, OperoOptions]>([
    ['retry.retryOnResult', { retry: { retryOnResult: misbehaving } }],
    ['hedge.failureOnResult', { hedge: { delay: 50, idempotent: true, failureOnResult: misbehaving } }],
    ['circuitBreaker.failureOnResult', { circuitBreaker: { failureOnResult: misbehaving } }],
  ])('%s: is told, and the result is the answer [hard 3.2] [hard 4.5]', async (option, options) => {
    const { outcome, harness, events } = await once(options, async () => 'answer');
    expect(outcome.value).toBe('answer');
    expect(events).toHaveLength(1);
    expect(harness.warnings[0]).toContain(`Test.method1 ${option} failed`);
    expect(harness.runtime.root.busy).toBe(false);
  });
});

it.each([-1, NaN, Infinity, '5', null, undefined, {}])(
  'a backoff that answers %p means no retry, and is told [hard 3.2]',
  async (answer) => {
    const { outcome, harness } = await once(
      { retry: { backoff: (() => answer) as never } },
      failing([down], 1).method,
    );
    expect(outcome.error).toBe(down);
    expect(harness.warnings[0]).toContain('retry.backoff: returned');
  },
);

it('a failureOn that throws counts the error as a failure', async () => {
  const harness = new Harness();
  const operation = harness.operation({
    circuitBreaker: { failureOn: throwing, window: { type: 'consecutive', size: 1 } },
  });
  const method = () => Promise.reject(down);
  await harness.outcome(operation.start({ self: undefined, method, args: [] }, harness.runtime.root).result);
  expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('open');
});

it('finds its own call, not the one around it, in every function of the options [hard 3.7]', async () => {
  const harness = new Harness();
  const seen: Record<string, string | undefined> = {};
  const note =
    <R>(name: string, answer: R) =>
    () => {
      seen[name] = findCurrentCall()?.operation;
      return answer;
    };
  const inner = harness.wrap(
    {
      name: 'inner',
      retry: {
        retries: 1,
        retryOn: note('retryOn', true),
        retryOnResult: note('retryOnResult', false),
        backoff: note('backoff', 5),
      },
      argFallback: { on: note('argFallback.on', false) },
      hedge: {
        delay: 50,
        idempotent: true,
        on: note('hedge.on', false),
        failureOnResult: note('hedge.failureOnResult', false),
      },
      circuitBreaker: {
        key: note('circuitBreaker.key', 'key'),
        failureOn: note('failureOn', true),
        window: { type: 'consecutive', size: 1 },
        openDuration: note('openDuration', 1),
        failureOnResult: note('circuitBreaker.failureOnResult', false),
      },
      rateLimit: { limit: 9, key: note('rateLimit.key', 'key') },
      bulkhead: { concurrency: 9, key: note('bulkhead.key', 'key') },
    },
    failing([down], 'ok').method,
    alternatives,
  );
  const outer = harness.wrap({ name: 'outer' }, async () => {
    const answer = await inner();
    expect(currentCall().operation).toBe('outer');
    return answer;
  });
  expect((await harness.outcome(outer())).value).toBe('ok');
  expect(Object.keys(seen)).toHaveLength(12);
  expect(new Set(Object.values(seen))).toEqual(new Set(['inner']));
});
