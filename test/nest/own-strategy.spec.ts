import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OperoModule, OperoService, Opero, type OperoModuleOptions } from '../../lib/index.js';
import { ManualClock } from '../support/manual-clock.js';
import { platforms, serve } from '../support/apps.js';
import { quota, QuotaSpentError } from '../support/quota.js';

@Injectable()
class Reports {
  @Opero({ quota: 2, retry: { retries: 1, minDelay: 0 }, bulkhead: 5 })
  async make(name: string): Promise<string> {
    return `report ${name}`;
  }

  @Opero({ retry: 1 })
  async plain(): Promise<void> {}
}

async function boot(options: OperoModuleOptions, provider: Type = Reports, async = false) {
  class AppModule {}
  const { strategies, ...rest } = options;
  const opero = async
    ? OperoModule.forRootAsync({ strategies, useFactory: () => rest })
    : OperoModule.forRoot(options);
  Module({ imports: [opero], providers: [provider] })(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

const bootError = async (options: unknown, provider?: Type): Promise<string> => {
  try {
    await (await boot(options as OperoModuleOptions, provider)).close();
  } catch (error) {
    return String((error as Error).message);
  }
  throw new Error('the app booted');
};

describe.each([
  ['forRoot', false],
  ['forRootAsync', true],
])('a strategy of the app given to %s', (_name, async) => {
  it('runs in its place, and is told by describe, events, counts and the snapshot', async () => {
    const clock = new ManualClock();
    const app = await boot({ strategies: [quota], clock }, Reports, async);
    const opero = app.get(OperoService);
    const told: unknown[] = [];
    opero.events.on('quota-refusal', ({ type, operation }) => told.push([type, operation]));
    const reports = app.get(Reports);
    expect(await reports.make('a')).toBe('report a');
    expect(await reports.make('b')).toBe('report b');
    await expect(reports.make('c')).rejects.toBeInstanceOf(QuotaSpentError);
    const plan = opero.describe(Reports, 'make');
    expect(plan.order).toEqual(['retry', 'quota', 'bulkhead', 'method']);
    expect(plan.options['quota.limit']).toEqual({ value: 2, from: '@Opero() on the method' });
    const snapshot = opero.operations().find(({ operation }) => operation === 'Reports.make')!;
    expect(snapshot.strategies?.quota).toEqual({ left: 0, rejecting: true });
    expect(snapshot.counts['quota-refusal']).toBe(1);
    expect(told).toEqual([['quota-refusal', 'Reports.make']]);
    const other = opero.operations().find(({ operation }) => operation === 'Reports.plain')!;
    expect(other.strategies).toBeUndefined();
    await app.close();
  });
});

it('calls a listener that stands in the options of the strategy', async () => {
  const told: string[] = [];
  @Injectable()
  class Listening {
    @Opero({ quota: { limit: 1, onRefusal: ({ type }) => told.push(type) } })
    async make(): Promise<void> {}
  }
  const app = await boot({ strategies: [quota] }, Listening);
  await app.get(Listening).make();
  await expect(app.get(Listening).make()).rejects.toThrow(QuotaSpentError);
  expect(told).toEqual(['quota-refusal']);
  await app.close();
});

it('is checked like a built-in strategy: mistakes name the method, the path, and what is allowed', async () => {
  class Wrong {
    @Opero({ quota: 'many' } as never) async short() {}
    @Opero({ quota: { limit: 0 } }) async field() {}
    @Opero({ quota: { limt: 1 } } as never) async name() {}
    @Opero({ quoat: 1 } as never) async option() {}
    @Opero({ quota: { limit: 13 } }) async rule() {}
  }
  Injectable()(Wrong);
  const message = await bootError({ strategies: [quota] }, Wrong);
  expect(message).toContain(
    "Wrong.short (AppModule): quota: got 'many', allowed: a number of calls, false, or { limit }",
  );
  expect(message).toContain('Wrong.field (AppModule): quota.limit: got 0, allowed: a whole number >= 1');
  expect(message).toContain('Wrong.name (AppModule): quota.limt: got an unknown name (did you mean limit?)');
  expect(message).toContain('Wrong.option (AppModule): quoat: got an unknown name (did you mean quota?)');
  expect(message).toContain('Wrong.rule (AppModule): quota.limit: got 13, allowed: any other number');
});

it('is an unknown option in an app that does not have it', async () => {
  expect(await bootError({})).toContain('Reports.make (AppModule): quota: got an unknown name');
});

it('is turned off with the others by enabled: false', async () => {
  const app = await boot({ strategies: [quota], enabled: false });
  for (const name of ['a', 'b', 'c']) await app.get(Reports).make(name);
  expect(app.get(OperoService).describe(Reports, 'make').order).toEqual(['method']);
  await app.close();
});

it('that keeps a state needs a name for runs by hand', async () => {
  const app = await boot({ strategies: [quota] });
  const run = () => app.get(OperoService).run({ quota: 1 }, async () => 1);
  expect(run).toThrow(
    'quota: got a strategy with state in the options of one run, allowed: with a name among them, as a profile, or with wrap()',
  );
  await app.close();
});

describe('a strategy that cannot be placed', () => {
  const wrong: [title: string, strategies: unknown, message: string][] = [
    ['is no list', quota, 'strategies: got'],
    ['is no definition', [() => quota], 'strategies[0]: got a function, allowed: what defineStrategy() returned'],
    ['is given twice', [quota, quota], "strategies[1]: got 'quota' a second time, allowed: once"],
    ['has the name of another', [{ ...quota, name: 'retry' }], "strategies[0].name: got 'retry', which another strategy has"],
    ['has the option of another', [{ ...quota, option: 'cache' }], "strategies[0].option: got 'cache', which the strategy 'cache' has"],
    ['has the option of the operation', [{ ...quota, option: 'onFailure' }], "strategies[0].option: got 'onFailure', which another option has"],
    ['has the option of a run over items', [{ ...quota, option: 'workers' }], "strategies[0].option: got 'workers', which another option has"],
    ['has the event of another', [{ ...quota, events: ['retry'] }], "strategies[0].events: got 'retry', which the strategy 'retry' has"],
    ['has the event of every call', [{ ...quota, events: ['failure'] }], "strategies[0].events: got 'failure', which every call has"],
    ['has the error of another', [{ ...quota, errors: { OPERO_CIRCUIT_OPEN: 500 } }], "strategies[0].errors: got 'OPERO_CIRCUIT_OPEN', which the strategy 'circuit breaker' has"],
    ['has no place', [{ ...quota, before: undefined }], 'strategies[0]: got neither before nor after, allowed: one of them'],
    ['has two places', [{ ...quota, after: 'retry' }], 'strategies[0]: got before and after, allowed: one of them'],
    ['stands next to nothing', [{ ...quota, before: 'bulkheed' }], 'strategies[0].before: got an unknown name (did you mean bulkhead?), allowed: fallback, cache'],
    ['stands too far out', [{ ...quota, before: 'cache' }], "strategies[0].before: got 'cache', which puts 'quota', a strategy of kind 'gate', outside of"],
    ['stands too far in', [{ ...quota, before: undefined, after: 'attempt timeout' }], "strategies[0].after: got 'attempt timeout', which puts 'quota', a strategy of kind 'gate', inside of 'attempt timeout', allowed: a place outside of it"],
    ['is of a kind of which a call has one', [{ ...quota, kind: 'hedge' }], "strategies[0].kind: got 'hedge', allowed: one of 'recover', 'around', 'repeat', 'gate'"],
    ['has no fields', [{ ...quota, schema: {} }], 'strategies[0].schema: got {}, allowed: what checks.fields() returned'],
  ]; // prettier-ignore
  it.each(wrong)('because it %s fails the boot', async (_title, strategies, message) => {
    class Nothing {}
    Injectable()(Nothing);
    expect(await bootError({ strategies }, Nothing)).toContain(`OperoModule.forRoot(): ${message}`);
  });
});

describe.each(platforms)('on %s', (_name, platform) => {
  it('answers with the HTTP status that its definition gives its error', async () => {
    @Controller()
    class Route {
      @Get()
      @Opero({ quota: 1 })
      async get(): Promise<string> {
        return 'once';
      }
    }
    class AppModule {}
    Module({ imports: [OperoModule.forRoot({ strategies: [quota] })], controllers: [Route] })(AppModule);
    const { app, url } = await serve(platform, AppModule);
    expect((await fetch(url)).status).toBe(200);
    const response = await fetch(url);
    expect(response.status).toBe(429);
    expect(await response.json()).toEqual({
      statusCode: 429,
      code: 'QUOTA_SPENT',
      message: 'Too many requests',
    });
    await app.close();
  });
});
