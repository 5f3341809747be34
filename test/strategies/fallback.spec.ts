import { describe, expect, it } from '@jest/globals';
import { BadRequestException, NotFoundException } from '@nestjs/common';
import {
  AllFailedError,
  currentCall,
  failuresOf,
  OperoConfigurationError,
  type AttemptFailure,
  type FallbackFunction,
  type OperoCall,
  type OperoOptions,
} from '../../lib/index.js';
import { failing, Harness, settle } from '../support/harness.js';

const down = new Error('down');

/** What an HTTP client does with a signal. */
const fetchLike = async (signal: AbortSignal) => {
  signal.throwIfAborted();
  return 'answered';
};

describe('fallback', () => {
  it('answers with a value, also with undefined', async () => {
    const harness = new Harness();
    expect(
      await harness.wrap({ fallback: { value: [] } }, failing([down], 1).method as () => Promise<unknown>)(),
    ).toEqual([]);
    const nothing = harness.wrap(
      { fallback: { value: undefined } },
      failing([down], 1).method as () => Promise<unknown>,
    );
    expect(await nothing()).toBeUndefined();
  });

  it('calls a function or a method of the same instance with the error, the call and the arguments', async () => {
    const seen: unknown[] = [];
    const self = {
      later(this: unknown, error: unknown, call: OperoCall, ...args: unknown[]) {
        seen.push(this === self, error, call.operation, call.attempt, args);
        return 'later';
      },
    };
    for (const fallback of ['later', self.later] as const) {
      seen.length = 0;
      const harness = new Harness();
      const call = harness.wrap(
        { fallback },
        failing([down], 1).method as (...args: unknown[]) => Promise<unknown>,
        { prototype: self },
      );
      expect(await call.call(self, 'order', 7)).toBe('later');
      expect(seen).toEqual([true, down, 'Test.method1', 1, ['order', 7]]);
    }
  });

  it('answers after all retries, and not before, for the last error itself [hard 3.2]', async () => {
    const harness = new Harness();
    const { method, calls } = failing(Array(9).fill(down), 'x');
    const call = harness.wrap(
      { retry: 2, fallback: (error: unknown) => error },
      method as () => Promise<unknown>,
    );
    expect((await harness.outcome(call())).value).toBe(down);
    expect(failuresOf(down)).toHaveLength(3);
    expect(calls()).toBe(3);
  });

  it.each<[string, OperoOptions['fallback'], number]>([
    ['fails, too', () => { throw new Error('fallback'); }, 4],
    ['rejects, too', () => Promise.reject(new Error('fallback')), 4],
    ['leads to the original error', (error: unknown) => { throw new Error('fallback', { cause: error }); }, 4],
  ])('that %s keeps the attempts behind its error', async (_title, fallback, attempts) => {
    const harness = new Harness();
    const call = harness.wrap({ retry: 2, fallback }, failing(Array(9).fill(down), 'x').method);
    const { error } = await harness.outcome(call());
    expect(String(error)).toContain('fallback');
    expect(failuresOf(error)).toHaveLength(attempts);
  }); // prettier-ignore

  it('tries a list in turn', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      { fallback: [() => { throw new Error('first'); }, () => Promise.reject(new Error('second')), { value: 'third' }] }, // prettier-ignore
      failing([down], '').method,
    );
    expect(await call()).toBe('third');
  });

  it('fails with both when it fails too, and changes neither [peers 18] [hard 3.8]', async () => {
    const own = Object.freeze(new Error('the fallback'));
    for (const fallback of [
      () => {
        throw own;
      },
      () => Promise.reject(own),
    ]) {
      const harness = new Harness();
      const { error } = await harness.outcome(harness.wrap({ fallback }, failing([down], 1).method)());
      expect(error).toBeInstanceOf(AllFailedError);
      expect(error.cause).toBe(own);
      expect(error.message).toBe('Test.method1 failed in all 2 attempts, the last with Error: the fallback');
      expect(error.stack).toContain(`caused by ${own.stack}`);
      expect(error.errors.map((failure: AttemptFailure) => [failure.alternative, failure.error])).toEqual([
        ['', down],
        ['fallback#1', own],
      ]);
      expect('cause' in own).toBe(false);
    }
  });

  it('passes on what leads to the original error as it is: no cycle of causes [hard 3.8]', async () => {
    const wrapped = new Error('domain', { cause: new Error('between', { cause: down }) });
    for (const [fallback, expected] of [
      [
        (error: unknown) => {
          throw error;
        },
        down,
      ],
      [() => Promise.reject(wrapped), wrapped],
      [[() => Promise.reject(new Error('first')), (error: unknown) => Promise.reject(error)], down],
    ] as const) {
      // prettier-ignore
      const harness = new Harness();
      const call = harness.wrap({ fallback: fallback as FallbackFunction }, failing([down], 1).method);
      expect((await harness.outcome(call())).error).toBe(expected);
      expect('cause' in down).toBe(false);
    }
  });

  it('tells the attempts of every call apart, also where all fail with one constant error [hard 3.8]', async () => {
    const constant = new Error('constant');
    const harness = new Harness();
    const call = harness.wrap({ fallback: () => Promise.reject(constant) }, async (reason: string) =>
      Promise.reject(reason),
    );
    const [first, second] = await Promise.all([settle(call('a')), settle(call('b'))]);
    expect(first.error.errors[0].error).toBe('a');
    expect(second.error.errors[0].error).toBe('b');
  });

  it('tells the attempts of a load behind the cache, too', async () => {
    const harness = new Harness();
    const options: OperoOptions = {
      cache: { key: () => 'key' },
      retry: { retries: 1, minDelay: 0 },
      fallback: () => Promise.reject(new Error('fallback')),
    };
    const { error } = await harness.outcome(harness.wrap(options, failing([down, down], 1).method)());
    expect(error.errors.map((failure: AttemptFailure) => failure.alternative)).toEqual([
      '',
      '',
      'fallback#1',
    ]);
  });

  it('settles whatever it rejects with [peers 18]', async () => {
    for (const thrown of [undefined, null, '', 0]) {
      const harness = new Harness();
      const call = harness.wrap({ fallback: () => Promise.reject(thrown) }, failing([down], 1).method);
      expect(await harness.outcome(call())).toMatchObject({ ok: false, error: { cause: thrown } });
    }
  });

  it('may be a bare thenable, which is awaited like a promise [hard 3.8]', async () => {
    const thenables = [
      { then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => (resolve('first'), reject(1)) },
      { then: (resolve: (value: unknown) => void) => { resolve('first'); throw new Error('late'); } },
    ]; // prettier-ignore
    for (const thenable of thenables) {
      const harness = new Harness();
      const call = harness.wrap({ fallback: () => thenable }, failing([down], 'x').method);
      expect(await call()).toBe('first');
      expect(harness.runtime.root.busy).toBe(false);
    }
  });

  it('has an attempt of its own: a signal that is not aborted, its time, its name [hard 3.7]', async () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    const fallback = async (_error: unknown, call: OperoCall) => {
      const own = currentCall();
      seen.push(own === call, own.signal.aborted, own.alternative, own.deadline, own.operation);
      return fetchLike(own.signal);
    };
    const call = harness.wrap({ timeout: 50, fallback }, () => new Promise(() => undefined));
    const outcome = harness.outcome(call());
    expect(await outcome).toMatchObject({ value: 'answered' });
    expect(seen).toEqual([true, false, 'fallback#1', Infinity, 'Test.method1']);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('has a signal that aborts when the caller gives up [hard 3.7]', async () => {
    const harness = new Harness();
    let signal: AbortSignal | undefined;
    const fallback = () => new Promise(() => (signal = currentCall().signal));
    const operation = harness.operation({ fallback });
    const { call, result } = operation.start(
      { self: undefined, method: () => Promise.reject(down), args: [] },
      harness.runtime.root,
    );
    await harness.clock.settle();
    call.abort('enough');
    expect((await settle(result)).error).toBe('enough');
    expect(signal!.reason).toBe('enough');
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('asks `on` inside the call; what it throws means no and does not hide the error [hard 3.2] [hard 3.7]', async () => {
    const harness = new Harness();
    const operations: string[] = [];
    const on = () => {
      operations.push(currentCall().operation);
      throw new Error('broken');
    };
    const call = harness.wrap({ fallback: { value: 1, on } }, failing([down], 1).method);
    const outer = harness.wrap({}, () => call());
    expect((await harness.outcome(outer())).error).toBe(down);
    expect(operations).toEqual(['Test.method1']);
    expect(harness.warnings).toEqual([
      'Test.method1 fallback.on failed, the fallback does not answer: Error: broken',
    ]);
  });

  it('does not answer for a mistake of the client', async () => {
    const harness = new Harness();
    const call = harness.wrap({ fallback: { value: 1 } }, failing([new BadRequestException()], 1).method);
    expect((await harness.outcome(call())).error).toBeInstanceOf(BadRequestException);
  });

  it('answers only for the errors it is meant for', async () => {
    const harness = new Harness();
    const options = { fallback: { use: () => 'none', on: NotFoundException } };
    const { method } = failing([new NotFoundException(), down], 'found');
    const call = harness.wrap(options, method);
    expect(await call()).toBe('none');
    expect((await harness.outcome(call())).error).toBe(down);
  });

  it('gives each caller a value of its own, and shares instances of classes [hard 2.6]', async () => {
    const harness = new Harness();
    class Shared {}
    const shared = new Shared();
    const value = { list: [] as string[], shared, reload: () => undefined };
    const call = harness.wrap({ fallback: { value } }, async (): Promise<typeof value> =>
      Promise.reject(down),
    );
    (await call()).list.push('secret');
    expect((await call()).list).toEqual([]);
    expect((await call()).shared).toBe(shared);
  });

  it('is not asked when the caller gave up', async () => {
    const harness = new Harness();
    const operation = harness.operation({ fallback: { value: 'fallback' } });
    const invocation = { self: undefined, method: () => new Promise(() => undefined), args: [] };
    const { call, result } = operation.start(invocation, harness.runtime.root);
    call.abort('enough');
    await expect(result).rejects.toBe('enough');
  });

  it('is given up itself when the caller gives up', async () => {
    const harness = new Harness();
    const operation = harness.operation({ fallback: () => new Promise(() => undefined) });
    const invocation = { self: undefined, method: () => Promise.reject(down), args: [] };
    const { call, result } = operation.start(invocation, harness.runtime.root);
    await harness.clock.settle();
    call.abort('enough');
    await expect(result).rejects.toBe('enough');
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is proved before the first call', () => {
    const define = (fallback: never) => () => new Harness().operation({ fallback }, { prototype: {} });
    expect(define('missing' as never)).toThrow(OperoConfigurationError);
    expect(define('missing' as never)).toThrow(
      "fallback: got 'missing', allowed: the name of a method of the same class",
    );
    expect(define([] as never)).toThrow('fallback.use: got []');
    expect(define(7 as never)).toThrow('fallback: got 7, allowed: the name of a method');
  });
});
