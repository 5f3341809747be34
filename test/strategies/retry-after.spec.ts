import { describe, expect, it } from '@jest/globals';
import { AllFailedError, type OperoOptions } from '../../lib/index.js';
import { retryAfterOf } from '../../lib/core/errors/index.js';
import { failing, Harness, httpError } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const exact = { jitter: 'none', minDelay: 10 } as const;

describe('what an error asks to wait', () => {
  const clock = new ManualClock();
  const asked = (headers: unknown) => retryAfterOf({ response: { status: 503, headers } }, clock);
  const date = (ms: number) => new Date(Math.ceil(clock.date() / 1_000) * 1_000 + ms).toUTCString();
  const throwing = {
    get(): never {
      throw new Error('mine');
    },
  };

  it.each<[string, unknown, number | undefined]>([
    ['seconds', '3', 3_000],
    ['a number', 3, 3_000],
    ['blanks around it', ' 3 ', 3_000],
    ['a fraction', '1.5', 1_500],
    ['nothing to wait', '0', 0],
    ['less than nothing', '-5', undefined],
    ['no number', 'soon', undefined],
    ['nothing', '', undefined],
    ['a list', ['3', '9'], 3_000],
    ['an empty list', [], undefined],
    ['a date that is over', 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['no date', 'Wed, 99 Foo 2015', undefined],
    ['an object', {}, undefined],
  ])('is understood: %s [hard 4.4]', (_name, header, ms) => {
    expect(asked({ 'retry-after': header })).toBe(ms);
    expect(asked({ 'Retry-After': header })).toBe(ms);
    expect(asked({ 'RETRY-AFTER': header })).toBe(ms);
    expect(retryAfterOf({ headers: { 'retry-after': header } }, clock)).toBe(ms);
    expect(retryAfterOf(new Error('x', { cause: { headers: { 'retry-after': header } } }), clock)).toBe(ms);
  });

  it('is understood as a date to come, in whichever headers [hard 4.4]', () => {
    const wait = asked({ 'retry-after': date(7_000) })!;
    expect(wait).toBeGreaterThanOrEqual(7_000);
    expect(wait).toBeLessThan(8_000);
    expect(asked(new Headers({ 'Retry-After': '3' }))).toBe(3_000);
    const axiosHeaders = { get: (name: string) => (name.toLowerCase() === 'retry-after' ? '3' : undefined) };
    expect(asked(axiosHeaders)).toBe(3_000);
  });

  it('is taken from retry-after-ms first [hard 4.4]', () => {
    expect(asked({ 'retry-after-ms': '250', 'retry-after': '1' })).toBe(250);
    expect(asked({ 'Retry-After-Ms': 250.5 })).toBe(250.5);
    expect(asked({ 'retry-after-ms': 'soon', 'retry-after': '1' })).toBe(1_000);
    expect(asked(new Headers({ 'Retry-After': '3' }))).toBe(3_000);
  });

  it('is nothing where it cannot be looked at, and no other header [hard 4.4]', () => {
    expect(asked(throwing)).toBeUndefined();
    expect(asked({ 'x-ratelimit-reset': '99', 'ratelimit-reset': '99' })).toBeUndefined();
    for (const name of ['response', 'headers', 'cause']) {
      expect(retryAfterOf(Object.defineProperty({}, name, throwing), clock)).toBeUndefined();
    }
    const hidden = Object.defineProperty(
      new Error('x', { cause: { headers: { 'retry-after': '3' } } }),
      'headers',
      throwing,
    );
    expect(retryAfterOf(hidden, clock)).toBe(3_000);
  });
});

describe('a wait that is too long', () => {
  const run = async (options: OperoOptions, errors: readonly unknown[], target = {}) => {
    const harness = new Harness();
    const { method, calls } = failing(errors, 'ok');
    const before = harness.clock.now();
    const outcome = await harness.outcome(harness.wrap(options, method, target)());
    return { outcome, calls: calls(), waited: harness.clock.now() - before };
  };

  it('ends the call with the real error, at once [hard 4.4]', async () => {
    for (const exhausted of ['aggregate', 'last'] as const) {
      const error = httpError(503, { 'retry-after': '31' });
      const first = new Error('first');
      const ended = await run({ retry: { ...exact, exhausted } }, [first, error]);
      expect(ended.outcome.error).toBe(error);
      expect([ended.calls, ended.waited]).toEqual([2, 10]);
    }
  });

  it('is kept where it is not, however short the backoff [hard 4.4]', async () => {
    const { outcome, waited } = await run({ retry: exact }, [httpError(503, { 'retry-after': '30' })]);
    expect([outcome.value, waited]).toEqual(['ok', 30_000]);
  });

  it('ends the call also where only its own time would be over [hard 4.4]', async () => {
    const error = httpError(503, { 'retry-after': '5' });
    const ended = await run({ retry: exact, timeout: { total: 4_000 } }, [error]);
    expect(ended.outcome.error).toBe(error);
    expect(ended.waited).toBe(0);
  });

  it('is the longest that any alternative asked for [hard 4.4]', async () => {
    const errors = [httpError(503, { 'retry-after': '5' }), httpError(503)];
    const target = { fallbackArguments: new Map([[0, ['a', 'b']]]) };
    const { outcome, waited } = await run({ retry: exact }, errors, target);
    expect([outcome.value, waited]).toEqual(['ok', 5_000]);
  });

  it('is carried by the failure, and by no other [hard 4.4]', async () => {
    const target = { fallbackArguments: new Map([[0, ['a', 'b']]]) };
    const errors = [httpError(503, { 'retry-after': '60' }), httpError(503)];
    const { outcome } = await run({ retry: exact }, errors, target);
    expect(outcome.error).toBeInstanceOf(AllFailedError);
    expect(outcome.error.errors.map((failure: object) => 'retryAfter' in failure)).toEqual([true, false]);
    expect(outcome.error.errors[0].retryAfter).toBe(60_000);
  });
});
