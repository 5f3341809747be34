import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, Logger, SetMetadata, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { currentCall, findCurrentCall, mapped, Opero, OpMap, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';

const retry = { retry: { retries: 1, minDelay: 0 } };
const TAG = 'tag';

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  Logger.overrideLogger({
    log() {},
    error() {},
    warn: (message: string) => void warnings.push(message),
  });
});
afterEach(() => Logger.overrideLogger(true));

const app = async (providers: Provider[]) => {
  const reference = await Test.createTestingModule({ imports: [moduleWith({ providers })] })
    .setLogger({ log() {}, error() {}, warn: (message: string) => void warnings.push(message) })
    .compile();
  await reference.init();
  return reference;
};
const order = (reference: Awaited<ReturnType<typeof app>>) =>
  reference
    .get(OperoService, { strict: false })
    .operations()
    .map(({ operation, counts }) => [operation, counts.success]);

/** A decorator of somebody else's, which puts a function of its own in place of the method. */
const doubled = (_target: object, _key: string, descriptor: PropertyDescriptor) => {
  const original = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return original.apply(this, args);
  };
};

describe('a decorated method that runs unbound', () => {
  it('keeps nothing of the calls before, where it goes on in calls of its own [hard 1.2]', async () => {
    const owners: unknown[] = [];
    class Poller {
      @Opero()
      async poll(left: number): Promise<void> {
        owners.push((findCurrentCall() as { owner?: unknown }).owner);
        if (left > 0) await this.poll(left - 1);
      }
    }
    await new Poller().poll(3);
    expect(owners).toEqual(Array(4).fill(undefined));
  });

  it('finds a call that nothing limits or aborts, so that it works as it would without the decorator [hard 3.5] [hard 3.7]', async () => {
    class ByHand {
      @Opero({ timeout: 50, retry: 1 })
      async look() {
        const { attempt, operation, deadline, signal, correlationId } = currentCall();
        return [attempt, operation, deadline, signal.aborted, correlationId.length > 0];
      }
    }
    expect(await new ByHand().look()).toEqual([1, 'ByHand.look', Infinity, false, true]);
  });

  it('says so once, by name, with what to do, and does what it did [hard 3.5]', async () => {
    class Users {
      calls = 0;
      @Opero(retry) async find(id: number): Promise<string> {
        this.calls++;
        throw new Error(`no user ${id}`);
      } // prettier-ignore
      @Opero(retry) other(): string {
        return 'other';
      } // prettier-ignore
    }
    const users = new Users();
    await expect(users.find(1)).rejects.toThrow('no user 1');
    await expect(new Users().find(2)).rejects.toThrow('no user 2');
    expect(users.calls).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^Users\.find ran bare.*forRoot.*OperoService\.bind/)]);
    expect(users.other()).toBe('other');
    expect(warnings[1]).toContain('Users.other ran bare');
  });

  it('says so for @OpMap() and a symbol too, and for a method that lost its object [hard 3.5]', async () => {
    const name = Symbol('name');
    @Injectable()
    class Pages {
      @OpMap() async [name](item: string): Promise<string> {
        return item;
      } // prettier-ignore
      @Opero(retry) async lost(): Promise<string> {
        return typeof this;
      } // prettier-ignore
    }
    expect(await new Pages()[name]('a')).toBe('a');
    expect(warnings).toEqual([expect.stringContaining('Pages.Symbol(name) ran bare')]);
    const reference = await app([Pages]);
    const { lost } = reference.get(Pages);
    expect(await lost()).toBe('undefined');
    expect(warnings[1]).toContain('without its object');
    await reference.close();
  });

  it('says so for a route that only its class is decorated for [hard 3.5]', async () => {
    @Opero(retry)
    @Controller()
    class Routes {
      @Get() route(): string {
        return 'route';
      } // prettier-ignore
      helper(): string {
        return 'helper';
      }
    }
    const routes = new Routes();
    expect([routes.route(), routes.helper()]).toEqual(['route', 'helper']);
    expect(warnings).toEqual([expect.stringContaining('Routes.route ran bare')]);
  });

  it('says so for a call in a constructor, and nothing for later ones [hard 3.5]', async () => {
    @Injectable()
    class Loads {
      calls = 0;
      readonly first: Promise<void>;
      constructor() {
        this.first = this.load().catch(() => undefined);
      }
      @Opero(retry) async load(): Promise<void> {
        if (this.calls++ < 2) throw new Error('down');
      } // prettier-ignore
    }
    const reference = await app([Loads]);
    const loads = reference.get(Loads);
    await loads.first;
    expect(warnings).toEqual([expect.stringMatching(/Loads\.load ran bare.*constructor.*onModuleInit/)]);
    await loads.load();
    expect(loads.calls).toBe(3);
    expect(warnings).toHaveLength(1);
    await reference.close();
  });

  it('is silent for bound objects, made by hand too, and when their app is closed [hard 3.5]', async () => {
    @Injectable()
    class Silent {
      calls = 0;
      @Opero(retry) async method(): Promise<number> {
        return ++this.calls;
      } // prettier-ignore
    }
    const reference = await app([Silent]);
    const service = reference.get(Silent);
    const byHand = reference.get(OperoService, { strict: false }).bind(new Silent());
    expect([await service.method(), await byHand.method()]).toEqual([1, 1]);
    const spy = jest.spyOn(Silent.prototype, 'method');
    expect(await service.method()).toBe(2);
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();
    await reference.close();
    expect([await service.method(), await byHand.method()]).toEqual([3, 2]);
    expect(warnings).toEqual([]);
  });

  it('says so for a call that goes around a bound object [hard 3.5]', async () => {
    @Injectable()
    class Handler {
      calls = 0;
      readonly handle = this.method.bind(this);
      @Opero(retry) async method(): Promise<number> {
        if (++this.calls % 2 === 1) throw new Error('first');
        return this.calls;
      } // prettier-ignore
    }
    const reference = await app([Handler]);
    const handler = reference.get(Handler);
    await expect(handler.handle()).rejects.toThrow('first');
    expect(warnings).toEqual([expect.stringMatching(/Handler\.method ran bare.*went around its object/)]);
    expect(await handler.method()).toBe(2);
    await expect(Handler.prototype.method.call(handler)).rejects.toThrow('first');
    expect(warnings).toHaveLength(1);
    await reference.close();
  });
});

