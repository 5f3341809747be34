import { describe, expect, it } from '@jest/globals';
import { UnauthorizedException } from '@nestjs/common';
import { AllFailedError, currentCall } from '../../lib/index.js';
import { Harness, httpError } from '../support/harness.js';

const declared = (...parameters: (readonly unknown[] | undefined)[]) => ({
  fallbackArguments: new Map(
    parameters.flatMap((values, index) => (values ? [[index, values] as const] : [])),
  ),
});

describe('argument fallback', () => {
  it('of a synchronous method answers at once, however many alternatives there are', () => {
    const alternatives = Array.from({ length: 10_050 }, (_, index) => index);
    const method = (id?: number) => {
      if (id !== 10_049) throw httpError(503);
      return id;
    };
    const target = { answers: 'direct' as const, ...declared(alternatives) };
    expect(new Harness().wrap({}, method, target)()).toBe(10_049);
  });

  it('keeps the list of alternatives that it was called with', async () => {
    const list = ['first', 'second'];
    const call = new Harness().wrap(
      {},
      async (key: unknown) => {
        list.length = 0;
        if (key !== 'second') throw httpError(401);
        return key;
      },
      declared(['declared']),
    );
    expect(await call(list)).toBe('second');
  });

  it('tries the alternatives in order within one attempt', async () => {
    const harness = new Harness();
    const tried: string[] = [];
    const call = harness.wrap(
      {},
      async (key?: string) => {
        tried.push(`${key} ${currentCall().attempt} ${currentCall().alternative}`);
        if (key !== 'third') throw httpError(401);
        return key;
      },
      declared(['first', 'second', 'third']),
    );
    expect(await call()).toBe('third');
    expect(tried).toEqual(['first 1 arg[0]#1', 'second 1 arg[0]#2', 'third 1 arg[0]#3']);
  });

  it.each<[string, object]>([
    ['plain data', {}],
    ['plain data with functions beside it', { sign: () => undefined }],
  ])('gives each attempt an alternative of its own: %s [hard 2.6]', async (_name, more) => {
    const harness = new Harness();
    const found: unknown[] = [];
    const call = harness.wrap(
      { retry: { retries: 1, minDelay: 0 } },
      async (user: string, target?: { headers: Record<string, string> }) => {
        found.push(target!.headers.authorization);
        target!.headers.authorization = user;
        throw httpError(503);
      },
      declared(undefined, [{ headers: {}, ...more }]),
    );
    await harness.outcome(call('ada'));
    await harness.outcome(call('bob'));
    expect(found).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("passes instances of classes on as they are, and the caller's own values too [hard 2.6]", async () => {
    const harness = new Harness();
    const client = new URLSearchParams('a=b');
    const call = harness.wrap({}, async (target?: object) => target, declared([client]));
    expect(await call()).toBe(client);
    const own = { mine: true };
    expect(await call(own)).toBe(own);
    expect(await call([own])).toBe(own);
  });

  it("uses the caller's own list, or its only value", async () => {
    const harness = new Harness();
    const tried: unknown[] = [];
    const call = harness.wrap(
      {},
      async (_order: number, key?: unknown) => {
        tried.push(key);
        throw new Error('down');
      },
      declared(undefined, ['declared']),
    );
    await harness.outcome(call(1, ['own', 'other']));
    await harness.outcome(call(1, 'single'));
    await harness.outcome(call(1));
    expect(tried).toEqual(['own', 'other', 'single', 'declared']);
  });

  it('counts a whole list as one attempt of retry, and begins it anew with the next', async () => {
    const harness = new Harness();
    const tried: string[] = [];
    const call = harness.wrap(
      { retry: { retries: 1, jitter: 'none' } },
      async (key?: string) => {
        tried.push(`${key}${currentCall().attempt}`);
        if (tried.length < 4) throw new Error('down');
        return 'ok';
      },
      declared(['a', 'b']),
    );
    expect((await harness.outcome(call())).value).toBe('ok');
    expect(tried).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('retries when any of the failures was worth it', async () => {
    const harness = new Harness();
    let calls = 0;
    const call = harness.wrap(
      { retry: 1 },
      async (key?: string) => {
        calls++;
        throw key === 'a' ? httpError(503) : new UnauthorizedException();
      },
      declared(['a', 'b']),
    );
    const { error } = await harness.outcome(call());
    expect(calls).toBe(4);
    expect(error).toBeInstanceOf(AllFailedError);
    expect(error.errors.map((failure: { alternative: string }) => failure.alternative)).toEqual([
      'arg[0]#1',
      'arg[0]#2',
      'arg[0]#1',
      'arg[0]#2',
    ]);
  });

  it('goes through combinations, the last parameter changing fastest', async () => {
    const harness = new Harness();
    const tried: string[] = [];
    const call = harness.wrap(
      {},
      async (model?: string, region?: string) => {
        tried.push(`${model}/${region}`);
        throw new Error('down');
      },
      declared(['large', 'small'], ['eu', 'us']),
    );
    await harness.outcome(call());
    expect(tried).toEqual(['large/eu', 'large/us', 'small/eu', 'small/us']);
  });

  it('never shows an alternative, which may be a secret', async () => {
    const harness = new Harness();
    const events: unknown[] = [];
    harness.runtime.events.on('*', (event) => events.push(event));
    const call = harness.wrap(
      { retry: 1 },
      async (_key?: string) => Promise.reject(new Error('down')),
      declared(['S3CR3T-1', 'S3CR3T-2']),
    );
    const { error } = await harness.outcome(call());
    const shown = [
      JSON.stringify(events),
      error.message,
      error.summary(),
      JSON.stringify(harness.warnings),
    ].join();
    expect(shown).not.toContain('S3CR3T');
    expect(shown).toContain('arg[0]#2');
  });

  it('does not move on after a mistake in the program', async () => {
    const harness = new Harness();
    const bug = new TypeError('x is not a function');
    const call = harness.wrap({}, async (_key?: string) => Promise.reject(bug), declared(['a', 'b']));
    expect((await harness.outcome(call())).error).toBe(bug);
  });

  it('moves on only at the errors it is told', async () => {
    const harness = new Harness();
    const tried: unknown[] = [];
    const call = harness.wrap(
      { argFallback: { on: 429 } },
      async (key?: string) => {
        tried.push(key);
        throw httpError(key === 'a' ? 429 : 500);
      },
      declared(['a', 'b', 'c']),
    );
    await harness.outcome(call());
    expect(tried).toEqual(['a', 'b']);
  });

  it('finds the parameter by name or index, and refuses one that is not there', async () => {
    const harness = new Harness();
    const target = { prototype: {}, parameters: 1, parameterNames: ['order', 'provider'] };
    const call = harness.wrap(
      { argFallback: { param: 'provider', values: ['primary', 'backup'] } },
      async (_order: number, provider?: string) =>
        provider === 'backup' ? 'ok' : Promise.reject(new Error('down')),
      target,
    );
    expect(await call(1)).toBe('ok');
    expect(() => harness.operation({ argFallback: 'gateway' }, target)).toThrow(
      "argFallback.param: got 'gateway', allowed: order, provider",
    );
    expect(() => harness.operation({ argFallback: 7 }, target)).toThrow('argFallback.param: got 7');
  });

  it('has a rate limit for each alternative, and passes over one that is spent', async () => {
    const harness = new Harness();
    const used: unknown[] = [];
    const call = harness.wrap(
      { rateLimit: { limit: 1, mode: 'reject' } },
      async (key?: string) => void used.push(key),
      declared(['primary', 'backup']),
    );
    await call();
    await call();
    expect(used).toEqual(['primary', 'backup']);
    expect((await harness.outcome(call())).error).toMatchObject({
      code: 'OPERO_RATE_LIMIT_EXCEEDED',
      retryAfter: 1_000,
    });
  });
});
