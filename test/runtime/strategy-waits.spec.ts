import { describe, expect, it } from '@jest/globals';
import { checks, defineStrategy, type OperoOptions, type StrategyDefinition } from 'nestjs-opero';
import { strategiesWith } from '../../lib/runtime/index.js';
import { Harness, settle } from '../support/harness.js';

type Any = any;

const never = () => new Promise<never>(() => undefined);
const down = () => Promise.reject(new Error('down'));
const slowly: OperoOptions = { retry: { minDelay: 20_000, maxDelay: 20_000, jitter: 'none' } };

/** A call through a strategy of the app, that waits with `timer`. */
function through(kind: string, make: (timer: (waiting: Any, ms: number) => Promise<unknown>) => Any) {
  const definition = defineStrategy({
    name: 'mine',
    option: 'mine',
    kind,
    before: kind === 'gate' ? 'bulkhead' : 'cache',
    allowed: 'true or false',
    schema: checks.fields({}),
    create: () => ({ kind, ...make(timer) }),
  } as never) as StrategyDefinition<any, any, any>;
  const harness: Harness = new Harness({ strategies: strategiesWith([definition], []) });
  const timer = (waiting: Any, ms: number): Promise<unknown> =>
    waiting.wait((resolve: Any) => {
      const scheduled = harness.clock.schedule(ms, () => resolve(`after ${ms} ms`));
      return () => scheduled.cancel();
    });
  const caller = new AbortController();
  const start = (method: () => unknown, options: OperoOptions = {}) => {
    const operation = harness.operation({ ...options, mine: true } as OperoOptions);
    const invocation = { self: undefined, method, args: [] };
    return settle(operation.start(invocation, harness.runtime.scope, caller.signal).result);
  };
  return { harness, start, abort: () => caller.abort(new Error('left')) };
}

describe('a strategy of the app that waits', () => {
  it('beside the backoff of what it runs ends with an abort, and both waits with it [hard 1.1]', async () => {
    const around = (timer: Any) => (call: Any, next: Any) =>
      Promise.race([next.run(call), timer(call, 60_000)]);
    const { harness, start, abort } = through('around', (timer) => ({ around: around(timer) }));
    const ended = start(down, slowly);
    await harness.clock.settle();
    abort();
    await harness.clock.settle();
    expect(harness.clock.scheduled).toBe(0);
    expect((await ended).error.message).toBe('left');
  });

  it('beside the backoff of what it runs may answer first [hard 1.1]', async () => {
    const around = (timer: Any) => (call: Any, next: Any) => Promise.race([next.run(call), timer(call, 100)]);
    const { harness, start } = through('around', (timer) => ({ around: around(timer) }));
    const ended = start(() => { throw new Error('down'); }, slowly); // prettier-ignore
    await harness.clock.advance(100);
    expect(harness.clock.scheduled).toBe(0);
    expect((await ended).value).toBe('after 100 ms');
  });

  it('and then for something that never comes ends with an abort [hard 1.1]', async () => {
    const { harness, start, abort } = through('recover', (timer) => ({
      recover: async (call: Any) => {
        await null;
        await timer(call, 10);
        await never();
      },
    }));
    const ended = start(down);
    await harness.clock.advance(20);
    abort();
    await harness.clock.settle();
    expect(harness.runtime.root.busy).toBe(false);
    expect((await ended).error.message).toBe('left');
  });

  it('in place of a failed call leaves no timer after an abort [hard 1.1]', async () => {
    const { harness, start, abort } = through('recover', (timer) => ({
      recover: (call: Any) => timer(call, 1_000),
    }));
    const ended = start(down);
    await harness.clock.settle();
    abort();
    expect((await ended).error.message).toBe('left');
    expect(harness.clock.scheduled).toBe(0);
  });

  it('for several things is ended by an abort, whichever are over already [hard 1.1]', async () => {
    const enter = (timer: Any) => (attempt: Any) => {
      const waits = [30, 10, 20, 40].map((ms) => timer(attempt, ms));
      return Promise.all(waits);
    };
    for (const passed of [5, 15, 25, 35]) {
      const made = through('gate', (timer) => ({ enter: enter(timer), leave: () => undefined }));
      const ended = made.start(never);
      await made.harness.clock.advance(passed);
      made.abort();
      expect((await ended).error.message).toBe('left');
      expect(made.harness.clock.scheduled).toBe(0);
    }
  });

  it('and aborts the call as it begins to is told to cancel [hard 1.1]', async () => {
    const queue: unknown[] = [];
    const enter = (attempt: Any) =>
      attempt.wait((resolve: Any) => {
        queue.push(resolve);
        made.abort();
        return () => void queue.splice(queue.indexOf(resolve), 1);
      });
    const made = through('gate', () => ({ enter, leave: () => undefined }));
    expect((await made.start(async () => 1)).error.message).toBe('left');
    expect(queue).toEqual([]);
  });
});
