import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { StreamableFile } from '@nestjs/common';
import type { CacheOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

class User {
  #secret = 1;
  constructor(
    public name: string,
    public when = new Date(7),
  ) {}
  get secret(): number {
    return this.#secret;
  }
}

class Point {
  constructor(
    public x: number,
    public at = new Date(x),
  ) {}
  get double(): number {
    return this.x * 2;
  }
}

class Lock {
  held = true;
  [Symbol.dispose](): void {
    this.held = false;
  }
}
class Connection {
  open = true;
  async [Symbol.asyncDispose](): Promise<void> {
    this.open = false;
  }
}

class Day extends Date {}
class Tags extends Set<string> {}

/** Bytes as they are left to whoever has sent them to a worker. */
function emptied(bytes: Uint8Array): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
  return bytes;
}

/** Lets itself be awaited, and tells nothing else. */
function refuse(name: string | symbol): undefined {
  if (name !== 'then') throw new Error('not for you');
}
class Table extends Map<number, number> {}

/** An app with a store, and a method that counts its loads. */
function cached<T>(load: () => T, cache: CacheOptions = {}, store: RemoteStore | null = new RemoteStore()) {
  const harness = new Harness({ caching: { store: () => store ?? undefined } });
  const loads = { count: 0 };
  const method = harness.wrap({ cache: { ttl: 1_000, ...cache } }, async () => (loads.count++, load()));
  const call = async (): Promise<T> => {
    const outcome = await harness.outcome(method());
    if (!outcome.ok) throw outcome.error;
    return outcome.value as T;
  };
  return { harness, store, loads, call, method };
}

const shared = { x: 1 };
const inCircle: Record<string, unknown> = {};
inCircle.self = inCircle;

