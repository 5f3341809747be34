import { describe, expect, it } from '@jest/globals';
import { BadRequestException, NotFoundException } from '@nestjs/common';
import { AllFailedError, OperoConfigurationError, type OperoCall } from '../../lib/index.js';
import { failing, Harness } from '../support/harness.js';

const down = new Error('down');

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

  it('answers after all retries, and not before', async () => {
    const harness = new Harness();
    const { method, calls } = failing(Array(9).fill(down), 'x');
    const call = harness.wrap(
      { retry: 2, fallback: (error: unknown) => error },
      method as () => Promise<unknown>,
    );
    expect((await harness.outcome(call())).value).toBeInstanceOf(AllFailedError);
    expect(calls()).toBe(3);
  });

  it('tries a list in turn', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      { fallback: [() => { throw new Error('first'); }, () => Promise.reject(new Error('second')), { value: 'third' }] }, // prettier-ignore
      failing([down], '').method,
    );
    expect(await call()).toBe('third');
  });

  it('keeps the original as the cause of its own failure [peers 18]', async () => {
    const own = new Error('the fallback');
    for (const fallback of [
      () => {
        throw own;
      },
      () => Promise.reject(own),
    ]) {
      // prettier-ignore
      const harness = new Harness();
      const { error } = await harness.outcome(harness.wrap({ fallback }, failing([down], 1).method)());
      expect(error).toBe(own);
      expect(error.cause).toBe(down);
      delete own.cause;
    }
  });

  it('settles whatever it rejects with [peers 18]', async () => {
    for (const thrown of [undefined, null, '', 0]) {
      const harness = new Harness();
      const call = harness.wrap({ fallback: () => Promise.reject(thrown) }, failing([down], 1).method);
      expect(await harness.outcome(call())).toEqual({ ok: false, error: thrown });
    }
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
