import { describe, expect, it } from '@jest/globals';
import { appendCallSite, captureCallSite } from '../../lib/core/call/index.js';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { Harness, settle } from '../support/harness.js';

const later = async () => null;

const down = async () => {
  await later();
  throw new RangeError('down');
};

/** The error of a call that was made from here, `callSites` being as given. */
async function failed(options: OperoOptions, work: () => unknown = down, callSites = true): Promise<Error> {
  const harness = new Harness({ callSites });
  const wrapped = harness.wrap({ name: 'Payments.charge', ...options }, work as () => Promise<unknown>);
  async function theCaller() {
    await harness.outcome(wrapped()).then(({ error }) => {
      throw error;
    });
  }
  const { error } = await settle(theCaller());
  return error as Error;
}

const marks = (error: Error) => error.stack!.split('\n').filter((line) => line.includes('(nestjs-opero)'));
const ours = (error: Error) =>
  error.stack!.split('\n').filter((line) => /[\\/]lib[\\/](core|runtime|map)[\\/]/.test(line));

describe('where a call came from', () => {
  it('is not written into what only has a field called stack [hard 3.4]', () => {
    const thrown = { code: 5, stack: 'mean' };
    appendCallSite(thrown, captureCallSite(), 'Payments.charge');
    expect(thrown).toEqual({ code: 5, stack: 'mean' });
  });

  it.each<[string, OperoOptions, () => unknown]>([
    ['a method that fails later', {}, down],
    ['after retries', { retry: { retries: 2, minDelay: 5 } }, down],
    ['after alternatives', { argFallback: { param: 0, values: [1, 2] } }, down],
    ['an attempt that took too long', { timeout: 5 }, () => new Promise(() => undefined)],
    ['a call that took too long', { timeout: { total: 5 } }, () => new Promise(() => undefined)],
    ['a load for the cache', { cache: 1_000 }, down],
    ['a fallback that fails', { fallback: down }, down],
  ])('is in the stack of its error: %s [hard 3.4]', async (_name, options, work) => {
    const error = await failed(options, work);
    const lines = error.stack!.split('\n');
    expect(marks(error)).toEqual(['    at async Payments.charge (nestjs-opero)']);
    const at = lines.indexOf(marks(error)[0]!);
    expect(lines[at + 2]).toMatch(/^ {4}at .*call-site\.spec\.ts/);
    expect(lines.slice(at + 1).every((line) => line.startsWith('    at '))).toBe(true);
    expect(ours(error)).toEqual([]);
  });

  it('is not looked for in production [hard 3.4]', async () => {
    const error = await failed({}, down, false);
    expect(error.stack).not.toContain('nestjs-opero)');
    const { NODE_ENV } = process.env;
    try {
      process.env.NODE_ENV = 'production';
      expect(new Harness({ callSites: undefined }).operation({}).callSites).toBe(false);
      process.env.NODE_ENV = 'development';
      expect(new Harness({ callSites: undefined }).operation({}).callSites).toBe(true);
    } finally {
      process.env.NODE_ENV = NODE_ENV;
    }
  });

  it('is told for each of nested calls, once [hard 3.4]', async () => {
    const harness = new Harness({ callSites: true });
    const inner = harness.wrap({ name: 'Inner.call' }, down);
    const outer = harness.wrap({ name: 'Outer.call' }, async function theOuterMethod() {
      await later();
      return inner();
    });
    const { error } = await settle(outer());
    expect(marks(error)).toEqual([
      '    at async Inner.call (nestjs-opero)',
      '    at async Outer.call (nestjs-opero)',
    ]);
    const lines = error.stack!.split('\n');
    for (const mark of marks(error)) expect(lines[lines.indexOf(mark) + 2]).toContain('call-site.spec.ts');
  });

  it('does not grow with an error that is thrown again and again [hard 3.4]', async () => {
    const constant = new Error('constant');
    const harness = new Harness({ callSites: true });
    const one = harness.wrap({}, async () => Promise.reject(constant));
    const calls = [() => one(), () => one(), () => one(), () => one(), () => one()];
    for (let round = 0; round < 20; round++) for (const call of calls) await settle(call());
    expect(marks(constant).length).toBeLessThanOrEqual(3);
    expect(constant.stack!.length).toBeLessThan(10_000);
  });

  it('is not repeated where the stack shows it already [hard 3.4]', async () => {
    const { stackTraceLimit } = Error;
    const atOnce = () => {
      throw new Error('at once');
    };
    try {
      Error.stackTraceLimit = 50;
      expect(marks(await failed({}, atOnce))).toEqual([]);
      // Cut off before it gets to the caller.
      Error.stackTraceLimit = 2;
      expect(marks(await failed({}, atOnce))).toHaveLength(1);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });

  it('leaves alone what the caller has given itself [hard 3.4]', async () => {
    const harness = new Harness({ callSites: true });
    const reason = new Error('the reason');
    const before = reason.stack;
    const operation = harness.operation({});
    const method = () => new Promise(() => undefined);
    const { call, result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.scope);
    call.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(reason.stack).toBe(before);
  });

  it.each<[string, unknown]>([
    ['a string', 'text'],
    ['nothing', undefined],
    ['null', null],
    ['an object', { message: 'no error' }],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    [
      'a stack that cannot be written',
      Object.defineProperty(new Error('x'), 'stack', { value: 'x', writable: false }),
    ],
    ['a getter that throws', Object.defineProperty(new Error('x'), 'stack', { get: () => thrown() })],
    ['a getter', Object.defineProperty(new Error('x'), 'stack', { get: () => 'fixed' })],
    ['a stack that is no text', Object.assign(new Error('x'), { stack: [1, 2] })],
    [
      'a hostile proxy',
      new Proxy(new Error('x'), { get: () => thrown(), getOwnPropertyDescriptor: () => thrown() }),
    ],
  ])('changes nothing about %s, and does not throw [hard 3.4]', async (_name, value) => {
    const harness = new Harness({ callSites: true });
    const wrapped = harness.wrap({ retry: 0 }, async () => Promise.reject(value));
    const { ok, error } = await settle(wrapped());
    expect(ok).toBe(false);
    expect(Object.is(error, value)).toBe(true);
  });

  it('takes whatever limits and formats stacks [hard 3.4]', () => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    try {
      Error.stackTraceLimit = 0;
      const site = captureCallSite();
      expect(Error.stackTraceLimit).toBe(0);
      Error.stackTraceLimit = stackTraceLimit;
      const error = new Error('elsewhere');
      error.stack = 'Error: elsewhere';
      appendCallSite(error, site, 'A.b');
      expect(marks(error)).toHaveLength(1);
      Error.prepareStackTrace = (_error, frames) => frames;
      appendCallSite(error, captureCallSite(), 'A.b');
      expect(marks(error)).toHaveLength(1);
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

function thrown(): never {
  throw new Error('a getter');
}