describe('results with class instances', () => {
  it.each<[string, () => unknown]>([
    ['an instance', () => new User('ada')],
    ['a list of instances', () => [new User('ada'), new User('bob')]],
    [
      'an instance deep inside',
      () => ({ when: new Date(1), page: { items: [new Map([['a', new User('ada')]])] } }),
    ],
    ['an error', () => ({ failed: new TypeError('no', { cause: 1 }) })],
    ['a subclass of Date', () => [new Day(7)]],
    ['a subclass of Map', () => new Table([[1, 2]])],
    [
      'an instance whose class has functions for fields',
      () =>
        new (class {
          answer = () => 42;
        })(),
    ],
  ])('stay in the memory of this process as they are: %s [hard 2.3]', async (_name, make) => {
    const { store, loads, call, harness } = cached(make);
    const first = await call();
    const second = await call();
    expect(loads.count).toBe(1);
    expect(second).toStrictEqual(first);
    const instance = (value: any): unknown =>
      value?.page?.items[0].get('a') ?? value?.failed ?? value?.[0] ?? value;
    expect(instance(second)).toBe(instance(first));
    expect(store!.entries.size).toBe(0);
    expect(harness.warnings).toHaveLength(1);
    expect(harness.warnings[0]).toMatch(/^Test\.method1 keeps results in this process only.*cache\.revive/);
  });

  it('live there no longer than in the store, and go when evicted [hard 2.3]', async () => {
    const { harness, loads, call } = cached(() => new User('ada'));
    const operation = harness.runtime.operations.get('Test.method1')!;
    await call();
    await operation.evict([], undefined);
    await call();
    expect(loads.count).toBe(2);
    await operation.evictAll();
    await call();
    expect(loads.count).toBe(3);
    await harness.clock.advance(1_000);
    await call();
    expect(loads.count).toBe(4);
  });

  it('are stored where revive brings them back: a class, and lists of it [hard 2.3]', async () => {
    for (const make of [
      () => new Point(1),
      () => [new Point(1), new Point(2)],
      () => null,
      () => [] as unknown,
    ]) {
      const store = new RemoteStore();
      const here = cached(make as () => unknown, { revive: Point }, store);
      await here.call();
      const there = cached(make as () => unknown, { revive: Point }, store);
      expect(await there.call()).toStrictEqual(make());
      expect(there.loads.count).toBe(0);
      expect(here.harness.warnings).toEqual([]);
    }
  });

  it('are not stored where the class of revive is not all there is [hard 2.3]', async () => {
    class Sub extends Point {}
    for (const make of [
      () => new Sub(1),
      () => [new Point(1), new User('a')],
      () => ({ point: new Point(1) }),
      () => Object.assign([new Point(1)], { total: 7 }),
    ]) {
      const { store, call, loads } = cached<unknown>(make, { revive: Point });
      const first = await call();
      expect(await call()).toStrictEqual(first);
      expect(Object.keys((await call()) as object)).toEqual(Object.keys(first as object));
      expect([store!.entries.size, loads.count]).toEqual([0, 1]);
    }
  });

  it.each<[string, () => unknown, new (...args: never[]) => unknown]>([
    ['private fields', () => new User('ada'), User],
    ['private fields in a parent', () => new (class Admin extends User {})('ada'), User],
    ['what a Date has', () => new Day(7), Day],
    ['what a Set has', () => [new Tags(['a'])], Tags],
  ])(
    'are not stored where instances of the class of revive hide %s [hard 2.3]',
    async (_name, make, revive) => {
      const one = make();
      const type = Array.isArray(one) ? revive : ((one as object).constructor as typeof revive);
      const { store, call, loads, harness } = cached<unknown>(make, { revive: type });
      const first = await call();
      const second = await call();
      expect(second).toStrictEqual(first);
      expect([store!.entries.size, loads.count]).toEqual([0, 1]);
      expect(harness.warnings).toEqual([
        expect.stringContaining('give cache.revive another function or class'),
      ]);
      if (second instanceof User) expect(second.secret).toBe(1);
    },
  );

  it('keep a field that hides a setter of the class, and a list its length [hard 2.3]', async () => {
    const hiding = () => Object.defineProperty(new Point(1), 'double', { value: 5, enumerable: true });
    const store = new RemoteStore();
    await cached(hiding, { revive: Point }, store).call();
    expect(await cached(hiding, { revive: Point }, store).call()).toHaveProperty('double', 5);
    const longer = () => Object.assign([new Point(1)], { length: 3 });
    const { call } = cached(longer, { revive: (plain: unknown) => plain });
    await call();
    expect(await call()).toHaveLength(3);
  });

  it('are stored as the plain data that a function makes them of again [hard 2.3]', async () => {
    const store = new RemoteStore();
    const make = () => ({ when: new Date(3), points: [new Point(1), new Point(2)] });
    const revive = (plain: { when: Date; points: { x: number; at: Date }[] }) => ({
      ...plain,
      points: plain.points.map(({ x, at }) => new Point(x, at)),
    });
    await cached(make, { revive }, store).call();
    const there = cached(make, { revive }, store);
    expect(await there.call()).toStrictEqual(make());
    expect(there.loads.count).toBe(0);
  });

  it('are loaded anew where revive throws or answers later, with one line in the log [hard 2.3]', async () => {
    for (const revive of [
      () => {
        throw new Error('old shape');
      },
      async () => new Point(1),
    ]) {
      // prettier-ignore
      const store = new RemoteStore();
      await cached(() => new Point(1), { revive }, store).call();
      const { call, loads, harness } = cached(() => new Point(1), { revive }, store);
      expect((await call()).double).toBe(2);
      expect(loads.count).toBe(1);
      expect(harness.warnings.some((line) => line.includes('cache.revive failed'))).toBe(true);
    }
  });
});

