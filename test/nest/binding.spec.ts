import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Scope,
  forwardRef,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ContextIdFactory, LazyModuleLoader, ModuleRef, NestFactory, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Opero, OperoModule, OperoService } from '../../lib/index.js';

/** Fails once, so that only a bound method answers. */
const once = () => {
  const seen = new WeakSet<object>();
  return (self: object) => {
    if (seen.has(self)) return;
    seen.add(self);
    throw new Error('first attempt');
  };
};
const failOnce = once();
const retry = { retry: { retries: 1, minDelay: 0 } };

@Injectable()
class Base {
  @Opero(retry)
  async inherited(): Promise<string> {
    failOnce(this);
    return `inherited by ${this.constructor.name}`;
  }
}

@Injectable()
class Plain extends Base {
  #secret = 'private';
  readonly label = 'label';

  @Opero(retry)
  async own(): Promise<string> {
    failOnce(this);
    return this.#secret;
  }

  async viaThis(): Promise<string> {
    return this.own();
  }
}

const app = async (providers: Provider[], more: { controllers?: Type[] } = {}) => {
  @Module({ imports: [OperoModule.forRoot()], providers, ...more })
  class App {}
  const reference = await Test.createTestingModule({ imports: [App] }).compile();
  await reference.init();
  return reference;
};

