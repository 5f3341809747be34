import type { ServerResponse } from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Res,
  Scope,
  type LoggerService,
  type ModuleMetadata,
} from '@nestjs/common';
import { ContextIdFactory, REQUEST } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { Opero, OperoService } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { ManualClock } from '../support/manual-clock.js';

const cache = { ttl: 100, staleWhileRevalidate: 10_000 };

let reference: TestingModule;
let clock: ManualClock;
let warnings: string[];
afterEach(() => reference.close());

const start = async (metadata: ModuleMetadata = {}): Promise<TestingModule> => {
  clock = new ManualClock();
  warnings = [];
  const logger: LoggerService = {
    log: () => undefined,
    error: () => undefined,
    warn: (message: string) => void warnings.push(message),
  };
  const testing = Test.createTestingModule({ imports: [moduleWith(metadata, { clock })] });
  reference = await testing.setLogger(logger).compile();
  return reference.init();
};

it.each([
  ['request', false],
  ['durable', true],
])(
  'a result is refreshed in the background on no instance that lives for one request: %s',
  async (_name, durable) => {
    const users: string[] = [];
    @Injectable({ scope: Scope.REQUEST, durable })
    class Rates {
      constructor(@Inject(REQUEST) private readonly request: { user: string }) {}
      @Opero({ cache: { ...cache, share: true } })
      async of(_id: number): Promise<number> {
        return users.push(this.request.user);
      }
    }
    const app = await start({ providers: [Rates] });
    const ask = async (user: string) => {
      const id = ContextIdFactory.create();
      app.registerRequestByContextId({ user }, id);
      return (await app.resolve(Rates, id, { strict: false })).of(1);
    };
    expect(await ask('ann')).toBe(1);
    await clock.advance(200);
    // A durable instance outlives its request.
    expect(await ask('bob')).toBe(durable ? 1 : 2);
    await clock.settle();
    expect(users).toEqual(['ann', 'bob']);
    expect(warnings).toEqual(durable ? [] : [expect.stringContaining('belongs to the request of a caller')]);
  },
);

it('a refresh that failed is not begun anew by each run of a name whose options are written anew [cache 7]', async () => {
  const opero = (await start()).get(OperoService, { strict: false });
  let loads = 0;
  const load = async () => {
    if (++loads > 1) throw new Error(`down ${loads}`);
    return loads;
  };
  const ask = () => opero.run({ name: 'rates', cache: { ...cache } }, load, { args: [1] });
  await ask();
  await clock.advance(200);
  for (let round = 0; round < 10; round++) {
    expect(await ask()).toBe(1);
    await clock.settle();
  }
  expect([loads, warnings.length]).toEqual([2, 1]);
});

it('a handler that sets headers is refreshed in the background for no response that is being sent', async () => {
  let loads = 0;
  @Controller()
  class Api {
    @Opero({ cache: { ...cache, key: () => 'all' } })
    @Get()
    async get(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
      response.setHeader('etag', `"${++loads}"`);
      return `load ${loads}`;
    }
  }
  clock = new ManualClock();
  const { app, url } = await serve(platforms[0]![1], moduleWith({ controllers: [Api] }, { clock }));
  const ask = async () => {
    const response = await fetch(url);
    return [await response.text(), response.headers.get('etag')];
  };
  expect(await ask()).toEqual(['load 1', '"1"']);
  await clock.advance(200);
  expect(await ask()).toEqual(['load 2', '"2"']);
  await app.close();
});