describe('results that can be used once', () => {
  const kinds: [string, () => unknown][] = [
    ['a Readable', () => Readable.from(['a'])],
    ['a ReadableStream', () => new ReadableStream()],
    ['a WritableStream', () => new WritableStream()],
    ['a TransformStream', () => new TransformStream()],
    ['a Response', () => new Response('body')],
    ['a StreamableFile', () => new StreamableFile(Buffer.from('a'))],
    ['an Observable', () => of(1)],
    ['a generator', () => (function* () {})()],
    ['an async generator', () => (async function* () {})()],
    ['an iterator', () => [1, 2][Symbol.iterator]()],
    ['an iterator of a map', () => new Map().entries()],
    ['an async iterable', () => ({ [Symbol.asyncIterator]: () => undefined })],
    ['a lock', () => new Lock()],
    ['a connection inside', () => ({ connection: new Connection() })],
    ['a function', () => () => 1],
    ['a function inside', () => ({ when: new Date(0), again: () => 1 })],
    ['a promise inside', () => ({ later: Promise.resolve(1) })],
    ['a stream inside', () => ({ file: [Readable.from(['a'])] })],
    [
      'a stream in an instance',
      () =>
        new (class {
          body = Readable.from(['a']);
        })(),
    ],
    [
      'a promise deep in an instance',
      () =>
        new (class {
          deep = { list: [new Map([[1, Promise.resolve()]])] };
        })(),
    ],
  ];

  it.each(kinds)('are neither stored nor shared: %s [hard 2.4]', async (_name, make) => {
    for (const store of [null, new RemoteStore()]) {
      const { harness, loads, method } = cached(make, {}, store);
      const values = await Promise.all([method(), method(), method()]);
      values.push(await method());
      expect(new Set(values).size).toBe(4);
      expect(loads.count).toBe(4);
      expect(store?.entries.size ?? 0).toBe(0);
      expect(harness.warnings).toHaveLength(1);
      expect(harness.warnings[0]).toMatch(/^Test\.method1 answers with an? \w+, which is for one caller/);
      expect(harness.runtime.root.busy).toBe(false);
    }
  });

  it.each(kinds)('are not shared by single-flight alone either: %s [hard 2.4]', async (_name, make) => {
    const harness = new Harness();
    const call = harness.wrap({ singleFlight: true }, async () => make());
    expect(new Set(await Promise.all([call(), call(), call()])).size).toBe(3);
  });

  const hostile: [name: string, make: () => object][] = [
    ['bytes that were given away', () => emptied(new Uint8Array(8))],
    ['a buffer that was given away', () => ({ bytes: emptied(new Uint8Array(8)).buffer })],
    ['an address that is none', () => ({ url: Object.create(URL.prototype) as object })],
    ['a proxy that gives nothing away', () => new Proxy({ a: 1 }, { get: (_target, name) => refuse(name) })],
  ];

  it.each(hostile)('are what cannot be copied, which fails no call: %s [hard 2.4]', async (_name, make) => {
    for (const options of [{ cache: true }, { singleFlight: true }]) {
      const harness = new Harness();
      const method = harness.wrap(options, async () => make());
      const both = await Promise.all([method(), method()]);
      expect(both[0] === both[1]).toBe(false);
      expect(harness.warnings).toEqual([
        'Test.method1 answers with something that cannot be copied, which is for one caller: it is neither cached nor shared',
      ]);
    }
  });

  it('go to another caller when the one that began has left [hard 2.4]', async () => {
    const harness = new Harness();
    const operation = harness.operation({ singleFlight: true });
    const made: object[] = [];
    const method = async () => {
      await new Promise<void>((resolve) => harness.clock.schedule(10, resolve));
      made.push(Readable.from(['a']));
      return made.at(-1);
    };
    const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    const [leader, follower] = [begin(), begin()];
    await harness.clock.settle();
    leader!.call.abort(new Error('left'));
    await expect(leader!.result).rejects.toThrow('left');
    expect((await harness.outcome(follower!.result)).value).toBe(made[0]);
    expect(made).toHaveLength(1);
  });
});