describe('the binder [peers 2]', () => {
  it('binds a class, by its own name, by another, and through an alias', async () => {
    const reference = await app([
      Plain,
      { provide: 'other', useClass: Plain },
      { provide: 'alias', useExisting: Plain },
    ]);
    for (const token of [Plain, 'other'] as const)
      await expect(reference.get(token).own()).resolves.toBe('private');
    expect(reference.get('alias')).toBe(reference.get(Plain));
    await reference.close();
  });

  it('binds what factories make, at once or later, and values', async () => {
    const reference = await app([
      { provide: 'factory', useFactory: () => new Plain() },
      { provide: 'later', useFactory: async () => new Plain() },
      { provide: 'value', useValue: new Plain() },
    ]);
    for (const token of ['factory', 'later', 'value'])
      await expect(reference.get(token).own()).resolves.toBe('private');
    await reference.close();
  });

  it('binds inherited methods, calls through this, and methods with symbols for names', async () => {
    const name = Symbol('name');
    @Injectable()
    class Named {
      @Opero(retry)
      async [name](): Promise<string> {
        failOnce(this);
        return 'symbol';
      }
    }
    const reference = await app([Plain, Named, { provide: 'again', useClass: Plain }]);
    await expect(reference.get(Plain).inherited()).resolves.toBe('inherited by Plain');
    await expect(reference.get('again').viaThis()).resolves.toBe('private');
    await expect(reference.get(Named)[name]()).resolves.toBe('symbol');
    await reference.close();
  });

  it('binds a decorated override once, and leaves one without a decorator alone [peers 16]', async () => {
    let attempts = 0;
    @Injectable()
    class Again extends Plain {
      @Opero({ retry: { retries: 2, minDelay: 0 } })
      override async own(): Promise<string> {
        attempts++;
        await super.own().catch(() => undefined);
        throw new Error('always');
      }
    }
    @Injectable()
    class Bare extends Plain {
      override async own(): Promise<string> {
        throw new Error('bare');
      }
    }
    const reference = await app([Again, Bare]);
    await expect(reference.get(Again).own()).rejects.toThrow('always');
    expect(attempts).toBe(3);
    await expect(reference.get(Bare).own()).rejects.toThrow('bare');
    await reference.close();
  });

  it('adds up stacked decorators, the topmost nearest, in any order [peers 16]', async () => {
    @Injectable()
    class Stacked {
      calls = 0;
      @Opero({ retry: { retries: 1 } })
      @Opero({ retry: { retries: 5, minDelay: 0 }, fallback: { value: 'fallback' } })
      async method(): Promise<string> {
        this.calls++;
        throw new Error('down');
      }
    }
    const reference = await app([Stacked]);
    await expect(reference.get(Stacked).method()).resolves.toBe('fallback');
    expect(reference.get(Stacked).calls).toBe(2);
    expect(reference.get(OperoService, { strict: false }).describe(Stacked, 'method').order).toEqual([
      'fallback',
      'retry',
      'method',
    ]);
    await reference.close();
  });

  it('binds request-scoped, durable and transient instances, each with its own this [peers 3]', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      constructor(@Inject(REQUEST) readonly request: { id: string }) {}
      @Opero(retry)
      async who(): Promise<string> {
        failOnce(this);
        return this.request.id;
      }
    }
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      @Opero(retry)
      async method(): Promise<string> {
        failOnce(this);
        return 'durable';
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Each extends Plain {}
    @Injectable()
    class Consumer {
      constructor(readonly each: Each) {}
    }
    const reference = await app([PerRequest, Durable, Each, Consumer]);
    const answers = await Promise.all(
      ['alice', 'bob'].map(async (id) => {
        const context = ContextIdFactory.create();
        reference.registerRequestByContextId({ id }, context);
        return (await reference.resolve(PerRequest, context)).who();
      }),
    );
    expect(answers).toEqual(['alice', 'bob']);
    await expect((await reference.resolve(Durable)).method()).resolves.toBe('durable');
    await expect((await reference.resolve(Each)).own()).resolves.toBe('private');
    await expect(reference.get(Consumer).each.own()).resolves.toBe('private');
    await reference.close();
  });

  it('binds circles of forward references', async () => {
    @Injectable()
    class Left {
      constructor(@Inject(forwardRef(() => Right)) readonly right: { method(): Promise<string> }) {}
      @Opero(retry)
      async method(): Promise<string> {
        failOnce(this);
        return 'left';
      }
    }
    @Injectable()
    class Right {
      constructor(@Inject(forwardRef(() => Left)) readonly left: Left) {}
      @Opero(retry)
      async method(): Promise<string> {
        failOnce(this);
        return 'right';
      }
    }
    const reference = await app([Left, Right]);
    await expect(reference.get(Left).right.method()).resolves.toBe('right');
    await expect(reference.get(Right).left.method()).resolves.toBe('left');
    await reference.close();
  });

  it.each(['before', 'after'])(
    'binds calls made while the app boots, with OperoModule imported %s',
    async (position) => {
      const seen: { constructor?: unknown; hook?: string; factory?: string } = {};
      @Injectable()
      class InConstructor {
        readonly answer: Promise<string>;
        constructor(plain: Plain) {
          this.answer = plain.own();
        }
        async onModuleInit() {
          seen.constructor = await this.answer;
        }
      }
      @Injectable()
      class InHook {
        constructor(@Inject('second') private readonly plain: Plain) {}
        async onModuleInit() {
          seen.hook = await this.plain.own();
        }
      }
      @Module({
        providers: [
          Plain,
          InConstructor,
          InHook,
          { provide: 'second', useClass: Plain },
          { provide: 'third', useClass: Plain },
          {
            provide: 'async factory',
            inject: ['third'],
            useFactory: async (plain: Plain) => (seen.factory = await plain.own()),
          },
        ],
      })
      class Feature {}
      const opero = OperoModule.forRoot();
      @Module({ imports: position === 'before' ? [opero, Feature] : [Feature, opero] })
      class App {}
      const context = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
      expect(seen).toEqual({ constructor: 'private', hook: 'private', factory: 'private' });
      await context.close();
    },
  );

  it('is there after compile(), without init()', async () => {
    @Module({ imports: [OperoModule.forRoot()], providers: [Plain] })
    class App {}
    const reference = await Test.createTestingModule({ imports: [App] }).compile();
    await expect(reference.get(Plain).own()).resolves.toBe('private');
    await reference.close();
  });

  it('binds lazily loaded modules', async () => {
    @Module({ providers: [Plain] })
    class Lazy {}
    const reference = await app([]);
    const loaded = await reference.get(LazyModuleLoader, { strict: false }).load(() => Lazy);
    await expect(loaded.get(Plain).own()).resolves.toBe('private');
    await reference.close();
  });

  it('binds what it is handed', async () => {
    const reference = await app([]);
    const byHand = reference.get(OperoService, { strict: false }).bind(new Plain());
    await expect(byHand.own()).resolves.toBe('private');
    await reference.close();
  });

  it('leaves classes, own properties and constructors as they were', async () => {
    const before = Reflect.ownKeys(Plain.prototype);
    const own = Plain.prototype.own;
    const reference = await app([Plain]);
    const plain = reference.get(Plain);
    expect(Object.getOwnPropertyNames(plain)).toEqual(['label']);
    expect(plain.constructor).toBe(Plain);
    expect(plain).toBeInstanceOf(Plain);
    expect(Object.isFrozen(plain)).toBe(false);
    expect(Reflect.ownKeys(Plain.prototype)).toEqual(before);
    expect(Plain.prototype.own).toBe(own);
    expect({ ...plain }).toEqual({ label: 'label' });
    await reference.close();
  });

  it('gives the bound method the name, the length and the metadata of the method [peers 17]', async () => {
    @Controller()
    class Routes {
      @Get('first')
      @Opero(retry)
      above(_a: string, _b: number): Promise<string> {
        return Promise.resolve('');
      }
      @Opero(retry)
      @Get('second')
      below(): Promise<string> {
        return Promise.resolve('');
      }
    }
    const reference = await app([], { controllers: [Routes] });
    const bound = reference.get(Routes);
    for (const key of ['above', 'below'] as const) {
      const twin = Routes.prototype[key];
      expect(bound[key]).not.toBe(twin);
      expect(bound[key].name).toBe(key);
      expect(bound[key].length).toBe(twin.length);
      for (const name of Reflect.getMetadataKeys(twin)) {
        expect(Reflect.getMetadata(name, bound[key])).toBe(Reflect.getMetadata(name, twin));
      }
      expect(Reflect.getMetadata('design:paramtypes', bound, key)).toBe(
        Reflect.getMetadata('design:paramtypes', Routes.prototype, key),
      );
    }
    await reference.close();
  });

  it('leaves objects alone that cannot be bound', async () => {
    const throwing = { getPrototypeOf: () => { throw new Error('no'); } }; // prettier-ignore
    const frozen = Object.freeze(new Plain());
    const reference = await app([
      { provide: 'hostile', useFactory: () => new Proxy(() => undefined, throwing) },
      { provide: 'frozen', useValue: frozen },
    ]);
    await expect(reference.get('frozen').own()).rejects.toThrow('first attempt');
    await reference.close();
  });

  it('keeps two apps of one process apart, and leaves nothing when they close [peers 24]', async () => {
    const [first, second] = [await app([Plain]), await app([Plain])];
    const [a, b] = [first.get(Plain), second.get(Plain)];
    await a.own();
    await b.own();
    const snapshots = (reference: typeof first) =>
      reference.get(OperoService, { strict: false }).operations();
    expect(snapshots(first).find(({ operation }) => operation === 'Plain.own')?.counts.success).toBe(1);
    await first.close();
    expect(Object.getPrototypeOf(a)).toBe(Plain.prototype);
    const fresh = new Plain();
    await expect(Plain.prototype.own.call(fresh)).rejects.toThrow('first attempt');
    await b.inherited();
    await second.close();
    expect(Object.getPrototypeOf(b)).toBe(Plain.prototype);
  });

  it('tells classes of one name in two modules apart [peers 24]', async () => {
    const make = (answer: string) => {
      @Injectable()
      class Users {
        @Opero({ cache: true })
        async find(_id: number): Promise<string> {
          return answer;
        }
      }
      return Users;
    };
    const [One, Two] = [make('one'), make('two')];
    @Module({ providers: [One], exports: [One] })
    class First {}
    @Module({ providers: [Two], exports: [Two] })
    class Second {}
    @Module({ imports: [OperoModule.forRoot(), First, Second] })
    class App {}
    const reference = await Test.createTestingModule({ imports: [App] }).compile();
    await reference.init();
    expect(await reference.get(One, { strict: false }).find(1)).toBe('one');
    expect(await reference.get(Two, { strict: false }).find(1)).toBe('two');
    const names = reference
      .get(OperoService, { strict: false })
      .operations()
      .map(({ operation }) => operation);
    expect(names).toEqual(['Users.find', 'Second/Users.find']);
    await reference.close();
  });

  it('lets a closed app be collected', async () => {
    const collect = (globalThis as { gc?: () => void }).gc;
    if (!collect) throw new Error('run the tests with --expose-gc');
    const reference = await (async () => {
      const closed = await app([Plain]);
      await closed.get(Plain).own();
      const weak = new WeakRef(closed.get(ModuleRef));
      await closed.close();
      return weak;
    })();
    for (let turn = 0; turn < 20 && reference.deref(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
    }
    expect(reference.deref()).toBeUndefined();
  });
});
