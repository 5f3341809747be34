import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  currentCall,
  Opero,
  OperoConfigurationError,
  OperoService,
  type OperoEvent,
} from '../../lib/index.js';
import { failing } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';
import { moduleWith } from '../support/apps.js';

@Injectable()
class Greeter {
  @Opero({ name: 'greet', retry: { retries: 1, minDelay: 0 } })
  async greet(name: string): Promise<string> {
    if (currentCall().attempt === 1) throw new Error('first');
    return `hello ${name}`;
  }
}

let reference: TestingModule;
let clock: ManualClock;
afterEach(() => reference.close());

const start = async (): Promise<OperoService> => {
  clock = new ManualClock();
  const options = {
    clock,
    random: () => 1,
    profiles: { patient: { retry: { retries: 2, jitter: 'none' as const } } },
  };
  reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Greeter] }, options)],
  }).compile();
  await reference.init();
  return reference.get(OperoService, { strict: false });
};

describe('OperoService', () => {
  it('runs a function with options or a profile', async () => {
    const opero = await start();
    const { method, calls } = failing([new Error('one'), new Error('two')], 'three');
    const result = opero.run('patient', method);
    await clock.advance(1_000);
    expect(await result).toBe('three');
    expect(calls()).toBe(3);
    expect(await opero.run({ fallback: { value: 'fallback' } }, () => Promise.reject(new Error('x')))).toBe(
      'fallback',
    );
  });

  it("rejects a sleeping call in the same turn when its signal aborts, with the signal's reason [peers 13]", async () => {
    const opero = await start();
    const { method, calls } = failing(
      Array.from({ length: 9 }, () => new Error('down')),
      1,
    );
    const caller = new AbortController();
    const result = opero.run({ retry: { retries: 9, minDelay: 10_000 } }, method, { signal: caller.signal });
    const outcome = result.catch((error: unknown) => error);
    await clock.advance(50);
    const reason = new Error('no longer needed');
    caller.abort(reason);
    expect(await outcome).toBe(reason);
    expect(calls()).toBe(1);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(calls()).toBe(1);
  });

  it('does not even begin when the signal is aborted already [hard 1.12]', async () => {
    const opero = await start();
    const { method, calls } = failing([], 1);
    await expect(opero.run({ retry: 1 }, method, { signal: AbortSignal.abort('over') })).rejects.toBe('over');
    expect(calls()).toBe(0);
  });

  it('wraps a function, with the memory of its strategies', async () => {
    const opero = await start();
    let loads = 0;
    const search = opero.wrap(
      { name: 'search', cache: 60_000 },
      async (query: string) => `${query} ${++loads}`,
    );
    expect([await search('a'), await search('a'), await search('b')]).toEqual(['a 1', 'a 1', 'b 2']);
    await opero.cache.evict({ operation: 'search', args: ['a'] });
    expect(await search('a')).toBe('a 3');
    expect(opero.operations().find(({ operation }) => operation === 'search')?.counts).toMatchObject({
      'cache-hit': 1,
      success: 3,
    });
  });

  it('shares the memory of runs by name, and refuses one that would be lost', async () => {
    const opero = await start();
    const limited = () =>
      opero.run({ name: 'limited', rateLimit: { limit: 1, mode: 'reject' } }, async () => 1);
    await limited();
    await expect(limited()).rejects.toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
    expect(() => opero.run({ name: 'limited', retry: 5 }, async () => 1)).toThrow(
      'limited: name: got other options than',
    );
    expect(() => opero.run({ rateLimit: 1 }, async () => 1)).toThrow(OperoConfigurationError);
    const idempotent = true;
    expect(() => opero.run({ hedge: { idempotent } }, async () => 1)).toThrow(
      'hedge: got a strategy with state in the options of one run',
    );
    expect(() => opero.run({ retry: { budget: { tokens: 9 } } }, async () => 1)).toThrow(
      'retry: got a strategy with state',
    );
    expect(await opero.run({ retry: 1, hedge: { delay: 50, idempotent } }, async () => 1)).toBe(1);
    expect(() => opero.run({ retries: 3 } as never, async () => 1)).toThrow('retries: got an unknown name');
    expect(() => opero.run('impatient', async () => 1)).toThrow(
      "got 'impatient', allowed: the name of a profile (patient)",
    );
    expect(() => opero.map([1], async () => 1, { workers: 0 })).toThrow('OperoService.map(): workers: got 0');
  });

  it('keeps no trace of runs without a name', async () => {
    const opero = await start();
    const before = opero.operations().length;
    for (let run = 0; run < 100; run++) await opero.run({ retry: 1 }, async () => run);
    expect(opero.operations()).toHaveLength(before);
  });

  it('tells what happens, until a listener is taken back', async () => {
    const opero = await start();
    const events: OperoEvent[] = [];
    const stop = opero.events.on('*', (event) => events.push(event));
    const stopBroken = opero.events.on('retry', () => { throw new Error('a listener'); }); // prettier-ignore
    await reference.get(Greeter).greet('S3CR3T');
    expect(events.map(({ type, operation, attempt }) => [type, operation, attempt])).toEqual([
      ['attempt-failure', 'greet', 1],
      ['retry', 'greet', 1],
      ['success', 'greet', 2],
    ]);
    expect(JSON.stringify(events)).not.toContain('S3CR3T');
    stop();
    stopBroken();
    await reference.get(Greeter).greet('again');
    expect(events).toHaveLength(3);
  });

  it('ends what sleeps and waits when the app closes, and leaves no timer [peers 23]', async () => {
    const opero = await start();
    const down = async () => Promise.reject(new Error('down'));
    const limited = opero.wrap(
      { rateLimit: { limit: 1, interval: 60_000, maxWait: 60_000 } },
      async () => 'body',
    );
    await limited();
    const outcomes = [opero.run({ retry: { minDelay: 60_000, maxDelay: 60_000 } }, down), limited()].map(
      (call) => call.catch((error: { code: string }) => error.code),
    );
    await clock.settle();
    await reference.close();
    expect(await Promise.all(outcomes)).toEqual(['OPERO_SHUTDOWN', 'OPERO_SHUTDOWN']);
    expect(clock.scheduled).toBe(0);
  });

  it('works circuits by hand, by the name of an operation or the one that several share', async () => {
    const opero = await start();
    const changes: string[] = [];
    opero.events.on('*', ({ type }) => void (type.startsWith('circuit') && changes.push(type)));
    const circuitBreaker = { name: 'upstream' };
    const search = opero.wrap({ name: 'search', circuitBreaker }, async () => 'found');
    const save = opero.wrap({ name: 'save', circuitBreaker }, async () => 'saved');
    opero.circuit('upstream').isolate();
    expect(opero.circuit('search').state).toBe('isolated');
    await expect(search()).rejects.toMatchObject({ code: 'OPERO_CIRCUIT_OPEN', retryAfter: 0 });
    await expect(save()).rejects.toMatchObject({ code: 'OPERO_CIRCUIT_OPEN' });
    opero.circuit('save').close();
    expect([await search(), await save()]).toEqual(['found', 'saved']);
    opero.circuit('save').open(500);
    await expect(search()).rejects.toMatchObject({ retryAfter: 500 });
    opero.circuit('save').reset();
    expect(await search()).toBe('found');
    expect(changes.filter((type) => type !== 'circuit-refusal')).toEqual([
      'circuit-isolated',
      'circuit-closed',
      'circuit-open',
      'circuit-closed',
    ]);
  });

  it('says which circuits there are when asked for none, and what may be told it', async () => {
    const opero = await start();
    opero.wrap({ name: 'search', circuitBreaker: true }, async () => 'found');
    expect(() => opero.circuit('serach')).toThrow(
      "there is no circuit breaker 'serach': got an unknown name (did you mean search?), allowed: search",
    );
    expect(() => opero.circuit('greet')).toThrow(TypeError);
    expect(() => opero.circuit('search', { key: 'tenant' })).toThrow(
      "circuit(): key: got 'tenant', allowed: none, since circuitBreaker.key is not used",
    );
    expect(() => opero.circuit('search', { keys: 'a' } as never)).toThrow(
      'keys: got an unknown name (did you mean key?)',
    );
    expect(() => opero.circuit('search').open(-1)).toThrow(
      'got -1, allowed: a duration in ms, greater than 0',
    );
  });
});
