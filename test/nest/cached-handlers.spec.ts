import { describe, expect, it } from '@jest/globals';
import { All, Controller, Get, Injectable, Module, Post, Sse, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, GrpcMethod, GrpcStreamMethod, MessagePattern } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  Opero,
  OperoConfigurationError,
  OperoModule,
  type OperoModuleOptions,
  type OperoOptions,
} from '../../lib/index.js';

const cached: OperoOptions = { cache: 60_000 };
const principal = () => 'somebody';

const problemsOf = async (module: Type): Promise<readonly string[]> => {
  const app = await NestFactory.createApplicationContext(module, {
    logger: false,
    abortOnError: false,
  }).catch((error: OperoConfigurationError) => error);
  if (app instanceof OperoConfigurationError) return app.problems;
  if (app instanceof Error) throw app;
  await app.close();
  return [];
};

const appOf = (
  metadata: { controllers?: Type[]; providers?: Type[] },
  options?: OperoModuleOptions,
): Type => {
  class App {}
  Module({ imports: [OperoModule.forRoot(options)], ...metadata })(App);
  return App;
};

const oneRoute = (options: OperoOptions | string): Type => {
  @Controller()
  class Routes {
    @Get()
    @(Opero(options as OperoOptions) as MethodDecorator)
    async me(): Promise<string> {
      return 'me';
    }
  }
  return Routes;
};

const allowed =
  "allowed: with share: true, with principal(context) here or in the module's cache, or with a key of its own";

describe('a cached handler', () => {
  it('of each kind is refused at boot, in one line each, unless it says whose its answers are [hard 2.2]', async () => {
    @Controller()
    class Routes {
      @Get('a') @Opero(cached) async get(): Promise<void> {}
      @Post('b') @Opero({ singleFlight: true }) async post(): Promise<void> {}
      @All('c') @Opero(cached) async all(): Promise<void> {}
      @Sse('d') @(Opero({ singleFlight: true }) as MethodDecorator) async sse(): Promise<never> { return null as never; } // prettier-ignore
      @Opero(cached) @Get('e') async under(): Promise<void> {}
    }
    @Controller()
    class Messages {
      @MessagePattern('a') @Opero(cached) async message(_data: unknown): Promise<void> {}
      @EventPattern('b') @Opero(cached) async event(_data: unknown): Promise<void> {}
      @GrpcMethod('Users') @Opero(cached) async grpc(_data: unknown): Promise<void> {}
      @GrpcStreamMethod('Users') @Opero(cached) async stream(_data: unknown): Promise<void> {}
      @Opero(cached) async helper(): Promise<void> {}
    }
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('a') @Opero(cached) async socket(): Promise<void> {}
    }
    @Injectable()
    class Service {
      @Opero(cached) async find(): Promise<void> {}
    }
    const problems = await problemsOf(
      appOf({ controllers: [Routes, Messages], providers: [Gateway, Service] }),
    );
    const line = (method: string, option = 'cache') =>
      `${method} (App): ${option}: got a handler that does not say whose its answers are, ${allowed}`;
    expect([...problems].sort()).toEqual([
      line('Gateway.socket'),
      line('Messages.event'),
      line('Messages.grpc'),
      line('Messages.message'),
      line('Messages.stream'),
      line('Routes.all'),
      line('Routes.get'),
      line('Routes.post', 'singleFlight'),
      line('Routes.sse', 'singleFlight'),
      line('Routes.under'),
    ]);
  });

  it('is refused for each route that a class decorator covers [hard 2.2]', async () => {
    @Controller()
    @Opero(cached)
    class Routes {
      @Get('a') async first(): Promise<void> {}
      @Get('b') async second(): Promise<void> {}
      @Get('c') @Opero({ cache: false }) async uncached(): Promise<void> {}
      @Get('d') @Opero({ cache: { share: true } }) async everybodys(): Promise<void> {}
    }
    const problems = await problemsOf(appOf({ controllers: [Routes] }));
    expect(problems.map((line) => line.slice(0, line.indexOf(' ')))).toEqual([
      'Routes.first',
      'Routes.second',
    ]);
  });

  const anywhere: [string, OperoOptions | string, OperoModuleOptions][] = [
    ['the defaults', {}, { defaults: cached }],
    ['a profile', 'cached', { profiles: { cached } }],
    ['a profile underneath', 'upper', { profiles: { cached, upper: { extends: 'cached', retry: 1 } } }],
    ['operations', {}, { operations: { 'Routes.me': cached } }],
    ['cache: true', { cache: true }, {}],
    ['a ttl', { cache: { ttl: 5 } }, {}],
    ['share: false', { cache: { share: false } }, {}],
    ['a conditional cache', { cache: { when: () => true } }, {}],
    ['a cache of an app that is switched off', cached, { enabled: false }],
  ];
  it.each(anywhere)(
    'is refused wherever its cache comes from: %s [hard 2.2]',
    async (_where, own, module) => {
      expect(await problemsOf(appOf({ controllers: [oneRoute(own)] }, module))).toEqual([
        expect.stringContaining(allowed),
      ]);
    },
  );

  const enough: [string, OperoOptions | string, OperoModuleOptions][] = [
    ['share: true', { cache: { share: true } }, {}],
    ['a principal', { cache: { principal } }, {}],
    ['a key', { cache: { key: () => 'me' } }, {}],
    ['share: true on single-flight', { singleFlight: { share: true } }, {}],
    ['a principal on single-flight', { singleFlight: { principal } }, {}],
    ['a key on single-flight', { singleFlight: { key: () => 'me' } }, {}],
    ['the principal of the module', cached, { cache: { principal } }],
    ['the principal of the defaults', cached, { defaults: { cache: { principal } } }],
    ['the principal of its profile', 'users', { profiles: { users: { cache: { principal } } } }],
    ['share: true in operations', cached, { operations: { 'Routes.me': { cache: { share: true } } } }],
    ['no cache after all', cached, { operations: { 'Routes.me': { cache: false } } }],
    ['being switched off', cached, { operations: { 'Routes.me': false } }],
  ];
  it.each(enough)('boots with %s [hard 2.2]', async (_what, own, module) => {
    expect(await problemsOf(appOf({ controllers: [oneRoute(own)] }, module))).toEqual([]);
  });

  it.each([
    ['share', { ttl: 5, share: true }],
    ['key', { ttl: 5, key: () => 'same for all' }],
  ])(
    'is not spoken for by the %s of the defaults, which know no handler [hard 2.2]',
    async (field, cache) => {
      const module = appOf({ controllers: [oneRoute({})] }, { defaults: { cache } });
      expect(await problemsOf(module)).toEqual([
        `Routes.me (App): cache: got a handler that does not say whose its answers are but for ${field} in defaults, ${allowed}`,
      ]);
    },
  );

  it('has a principal that is a function [hard 2.2]', async () => {
    const wrong = 'user' as never;
    const module = appOf(
      { controllers: [oneRoute({ cache: { principal: wrong } })] },
      { cache: { principal: wrong } },
    );
    expect([...(await problemsOf(module))].sort()).toEqual([
      "OperoModule.forRoot(): cache.principal: got 'user', allowed: a function",
      "Routes.me (App): cache.principal: got 'user', allowed: a function",
    ]);
  });
});
