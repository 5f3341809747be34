import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  FallbackArg,
  OpMap,
  Opero,
  OperoConfigurationError,
  OperoModule,
  OperoService,
} from '../../lib/index.js';

const wrong = (value: unknown) => value as never;

const problemsOf = async (imported: DynamicModule, providers: Type[] = []): Promise<readonly string[]> => {
  class App {}
  Module({ imports: [imported], providers })(App);
  const error = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false }).then(
    () => Promise.reject(new Error('it booted')),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OperoConfigurationError)) throw error;
  return error.problems;
};

/** The hint that a name gets, in the options of a strategy or above them. */
const hintFor = async (options: unknown): Promise<string> => {
  const [line] = await problemsOf(OperoModule.forRoot({ defaults: wrong(options) }));
  return /did you mean (.*?)\?\)/.exec(line!)?.[1] ?? line!;
};

it('tells several mistakes of one method in one error, each once [hard 3.10]', async () => {
  @Injectable()
  class Several {
    @Opero(wrong({ retry: -1, fallback: 'nope', rateLimit: 0.5, argFallback: 'none' }))
    async m(): Promise<number> {
      return 1;
    }

    @OpMap(wrong({ wokers: 1 }))
    async n(item: number): Promise<number> {
      return item;
    }
  }
  const lines = await problemsOf(OperoModule.forRoot(), [Several]);
  const paths = lines.map((line) => /: (\S+): got/.exec(line)?.[1] ?? line);
  expect([...paths].sort()).toEqual([
    'argFallback.param',
    'fallback',
    'rateLimit.limit',
    'retry.retries',
    'wokers',
  ]);
  expect(lines.find((line) => line.includes('wokers'))).toContain('did you mean workers?');
});

describe('unknown names', () => {
  it('are all told, on every level [hard 3.10]', async () => {
    const options = {
      retyr: 1,
      foo: 2,
      retry: { maxRetries: 3, backof: 'linear', jitter: 'some', bar: 1, budget: { a: 1, b: 2 } },
      circuitBreaker: { window: { type: 'count', size: 5, one: 1, two: 2 } },
    };
    const lines = await problemsOf(
      OperoModule.forRoot({ defaults: wrong(options), cache: wrong({ x: 1, y: 2 }) }),
    );
    const paths = lines.map((line) => /^OperoModule\.forRoot\(\): (\S+): got/.exec(line)?.[1] ?? line);
    expect([...paths].sort()).toEqual([
      'cache.x',
      'cache.y',
      'defaults.circuitBreaker.window.one',
      'defaults.circuitBreaker.window.two',
      'defaults.foo',
      'defaults.retry.backof',
      'defaults.retry.bar',
      'defaults.retry.budget.a',
      'defaults.retry.budget.b',
      'defaults.retry.jitter',
      'defaults.retry.maxRetries',
      'defaults.retyr',
    ]);
  });

  it.each([
    [{ retry: { maxRetries: 3 } }, 'retries'],
    [{ retry: { attempts: 3 } }, 'retries, which does not count the first call: attempts - 1'],
    [{ retry: { max_attempts: 3 } }, 'retries, which does not count the first call: max_attempts - 1'],
    [{ retry: { delay: 3 } }, 'minDelay'],
    [{ retry: { max_delay: 3 } }, 'maxDelay'],
    [{ retry: { factor: 3 } }, 'backoffFactor'],
    [{ retry: { backoff_factor: 3 } }, 'backoffFactor'],
    [{ retry: { shouldRetry: 3 } }, 'retryOn'],
    [{ maxRetries: 3 }, 'retry.retries'],
    [{ attempts: 3 }, 'retry.retries, which does not count the first call: attempts - 1'],
    [{ timeout: { ms: 3 } }, 'attempt'],
    [{ timeoutMs: 3 }, 'timeout.attempt'],
    [{ rate_limit: 3 }, 'rateLimit'],
    [{ cache_ttl: 3 }, 'cache.ttl'],
    [{ cache: { maxAge: 3 } }, 'ttl'],
    [{ rateLimit: { points: 3 } }, 'limit'],
    [{ rateLimit: { limit: 1, duration: 3 } }, 'interval'],
    [{ bulkhead: { concurrency: 1, queueSize: 3 } }, 'queue'],
    [{ bulkhead: { limit: 3 } }, 'concurrency'],
    [{ circuitBreaker: { resetTimeout: 3 } }, 'openDuration'],
    [{ circuitBreaker: { errorThresholdPercentage: 3 } }, 'failureRate'],
    [{ retires: 3 }, 'retry'],
  ])('of other libraries are told by their names here: %j [hard 3.10]', async (options, hint) => {
    const found = await hintFor(options);
    if (hint === 'retry') expect(found).toContain('got an unknown name');
    else expect(found).toBe(hint);
  });
});

