import { describe, expect, it } from '@jest/globals';
import { permanent, type OperoOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';

class Declined extends Error {}

const alternatives = { fallbackArguments: new Map([[0, ['a', 'b']]]) };

describe('permanent()', () => {
  it('gives back the error itself, frozen or not, and refuses what is none [hard 4.10]', () => {
    for (const error of [new Declined('no'), Object.freeze(new Declined('no')), { code: 1 }, () => 1]) {
      expect(permanent(error)).toBe(error);
    }
    for (const [value, name] of [
      ['no', 'string'],
      [undefined, 'undefined'],
      [null, 'null'],
      [5, 'number'],
    ]) {
      expect(() => permanent(value as never)).toThrow(`permanent(): got ${name}, allowed: an error object`);
    }
    expect(() => permanent('no' as never)).toThrow(TypeError);
  });

  it.each<[string, OperoOptions, object]>([
    ['retry', { retry: 3 }, {}],
    ['retryOn', { retry: { retryOn: () => true } }, {}],
    ['exhausted: aggregate', { retry: { retryOn: Declined, exhausted: 'aggregate' } }, {}],
    ['hedge', { hedge: { delay: 50, maxHedges: 3, idempotent: true } }, {}],
    ['hedge.on', { hedge: { delay: 50, idempotent: true, on: () => true } }, {}],
    ['argFallback', { argFallback: { on: () => true }, retry: { retryOn: () => true } }, alternatives],
  ])('ends the call with that very error, whatever %s says [hard 4.10]', async (_name, options, target) => {
    const harness = new Harness();
    const declined = new Declined('no');
    let bodies = 0;
    const method = async () => (bodies++, Promise.reject(permanent(declined)));
    expect((await harness.outcome(harness.wrap(options, method, target)())).error).toBe(declined);
    expect(bodies).toBe(1);
  });

  it('ends it after earlier failures too, with itself [hard 4.10]', async () => {
    const harness = new Harness();
    const declined = new Declined('no');
    let bodies = 0;
    const method = async () => Promise.reject(++bodies === 1 ? new Error('passing') : permanent(declined));
    const call = harness.wrap({ retry: { retries: 3, exhausted: 'aggregate' } }, method, alternatives);
    expect((await harness.outcome(call())).error).toBe(declined);
    expect(bodies).toBe(2);
  });

  it('holds further out, and not for what the error is the cause of [hard 4.10]', async () => {
    const harness = new Harness();
    const declined = permanent(new Declined('no'));
    let bodies = 0;
    const inner = harness.wrap({ retry: 2 }, async () => (bodies++, Promise.reject(declined)));
    const outer = harness.wrap({ retry: { retries: 2, retryOn: () => true } }, () => inner());
    expect((await harness.outcome(outer())).error).toBe(declined);
    expect(bodies).toBe(1);
    const wrapping = harness.wrap({ retry: 2 }, async () => {
      bodies++;
      throw new Error('wrapped', { cause: declined });
    });
    await harness.outcome(wrapping());
    expect(bodies).toBe(4);
  });

  it('lets a fallback answer, and counts for the circuit as usual [hard 4.10]', async () => {
    const harness = new Harness();
    const operation = harness.operation({
      retry: 3,
      circuitBreaker: { window: { type: 'consecutive', size: 1 } },
      fallback: { use: [{ value: 'instead' }] },
    });
    const method = () => Promise.reject(permanent(new Declined('no')));
    const { result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    expect(await result).toBe('instead');
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('open');
  });
});