describe('super', () => {
  class Base {
    attempts = 0;
    @Opero({ name: 'base', ...retry }) async method(): Promise<string> {
      if (++this.attempts % 2 === 1) throw new Error('first');
      return 'base';
    } // prettier-ignore
    @Opero(retry) async recursive(depth: number): Promise<number> {
      if (++this.attempts % 2 === 1) throw new Error('first');
      return depth === 0 ? 0 : 1 + (await this.recursive(depth - 1));
    } // prettier-ignore
  }

  it('reaches a decorated method from an override without a decorator, with its strategies [hard 3.5]', async () => {
    @Injectable()
    class Below extends Base {
      override async method(): Promise<string> {
        return `below ${await super.method()}`;
      }
      override async recursive(depth: number): Promise<number> {
        return super.recursive(depth);
      }
    }
    @Injectable()
    class Beside extends Base {}
    const reference = await app([Base, Beside, Below].slice(1));
    expect(await reference.get(Below).method()).toBe('below base');
    expect(await reference.get(Below).recursive(2)).toBe(2);
    expect(await reference.get(Beside).method()).toBe('base');
    expect(order(reference)).toEqual([
      ['base', 1],
      ['Beside.recursive', 0],
      ['Below.method', 1],
      ['Below.recursive', 3],
    ]);
    expect(warnings).toEqual([]);
    await reference.close();
  });

  it('adds nothing in a decorated override, whose own strategies hold [hard 3.5]', async () => {
    @Injectable()
    class Again extends Base {
      @Opero({ name: 'again', retry: { retries: 2, minDelay: 0 } }) override async method(): Promise<string> {
        return `again ${await super.method()}`;
      } // prettier-ignore
      async around(): Promise<string> {
        return super.method();
      }
    }
    const reference = await app([Again]);
    expect(await reference.get(Again).method()).toBe('again base');
    expect(reference.get(Again).attempts).toBe(2);
    expect(warnings).toEqual([]);
    await expect(reference.get(Again).around()).rejects.toThrow('first');
    expect(warnings).toEqual([expect.stringContaining('Base.method ran bare')]);
    await reference.close();
  });

  it('goes through several overrides once [hard 3.5]', async () => {
    class Middle extends Base {
      override async method(): Promise<string> {
        return `middle ${await super.method()}`;
      }
    }
    @Injectable()
    class Top extends Middle {
      override async method(): Promise<string> {
        return `top ${await super.method()}`;
      }
    }
    const reference = await app([Top]);
    expect(await reference.get(Top).method()).toBe('top middle base');
    expect(reference.get(Top).attempts).toBe(2);
    await reference.close();
  });
});