describe('an error about options', () => {
  it('has each problem once when it is printed [hard 3.10]', async () => {
    const error = new OperoConfigurationError(['Service.method: retry: got 7', 'Other.method: cache: got 8']);
    expect(inspect(error).match(/Service\.method: retry/g)).toHaveLength(1);
    expect(error.problems).toHaveLength(2);
    expect(Object.keys(error)).not.toContain('problems');
  });

  it('names forRootAsync() when the options came from there [hard 3.10]', async () => {
    const from = (useFactory: () => unknown) =>
      problemsOf(OperoModule.forRootAsync({ useFactory: wrong(useFactory) }));
    expect(await from(() => ({ retry: 1 }))).toEqual([
      expect.stringMatching(/^OperoModule\.forRootAsync\(\): retry: got an unknown name/),
    ]);
    expect(await from(() => undefined)).toEqual([
      'OperoModule.forRootAsync(): options: got undefined, allowed: an object',
    ]);
    expect(await from(() => ({ operations: { 'No.such': {} } }))).toEqual([
      expect.stringMatching(/^OperoModule\.forRootAsync\(\): operations\.No\.such: got an unknown name/),
    ]);
  });

  it.each([[null], ['x'], [7], [[]]])('refuses forRoot(%j) [hard 3.10]', async (options) => {
    expect(await problemsOf(OperoModule.forRoot(wrong(options)))).toEqual([
      expect.stringMatching(/^OperoModule\.forRoot\(\): options: got .+, allowed: an object$/),
    ]);
  });

  it.each([
    [{ profiles: { slow: 5 } }, 'profiles.slow: got 5, allowed: an object with options'],
    [{ profiles: { slow: [] } }, 'profiles.slow: got [], allowed: an object with options'],
    [{ profiles: 'abc' }, "profiles: got 'abc', allowed: an object of profiles by name"],
    [{ operations: 'abc' }, "operations: got 'abc', allowed: an object of options by operation"],
    [{ http: true }, 'http: got true, allowed: an object with options'],
    [{ http: { translate: 1 } }, 'http.translate: got 1, allowed: true or false'],
  ])('tells what is wrong with %j once [hard 3.10]', async (options, line) => {
    expect(await problemsOf(OperoModule.forRoot(wrong(options)))).toEqual([`OperoModule.forRoot(): ${line}`]);
  });

  it.each([
    [undefined, 'got undefined, allowed: an object with useFactory, useClass or useExisting'],
    [{}, 'got none of them, allowed: useFactory, useClass or useExisting'],
    [{ useFactory: {} }, 'useFactory: got {}, allowed: a function'],
    [{ useFactory: () => ({}), useClass: class {} }, 'got useFactory and useClass, allowed: one of them'],
    [{ usefactory: () => ({}) }, 'usefactory: got an unknown name (did you mean useFactory?)'],
  ])('refuses forRootAsync(%p) [hard 3.10]', (options, message) => {
    expect(() => OperoModule.forRootAsync(wrong(options))).toThrow(`OperoModule.forRootAsync(): ${message}`);
  });

  it.each([
    [undefined, 'got undefined, allowed: { profiles: { name: options } }'],
    [{}, 'profiles: got undefined, allowed: { profiles: { name: options } }'],
    [{ profiles: [] }, 'profiles: got [], allowed: { profiles: { name: options } }'],
    [{ profile: {} }, 'profile: got an unknown name (did you mean profiles?), allowed: profiles'],
  ])('refuses forFeature(%j) [hard 3.10]', (options, message) => {
    expect(() => OperoModule.forFeature(wrong(options))).toThrow(`OperoModule.forFeature(): ${message}`);
  });
});

describe('a decorator without parentheses', () => {
  it('says so, on a method, a class and a parameter [hard 3.10]', () => {
    const bare = (decorator: unknown) => decorator as MethodDecorator & ClassDecorator & ParameterDecorator;
    expect(() => {
      class Service {
        @bare(Opero) async method() {}
      }
      return Service;
    }).toThrow('Service.method: @Opero: got a decorator without parentheses, allowed: @Opero()');
    expect(() => {
      @bare(Opero)
      class Service {}
      return Service;
    }).toThrow('Service: @Opero: got a decorator without parentheses, allowed: @Opero()');
    expect(() => {
      class Service {
        @bare(OpMap) async method(_item: string) {}
      }
      return Service;
    }).toThrow('Service.method: @OpMap: got a decorator without parentheses, allowed: @OpMap()');
    expect(() => {
      class Service {
        @Opero() async method(@bare(FallbackArg) _item?: string) {}
      }
      return Service;
    }).toThrow('Service.method: @FallbackArg: got a decorator without parentheses, allowed: @FallbackArg()');
    expect(() => {
      class Service {
        @bare(Opero) static async method() {}
      }
      return Service;
    }).toThrow('Service.method: @Opero: got a decorator without parentheses');
  });
});

describe('OperoService', () => {
  @Injectable()
  class Service {
    @Opero() async method() {}
  }

  it('refuses to listen to what never happens, and to bind what has no methods [hard 3.10]', async () => {
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot()],
      providers: [Service],
    }).compile();
    const opero = reference.get(OperoService, { strict: false });
    const on =
      (...given: unknown[]) =>
      () =>
        opero.events.on(...(given as Parameters<typeof opero.events.on>));
    expect(on('nope', () => 1)).toThrow(
      'events.on(): type: got an unknown name, allowed: *, success, failure',
    );
    expect(on('failed', () => 1)).toThrow(TypeError);
    expect(on('failures', () => 1)).toThrow('(did you mean failure?)');
    expect(on(undefined, () => 1)).toThrow('events.on(): type: got an unknown name');
    expect(on('failure')).toThrow("events.on('failure'): listener: got undefined, allowed: a function");
    expect(on('*', {})).toThrow("events.on('*'): listener: got {}, allowed: a function");
    for (const value of [5, null, undefined, 'text', {}, Object.create(null), Service]) {
      expect(() => opero.bind(wrong(value))).toThrow(
        /OperoService\.bind\(\): got .+, allowed: an instance of a class/,
      );
    }
    expect(opero.bind(new Service())).toBeInstanceOf(Service);
    await reference.close();
  });
});
