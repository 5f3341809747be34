import { describe, expect, it } from '@jest/globals';
import { currentCall, type OperoOptions } from 'nestjs-opero';
import { define, harnessWith, mine, never, started } from '../support/around.js';
import { deferred, httpError } from '../support/harness.js';

type Any = any;

/** Answers with whatever comes first: what runs inside it, or a value. */
const racing = (call: Any, next: Any) => Promise.race([next.run(call), Promise.resolve('raced')]);
const outer = (around: Any) => define(around, { name: 'outer', option: 'outer', before: 'mine' });
const both = (more: OperoOptions = {}) => ({ ...mine(more), outer: true }) as OperoOptions;

describe('what an around strategy cancels when it answers', () => {
  it.each([
    ['never answers', never],
    ['answers late', (call: Any, next: Any) => next.run(call).then(never, never)],
  ])('may be another one that %s', async (_name, inner) => {
    const harness = harnessWith(define(inner), outer(racing));
    const { start, operation } = started(harness, never, both());
    expect((await harness.outcome(start())).value).toEqual({ ok: true, value: 'raced' });
    expect(harness.runtime.root.children()).toEqual([]);
    expect(operation.snapshot().counts).toMatchObject({ abort: 0, failure: 0 });
  });

  it('does not hide an abort that it brings about', async () => {
    let runs = 0;
    const twice = async (call: Any, next: Any) => [await next.run(call), await next.run(call)];
    const harness = harnessWith(define(racing), outer(twice));
    const method = () => {
      runs++;
      currentCall().signal.addEventListener('abort', () => call.abort());
      return never();
    };
    const call = started(harness, method, both());
    expect((await harness.outcome(call.start())).value).toMatchObject({ error: { message: 'left' } });
    expect(runs).toBe(1);
    expect(call.operation.snapshot().counts).toMatchObject({ abort: 1 });
  });

  it('gives back the permit of a rate limit with which it waited for a slot', async () => {
    let around: Any = (call: Any, next: Any) => next.run(call);
    const harness = harnessWith(define((call: Any, next: Any) => around(call, next)));
    const answer = deferred();
    const options = mine({
      bulkhead: { concurrency: 1, queue: 10 },
      rateLimit: { limit: 2, interval: 1_000 },
    });
    const { start } = started(harness, () => answer.promise, options);
    const first = start();
    around = racing;
    expect((await harness.outcome(start())).value).toEqual({ ok: true, value: 'raced' });
    answer.resolve();
    await first;
    around = (call: Any, next: Any) => next.run(call);
    for (let turn = 0; turn < 2; turn++) {
      await harness.clock.advance(1_000);
      const waited = harness.clock.now();
      await harness.outcome(Promise.all([start(), start()]));
      expect(harness.clock.now()).toBe(waited);
    }
  });

  it('tells a load that is for nobody else an AbortError', async () => {
    const harness = harnessWith(define(racing));
    let signal!: AbortSignal;
    const method = () => (({ signal } = currentCall()), never());
    const { start } = started(harness, method, mine({ cache: true }));
    expect((await harness.outcome(start())).value).toEqual({ ok: true, value: 'raced' });
    expect(signal.reason).toMatchObject({ name: 'AbortError' });
  });

  it('begins no other fallback', async () => {
    const ran: string[] = [];
    const late = deferred();
    const first = () => (ran.push('first'), late.promise);
    const fallback = [first, () => (ran.push('second'), 2)];
    const harness = harnessWith(define(racing, { before: 'fallback' }));
    const { start } = started(harness, () => { throw new Error('down'); }, mine({ fallback })); // prettier-ignore
    expect((await harness.outcome(start())).value).toEqual({ ok: true, value: 'raced' });
    late.reject(new Error('cancelled'));
    await harness.clock.settle();
    expect(ran).toEqual(['first']);
  });
});

describe('a call that is aborted while an around strategy works', () => {
  it('ends with the abort, whatever the strategy makes of it', async () => {
    const harness = harnessWith(define((call: Any, next: Any) => next.run(call).catch(() => 'swallowed')));
    const { start, abort, operation } = started(harness, never);
    const ended = start();
    await harness.clock.settle();
    abort();
    expect(await ended).toMatchObject({ error: { message: 'left' } });
    expect(operation.snapshot().counts).toMatchObject({ abort: 1 });
  });

  it('by the strategy itself, which then answers, ends with the abort', async () => {
    const harness = harnessWith(define(() => (call.abort(), 'value')));
    const call = started(harness, never);
    expect((await harness.outcome(call.start())).value).toMatchObject({ error: { message: 'left' } });
  });

  it('between two runs makes the second one fail, for which the strategy is not blamed', async () => {
    const login = deferred();
    const again = (call: Any, next: Any) =>
      next.run(call).catch(() => login.promise.then(() => next.run(call)));
    const harness = harnessWith(define(again));
    const { start, abort } = started(harness, () => Promise.reject(new Error('401')));
    const ended = start();
    await harness.clock.settle();
    abort();
    expect(await ended).toMatchObject({ error: { message: 'left' } });
    login.resolve();
    await harness.clock.settle();
    expect(harness.warnings).toEqual([]);
  });
});

describe('a second run of what is inside an around strategy', () => {
  const again = (call: Any, next: Any) => next.run(call).catch(() => next.run(call));

  it('is retried for its own failures only', async () => {
    const harness = harnessWith(define(again));
    const statuses = [503, 503, 401, 503];
    const method = async () => { throw httpError(statuses.shift()!); }; // prettier-ignore
    const ended = await harness.outcome(harness.wrap(mine({ retry: 1 }), method)());
    expect(ended.error.response.status).toBe(401);
  });

  it('does not fail because the first one had no key', async () => {
    let asked = 0;
    const key = () => (asked++ ? 'key' : '');
    const harness = harnessWith(define(again));
    const call = harness.wrap(mine({ bulkhead: { concurrency: 1, key } }), async () => 'answer');
    expect((await harness.outcome(call())).value).toBe('answer');
  });

  it('whose result is accepted is cached', async () => {
    let runs = 0;
    const until = async (call: Any, next: Any) => {
      const first = await next.run(call);
      return first.ready ? first : next.run(call);
    };
    const harness = harnessWith(define(until, { before: undefined, after: 'cache' }));
    const retry = { retries: 0, retryOnResult: ({ ready }: Any) => !ready };
    const call = harness.wrap(mine({ cache: true, retry }), async () => ({ ready: ++runs > 1 }));
    for (let turn = 0; turn < 2; turn++)
      expect((await harness.outcome(call())).value).toEqual({ ready: true });
    expect(runs).toBe(2);
  });
});