describe('what comes back from a store', () => {
  const nullPrototype = Object.assign(Object.create(null) as object, { a: 1 });
  const own = Object.assign([1, 2], { extra: 3 });
  const accessor = Object.defineProperty({ a: 1 }, 'b', { get: () => 2, enumerable: true });
  const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false });
  const pattern = /a/g;
  pattern.lastIndex = 3;
  const table = Object.assign(new Map([[1, 2]]), { extra: 3 });
  const dated = Object.assign(new Date(7), { extra: 3 });
  const values: [string, unknown][] = [
    ['a Buffer', Buffer.from('bytes')],
    ['a Buffer inside', { file: Buffer.from('bytes'), when: new Date(1) }],
    [
      'typed arrays',
      [Float32Array.of(1.5), BigInt64Array.of(-1n), Uint8ClampedArray.of(255), Int16Array.of(-5)],
    ],
    ['a part of a buffer', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
    ['an ArrayBuffer', Uint8Array.of(1, 2).buffer],
    ['-0 and NaN', [-0, NaN, Infinity, -Infinity]],
    ['undefined inside', { a: undefined, b: [undefined] }],
    ['a sparse array', [, 1, , 2]], // oxlint-disable-line no-sparse-arrays
    ['a sparse list with a property', Object.assign([, 1], { extra: 2 })], // oxlint-disable-line no-sparse-arrays
    ['an object without prototype', nullPrototype],
    ['an object in a circle', inCircle],
    ['a part that occurs twice', [shared, shared]],
    ['BigInt', { many: 10n }],
    ['a pattern', /a/gi],
    ['a pattern with a position', pattern],
    ['an address', new URL('http://a/?b=c')],
    ['a set of maps', new Set([new Map([[{ k: 1 }, 'v']])])],
    ['lone surrogates', { text: '\ud800' }],
    ['texts that serializers take for their own', [':base64:AAAA', ':x', '__proto__']],
    ['a property called toJSON', { toJSON: 'x' }],
    ['a property called __proto__', JSON.parse('{"__proto__":{"admin":true}}')],
    ['a list with properties', own],
    ['an object with getters', accessor],
    ['an object with hidden properties', hidden],
    ['an object with symbols', { [Symbol.for('a')]: 1 }],
    ['a symbol', [Symbol.for('a')]],
    ['a map with properties', table],
    ['a date with properties', dated],
    ['boxed primitives', [new String('a'), new Number(1)]],
    ['frozen data', Object.freeze({ list: Object.freeze([1]) })],
    ['an error', [new RangeError('r')]],
  ];

  it.each(values)('is what was stored, or was never stored: %s [hard 2.5]', async (_name, value) => {
    const store = new RemoteStore();
    const here = cached(() => value, {}, store);
    await here.call();
    const again = await here.call();
    expect(again).toStrictEqual(value);
    expect(here.loads.count).toBe(1);
    const there = cached(() => value, {}, store);
    const elsewhere = await there.call();
    expect(elsewhere).toStrictEqual(value);
    for (const one of [again, elsewhere]) {
      expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(value));
      expect(Reflect.ownKeys(one as object)).toEqual(Reflect.ownKeys(value as object));
    }
    // Whatever could not be written down stayed here, and is no failure of the store.
    expect(there.loads.count).toBe(store.entries.size === 0 ? 1 : 0);
    for (const { harness } of [here, there]) {
      expect(harness.runtime.operations.get('Test.method1')!.snapshot().counts['cache-error']).toBe(0);
    }
  });

  it('is a bad date where it was one [hard 2.5]', async () => {
    const { call, store } = cached(() => [new Date(NaN)]);
    await call();
    expect((await call())[0]).toBeInstanceOf(Date);
    expect((await call())[0]!.getTime()).toBeNaN();
    expect(store!.entries.size).toBe(1);
  });

  it('gives no bytes away that lie beside those of a result [hard 2.5]', async () => {
    const pool = Buffer.from('secret|public|secret');
    const { store, call } = cached(() => new Uint8Array(pool.buffer, pool.byteOffset + 7, 6));
    await call();
    const text = [...store!.entries.values()].join();
    expect(text).toContain(Buffer.from('public').toString('base64'));
    expect(text.length).toBeLessThan(300);
  });

  it('keeps parts that occur twice, and circles, one part [hard 2.5]', async () => {
    const { call } = cached(() => ({ a: shared, b: shared }));
    await call();
    const again = await call();
    expect(again.a).toBe(again.b);
    expect(again.a).not.toBe(shared);
  });

  it('is not the reason to leave a store alone [hard 2.5]', async () => {
    const store = new RemoteStore();
    const harness = new Harness({ caching: { store: () => store } });
    const odd = harness.wrap({ cache: true }, async (id: number) => ({ id, symbol: Symbol('s') }));
    for (let id = 0; id < 10; id++) await harness.outcome(odd(id));
    let loads = 0;
    const fine = harness.wrap({ cache: true }, async () => ++loads);
    expect([(await harness.outcome(fine())).value, (await harness.outcome(fine())).value]).toEqual([1, 1]);
    expect(harness.warnings.filter((line) => !line.startsWith('Test.method1'))).toEqual([]);
  });

  it('survives depths at which no stack is left [hard 2.5]', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    const { call } = cached(() => deep);
    for (let time = 0; time < 2; time++) {
      let levels = 0;
      for (let part = await call(); Array.isArray(part); part = part[0]) levels++;
      expect(levels).toBe(50_000);
    }
  });
});

