import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { canonical } from '../../lib/strategies/cache/index.js';
import { Harness } from '../support/harness.js';

class Filter {
  constructor(
    public name: string,
    public page = 1,
  ) {}
}
class SpecialFilter extends Filter {}
class WithMethod {
  id = 1;
  all(): number {
    return this.id;
  }
}
class WithAccessor {
  id = 1;
  get all(): number {
    return this.id;
  }
}
class WithSymbol {
  id = 1;
  *[Symbol.iterator](): Generator<number> {
    yield this.id;
  }
}
const hidden = new WeakMap<object, unknown>();
const __privateAdd = (instance: object, fields: typeof hidden, value: unknown) => fields.set(instance, value);
const _classPrivateFieldInitSpec = __privateAdd;

/** What esbuild makes of a private field for targets that have none. */
class ByEsbuild {
  constructor(value: unknown) {
    __privateAdd(this, hidden, value);
  }
}

/** What Babel makes of it. */
class ByBabel {
  constructor(value: unknown) {
    _classPrivateFieldInitSpec(this, hidden, value);
  }
}

class Private {
  #id: number;
  constructor(id: number) {
    this.#id = id;
  }
  static of = (one: Private) => one.#id;
}
class OfMethods extends WithMethod {}
class Bytes extends Uint8Array {}

const pattern = (lastIndex: number) => Object.assign(/a/g, { lastIndex });
const withHidden = (value: number) => Object.defineProperty({}, 'a', { value, enumerable: false });

