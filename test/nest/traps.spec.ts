import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  CanActivate,
  Controller,
  Get,
  Injectable,
  Scope,
  UseGuards,
  type INestApplication,
} from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { currentCall, Opero, OperoService } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';

const retry = { retry: { retries: 1, minDelay: 0 } };

@Injectable()
class Service {
  calls = 0;
  @Opero(retry)
  async method(): Promise<string> {
    if (++this.calls === 1) throw new Error('first attempt');
    return 'method';
  }
}

const compile = async (providers: unknown[]) => {
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: providers as never })],
  }).compile();
  return reference.init();
};

describe('a class behind a Proxy', () => {
  const guarded = { times: 0 };

  @Injectable()
  class Counting implements CanActivate {
    canActivate(): boolean {
      guarded.times++;
      return true;
    }
  }

  /** What mixins and some class decorators do: the class in the container is not the prototype's constructor. */
  const proxied = (target: object): never => new Proxy(target, {}) as never;

  let app: INestApplication;
  afterEach(() => app.close());

  it('keeps its class-level guards', async () => {
    @Controller()
    @UseGuards(Counting)
    @proxied
    class Routes {
      @Get()
      @Opero(retry)
      async get(): Promise<string> {
        if (currentCall().attempt === 1) throw new Error('first attempt');
        return 'answered';
      }
    }
    const served = await serve(
      platforms[0]![1],
      moduleWith({ providers: [Counting], controllers: [Routes] }),
    );
    app = served.app;
    expect(await (await fetch(served.url)).text()).toBe('answered');
    expect(guarded.times).toBe(1);
  });
});

describe('a decorator further up that puts another function in place [peers 16]', () => {
  /** What @Transactional and its like do, without copying any metadata. */
  const transactional: MethodDecorator = (_target, _key, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => unknown;
    descriptor.value = function (this: unknown, ...args: unknown[]) {
      return method.apply(this, args);
    } as never;
  };

  it('does not take the policy away', async () => {
    @Injectable()
    class Transactions extends Service {
      @transactional
      @Opero(retry)
      override async method(): Promise<string> {
        return super.method();
      }
    }
    const app = await compile([Transactions]);
    await expect(app.get(Transactions).method()).resolves.toBe('method');
    await app.close();
  });
});

describe('two apps', () => {
  it('that share a value object do not meet: the first owns it', async () => {
    const value = new Service();
    const provider = { provide: 'value', useValue: value };
    const [first, second] = [await compile([provider]), await compile([provider])];
    await expect(value.method()).resolves.toBe('method');
    const counts = (app: typeof first) =>
      app
        .get(OperoService, { strict: false })
        .operations()
        .map(({ counts: { success } }) => success);
    expect(counts(first)).toEqual([1]);
    expect(counts(second)).toEqual([]);
    await first.close();
    await second.close();
    expect(Object.getPrototypeOf(value)).toBe(Service.prototype);
  });

  it('made of one module class have operations of their own', async () => {
    const module = moduleWith({ providers: [Service] });
    const make = async () => (await Test.createTestingModule({ imports: [module] }).compile()).init();
    const [first, second] = [await make(), await make()];
    await first.get(Service).method();
    const success = (app: typeof first) =>
      app.get(OperoService, { strict: false }).operations()[0]!.counts.success;
    expect([success(first), success(second)]).toEqual([1, 0]);
    await first.close();
    await expect(second.get(Service).method()).resolves.toBe('method');
    await second.close();
  });
});

describe('spies', () => {
  it('on an instance stand in for the bound method, and are taken back', async () => {
    const app = await compile([Service]);
    const service = app.get(Service);
    const spy = jest.spyOn(service, 'method').mockRejectedValueOnce(new Error('the spy'));
    await expect(service.method()).rejects.toThrow('the spy');
    spy.mockRestore();
    await expect(service.method()).resolves.toBe('method');
    await app.close();
  });

  it('on the class are called through the operation', async () => {
    const app = await compile([Service]);
    const spy = jest
      .spyOn(Service.prototype, 'method')
      .mockRejectedValueOnce(new Error('once'))
      .mockResolvedValueOnce('mocked');
    await expect(app.get(Service).method()).resolves.toBe('mocked');
    expect(spy).toHaveBeenCalledTimes(2);
    spy.mockRestore();
    await app.close();
  });
});

describe('memory [peers 3]', () => {
  it('is not held by instances of a request that is over', async () => {
    const collect = (globalThis as { gc?: () => void }).gc!;
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Service {}
    const app = await compile([PerRequest]);
    const reference = await (async () => {
      const instance = await app.resolve(PerRequest, ContextIdFactory.create());
      await instance.method();
      return new WeakRef(instance);
    })();
    for (let turn = 0; turn < 30 && reference.deref(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      collect();
    }
    expect(reference.deref()).toBeUndefined();
    await app.close();
  });
});