describe('callers', () => {
  const plain = () => ({
    list: [1, { a: 1 }],
    when: new Date(7),
    map: new Map([['k', { v: 1 }]]),
    set: new Set([{ s: 1 }]),
    bytes: Uint8Array.of(1),
    none: Object.create(null) as Record<string, unknown>,
  });
  const spoil = (value: ReturnType<typeof plain>): void => {
    value.list.push(2);
    (value.list[1] as { a: number }).a = 9;
    value.when.setTime(0);
    value.map.get('k')!.v = 9;
    value.map.clear();
    for (const item of value.set) item.s = 9;
    value.bytes[0] = 9;
    value.none.x = 9;
  };

  it.each<[string, RemoteStore | null]>([
    ['in this process', null],
    ['in a store', new RemoteStore()],
  ])('never share one object that can be changed, %s [hard 2.6]', async (_name, store) => {
    const { method, call, loads } = cached(plain, {}, store);
    const all = await Promise.all([method(), method(), method()]);
    all.push(await call());
    all.push(await call());
    expect(loads.count).toBe(1);
    for (const value of all) {
      expect(value).toStrictEqual(plain());
      spoil(value);
    }
    expect(await call()).toStrictEqual(plain());
  });

  it('never share one object with single-flight alone either [hard 2.6]', async () => {
    const harness = new Harness();
    const call = harness.wrap({ singleFlight: true }, async () => plain());
    const all = await Promise.all([call(), call(), call()]);
    for (const value of all) {
      expect(value).toStrictEqual(plain());
      spoil(value);
    }
    const one = harness.wrap({ singleFlight: { isolate: false } }, async () => plain());
    const [first, second] = await Promise.all([one(), one()]);
    expect(first).toBe(second);
  });

  it('never share what a store keeps by reference [hard 2.6]', async () => {
    const map = new Map<string, unknown>();
    const store = {
      get: async (key: string) => map.get(key),
      set: async (key: string, value: unknown) => void map.set(key, value),
      del: async (key: string) => map.delete(key),
    };
    const { call, loads } = cached(() => ({ list: [1] }), {}, store as unknown as RemoteStore);
    for (let count = 0; count < 3; count++) {
      const value = await call();
      expect(value).toEqual({ list: [1] });
      value.list.push(2);
    }
    expect(loads.count).toBe(1);
  });

  it.each<[string, () => RemoteStore | null]>([
    ['in this process', () => null],
    ['in a store', () => new RemoteStore()],
  ])('share what nobody can change, %s [hard 2.6]', async (_name, store) => {
    const value = Object.freeze({ list: Object.freeze([Object.freeze({ a: 1 })]), when: null });
    const { call, method } = cached(() => value, {}, store());
    const [first, second] = await Promise.all([method(), method()]);
    expect(first).toBe(second);
    const again = await call();
    expect(again).toStrictEqual(value);
    expect([again, again.list, again.list[0]].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each<[string, (bytes: Uint8Array) => unknown]>([
    ['bytes', (bytes) => bytes],
    ['bytes inside', (bytes) => ({ bytes })],
    ['a buffer', ({ buffer }) => [buffer]],
  ])(
    'have %s that were given away already, and no failure of the copy [hard 2.6]',
    async (_name, holding) => {
      const make = () => {
        const bytes = new Uint8Array([1, 2]);
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return holding(bytes);
      };
      const { call, loads } = cached(make, {}, null);
      expect([await call(), await call()]).toEqual([make(), make()]);
      expect(loads.count).toBe(2);
    },
  );

  it('share a proxy that shows nothing to copy [hard 2.6]', async () => {
    const { call, store } = cached(
      () => new Proxy({} as Record<string, string>, { get: (_target, key) => String(key) }),
    );
    await call();
    expect((await call()).name).toBe('name');
    expect(store!.entries.size).toBe(0);
    const get = (target: object, key: PropertyKey): unknown =>
      key === 'name' ? 'name' : Reflect.get(target, key);
    const list = cached(() => new Proxy<{ name?: string }[]>([], { get }));
    await list.call();
    expect(((await list.call()) as { name?: string }).name).toBe('name');
    expect(list.store!.entries.size).toBe(0);
  });

  it('share instances, and everything where isolate is off [hard 2.6]', async () => {
    for (const [value, isolate, same] of [
      [new User('ada'), true, true],
      [{ a: 1 }, true, false],
      [{ a: 1 }, false, true],
      [Object.freeze({ list: [1] }), true, false],
    ] as const) {
      const { call } = cached<unknown>(() => value, { isolate }, null);
      await call();
      expect((await call()) === value).toBe(same);
      expect(Object.isFrozen(await call())).toBe(Object.isFrozen(value));
    }
  });
});

it('an entity with flags that streams have as parts is cached [hard 2.4]', async () => {
  class FileInfo {
    readable = true;
    writable = false;
  }
  const { call, loads, harness } = cached(() => new FileInfo(), {}, null);
  expect([await call(), await call(), loads.count]).toEqual([new FileInfo(), new FileInfo(), 1]);
  expect(harness.warnings).toEqual([]);
  const stream = cached(() => new TransformStream(), {}, null);
  await stream.call();
  await stream.call();
  expect(stream.loads.count).toBe(2);
});