describe('keys', () => {
  it('and copies are made of plain data of other realms, and of queries without a prototype [hard 2.7]', async () => {
    const NoPrototype = function () {} as unknown as new () => object;
    NoPrototype.prototype = Object.create(null) as object;
    const query = Object.assign(new NoPrototype(), { page: '1' });
    expect(canonical([query])).toBe(canonical([{ page: '1' }]));
    const elsewhere: unknown = runInNewContext("({ list: [1, { a: 'b' }] })");
    expect(canonical([elsewhere])).toBe(canonical([{ list: [1, { a: 'b' }] }]));
    const ofClass: unknown = runInNewContext('new (class List extends Array {})()');
    expect(() => canonical([ofClass])).toThrow('an instance of List cannot be part of a cache key');
    const list = new Harness().wrap({ cache: true }, async () => elsewhere as { list: unknown[] });
    (await list()).list.length = 0;
    expect(await list()).toEqual({ list: [1, { a: 'b' }] });
  });

  const secretive = {
    get name(): string {
      throw new Error('no connection for alice@example.com');
    },
  };
  const refused: [string, unknown, string][] = [
    ['arrays with properties', Object.assign([1], { extra: 1 }), 'an array with properties'],
    ['sparse arrays with properties', Object.assign([, 1], { extra: 1 }), 'an array with properties'], // oxlint-disable-line no-sparse-arrays
    ['what RegExp.exec answers', /(a)/.exec('a'), 'an array with properties'],
    ['dates with properties', Object.assign(new Date(0), { zone: 'a' }), 'a date with properties'],
    ['maps with properties', Object.assign(new Map(), { extra: 1 }), 'a map with properties'],
    ['sets with properties', Object.assign(new Set(), { extra: 1 }), 'a set with properties'],
    [
      'addresses with properties',
      Object.assign(new URL('http://a'), { extra: 1 }),
      'an address with properties',
    ],
    ['proxies that show no properties', new Proxy({}, { get: () => 'ada' }), 'a proxy'],
    ['proxies that show no items', new Proxy([], { get: Reflect.get }), 'a proxy'],
    ['patterns with a position', pattern(1), 'a pattern with a position'],
    ['bytes with properties', Object.assign(Uint8Array.of(1), { extra: 1 }), 'a typed array with properties'],
    ['subclassed typed arrays', Bytes.of(1), 'an instance of a class of typed arrays'],
    ['hidden properties', withHidden(1), 'an object with hidden properties'],
    ['symbols', { [Symbol('a')]: 1 }, 'an object with symbols'],
    ['instances with methods', new WithMethod(), 'an instance of WithMethod'],
    ['instances with accessors', new WithAccessor(), 'an instance of WithAccessor'],
    ['instances with methods under symbols', new WithSymbol(), 'an instance of WithSymbol'],
    ['instances whose parents have methods', new OfMethods(), 'an instance of OfMethods'],
    ['instances with private fields', new Private(1), 'an instance of Private, which has private fields,'],
    ['private fields by esbuild', new ByEsbuild(1), 'an instance of ByEsbuild, which has private fields,'],
    ['private fields by Babel', new ByBabel(1), 'an instance of ByBabel, which has private fields,'],
    ['instances of a class without a name', new (class {})(), 'an instance of a class without a name'],
    ['objects made of objects', Object.create({ role: 'admin' }), 'an instance of Object'],
    ['errors', new Error('a'), 'an instance of Error'],
    ['boxed primitives', new String('a'), 'an instance of String'],
    ['what does not let itself be looked at', secretive, 'an object that cannot be looked at cannot be part'],
  ];
  it.each(refused)('are refused to %s [hard 2.7]', (_name, value, message) => {
    expect(() => canonical([value])).toThrow(message);
    expect(() => canonical([{ deep: [value] }])).toThrow(message);
  });

  const different: [string, unknown, unknown][] = [
    ['DTOs with different data', new Filter('a'), new Filter('b')],
    ['a DTO and plain data', new Filter('a'), { ...new Filter('a') }],
    ['a DTO and one of a class of it', new Filter('a'), new SpecialFilter('a')],
    ['a Buffer and bytes', Buffer.from('a'), Uint8Array.from(Buffer.from('a'))],
    ['a sparse array and a list', [, 1], [1]], // oxlint-disable-line no-sparse-arrays
    ['patterns with the same text', /a\/g/, /a/g],
    ['long numbers', 10n ** 50n, 10n ** 50n + 1n],
  ];
  it.each(different)('tell %s apart [hard 2.7]', (_name, a, b) => {
    expect(canonical([a])).not.toBe(canonical([b]));
  });

  it('are the same for DTOs of the same class and data [hard 2.7]', () => {
    expect(canonical([{ filter: new SpecialFilter('a') }])).toBe(
      canonical([{ filter: new SpecialFilter('a') }]),
    );
    expect(canonical([pattern(0)])).toBe(canonical([/a/g]));
  });

  it('tell classes of one name apart by what they are, and refuse the second where that is the same [hard 2.7]', async () => {
    const one = (() =>
      class Query {
        id = 1;
      })();
    const other = (() =>
      class Query {
        id: number | string = 1;
        more = undefined;
      })();
    expect(canonical([new one()])).not.toBe(canonical([new other()]));
    const make = () =>
      class Query {
        id = 1;
      };
    const [first, second] = [make(), make()];
    const harness = new Harness();
    let loads = 0;
    const call = harness.wrap({ cache: true }, async (_query: object) => ++loads);
    expect([await call(new first()), await call(new first())]).toEqual([1, 1]);
    expect([await call(new second()), await call(new second())]).toEqual([2, 3]);
    expect(await call(new first())).toBe(1);
    expect(harness.warnings).toEqual([
      'Test.method1 runs uncached: an instance of one of two classes that are both called Query cannot be part of a cache key; give the cache a key function',
    ]);
  });

  it('take time in proportion to what they are, and stop at once where that is too much [hard 2.7]', () => {
    let twice: unknown = 1;
    for (let level = 0; level < 60; level++) twice = [twice, twice];
    let maps: unknown = 1;
    for (let level = 0; level < 60; level++) maps = new Map([[maps, maps]]);
    const startedAt = process.cpuUsage().user;
    for (const value of [
      twice,
      maps,
      Object.assign([], { length: 2 ** 31 }),
      new Uint8Array(2 ** 28),
      'x'.repeat(2 ** 28),
      Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [key, undefined])),
    ]) {
      expect(() => canonical([value])).toThrow('more than 64 KiB of arguments');
    }
    expect((process.cpuUsage().user - startedAt) / 1_000).toBeLessThan(2_000);
  });

  it('never meet those of another operation, whatever names they have [hard 2.7]', async () => {
    const harness = new Harness();
    const operation = (name: string, namespace: string, answer: string) => {
      const made = harness.wrap({ name, cache: { namespace, key: () => 'k' } }, async () => answer);
      return harness.outcome(made());
    };
    expect((await operation('b:c', 'a', 'first')).value).toBe('first');
    expect((await operation('c', 'a:b', 'second')).value).toBe('second');
    expect((await operation('b%3Ac', 'a', 'third')).value).toBe('third');
  });
});