describe('the function on the class', () => {
  it('has the name, length, tag, source and metadata of the method [hard 3.5]', () => {
    @Controller()
    class Routes {
      @SetMetadata(TAG, 'above')
      @Opero(retry)
      @Get('below')
      async route(_first: string, _second = 1): Promise<void> {}
    }
    const { route } = Routes.prototype;
    expect([route.name, route.length]).toEqual(['route', 1]);
    expect(Object.prototype.toString.call(route)).toBe('[object AsyncFunction]');
    expect(String(route)).toContain('_second = 1');
    expect([Reflect.getMetadata(TAG, route), Reflect.getMetadata('path', route)]).toEqual(['above', 'below']);
    expect(Object.getOwnPropertyDescriptor(Routes.prototype, 'route')).toMatchObject({
      writable: true,
      configurable: true,
    });
  });

  it('is not put there by a compiler that passes a context, which is told [hard 3.5]', () => {
    const standard = Opero() as unknown as (value: unknown, context: object) => void;
    expect(() => standard(() => undefined, { kind: 'method', name: 'find' })).toThrow(
      'find: @Opero(): got called as a standard decorator',
    );
  });

  it('stands under functions that other decorators put in its place, and over them [hard 3.5]', async () => {
    @Injectable()
    class Wrapped {
      calls = 0;
      @doubled @Opero(retry) async above(): Promise<number> {
        if (++this.calls === 1) throw new Error('first');
        return this.calls;
      } // prettier-ignore
      @Opero(retry) @doubled async below(): Promise<number> {
        if (++this.calls === 1) throw new Error('first');
        return this.calls;
      } // prettier-ignore
      @Opero({ retry: { retries: 0 } }) @Opero(retry) async twice(): Promise<number> {
        this.calls++;
        throw new Error('always');
      } // prettier-ignore
    }
    const reference = await app([Wrapped]);
    const service = reference.get(Wrapped);
    expect(await service.above()).toBe(2);
    service.calls = 0;
    expect(await service.below()).toBe(2);
    service.calls = 0;
    await expect(service.twice()).rejects.toThrow('always');
    expect(service.calls).toBe(1);
    expect(warnings).toEqual([]);
    await expect(new Wrapped().above()).rejects.toThrow('first');
    expect(warnings).toHaveLength(1);
    await reference.close();
  });

  it('is found by the names of its parameters, and mapped [hard 3.5]', async () => {
    @Injectable()
    class Named {
      @OpMap({ argFallback: { param: 'region', values: ['eu'] } })
      async fetch(item: string, region?: string): Promise<string> {
        return `${item} ${region}`;
      }
    }
    const reference = await app([Named]);
    expect(await mapped(reference.get(Named)).fetch(['a', 'b'])).toEqual(['a eu', 'b eu']);
    expect(warnings).toEqual([]);
    await reference.close();
  });
});
