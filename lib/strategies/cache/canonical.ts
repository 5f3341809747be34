import { types } from 'node:util';
import { KeyClasses } from './key-classes.js';
import { isPlain, isPlainArray, viewName } from '../../core/values/index.js';

/** Thrown for arguments that cannot be told apart by their contents, so that they make no key. */
export class UnkeyableError extends Error {
  constructor(readonly what: string) {
    super(`${what} cannot be part of a cache key; give the cache a key function`);
    this.name = 'UnkeyableError';
  }
}

const DEEPEST = 100;
const LONGEST = 64 * 1024;

/**
 * Encodes values so that equal contents give equal text and different contents different text: every part carries
 * its type and its length, object keys, sets and maps are sorted. Properties that are `undefined` count as absent.
 * Instances of classes that are data and nothing else carry their class; see {@link KeyClasses}. Throws
 * {@link UnkeyableError} where contents do not tell the whole: functions, symbols, other instances, promises, hidden
 * properties, and beyond 64 KiB, as soon as that is reached.
 */
export function canonical(values: readonly unknown[], classes = new KeyClasses()): string {
  const encoder = new Encoder(classes);
  let last = values.length;
  // f() and f(undefined) are one call to the method.
  while (last > 0 && values[last - 1] === undefined) last--;
  let text = '';
  try {
    for (let index = 0; index < last; index++) text += encoder.encode(values[index], 0);
  } catch (error) {
    // What a getter throws may differ from call to call, and tell what no log should hold.
    throw error instanceof UnkeyableError ? error : new UnkeyableError('an object that cannot be looked at');
  }
  return text;
}

class Encoder {
  readonly #path: object[] = [];
  #length = 0;

  constructor(private readonly classes: KeyClasses) {}

  encode(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.#tagged('s', value);
      case 'number':
        return this.#counted(`n${Object.is(value, -0) ? 0 : value};`);
      case 'boolean':
        return this.#counted(value ? 't' : 'f');
      case 'undefined':
        return this.#counted('u');
      case 'bigint':
        // Hexadecimal, because decimals of a long one take quadratic time.
        return this.#counted(`b${value.toString(16)};`);
      case 'object':
        return value === null ? this.#counted('0') : this.#object(value, depth);
      default:
        throw new UnkeyableError(`a ${typeof value}`);
    }
  }

  #counted(text: string): string {
    this.#count(text.length);
    return text;
  }

  /** Parts that occur often count each time: what is made of few parts can be longer than all of them. */
  #count(length: number): void {
    fits((this.#length += length));
  }

  #tagged(tag: string, text: string): string {
    this.#count(text.length);
    return `${tag}${text.length}:${text}`;
  }

  #object(value: object, depth: number): string {
    const ancestor = this.#path.indexOf(value);
    if (ancestor >= 0) return this.#counted(`^${this.#path.length - ancestor};`);
    if (depth >= DEEPEST) throw new UnkeyableError(`an object of more than ${DEEPEST} levels`);
    this.#count(1);
    this.#path.push(value);
    try {
      return this.#contents(value, depth + 1);
    } finally {
      this.#path.pop();
    }
  }

  #contents(value: object, depth: number): string {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (isPlain(prototype)) return `o{${this.#record(value as Record<string, unknown>, depth)}}`;
    if (Array.isArray(value) && isPlainArray(prototype)) return this.#array(value, depth);
    if (types.isTypedArray(value)) return this.#bytes(value);
    if (types.isDate(value) && prototype === Date.prototype) {
      bare(value, 0, 'a date');
      return this.#counted(`d${value.getTime()};`);
    }
    if (types.isRegExp(value) && prototype === RegExp.prototype) return this.#pattern(value);
    if (prototype === URL.prototype) {
      bare(value, 0, 'an address');
      return this.#tagged('l', (value as URL).href);
    }
    if (types.isMap(value) && prototype === Map.prototype) return this.#map(value, depth);
    if (types.isSet(value) && prototype === Set.prototype) return this.#set(value, depth);
    const known = this.classes.of(prototype as object);
    if ('refused' in known) throw new UnkeyableError(known.refused);
    return `${this.#tagged('i', known.label)}{${this.#record(value as Record<string, unknown>, depth)}}`;
  }

  #pattern(value: RegExp): string {
    bare(value, 1, 'a pattern');
    if (value.lastIndex !== 0) throw new UnkeyableError('a pattern with a position');
    return this.#tagged('r', `/${value.source}/${value.flags}`);
  }

  #map(value: Map<unknown, unknown>, depth: number): string {
    bare(value, 0, 'a map');
    const entries = Array.from(value, ([key, item]) => this.encode(key, depth) + this.encode(item, depth));
    return `m${entries.length}[${entries.sort().join('')}]`;
  }

  #set(value: Set<unknown>, depth: number): string {
    bare(value, 0, 'a set');
    const items = Array.from(value, (item) => this.encode(item, depth));
    return `e${items.length}[${items.sort().join('')}]`;
  }

  #array(value: readonly unknown[], depth: number): string {
    const { length } = value;
    fits(length);
    rejectHidingProxy(value, length);
    // What `RegExp.exec` answers is an array, too. Where an item is missing, a property may stand in for it.
    let odd = Reflect.ownKeys(value).length > length + 1;
    let items = '';
    for (let index = 0; index < length && !odd; index++) {
      const item = value[index];
      if (item === undefined && !Object.hasOwn(value, index)) odd = !isSparse(value);
      items += this.encode(item, depth);
    }
    if (odd) throw new UnkeyableError('an array with properties of its own');
    return `a${length}[${items}]`;
  }

  #bytes(value: NodeJS.TypedArray): string {
    const name = viewName(value);
    if (name === undefined) throw new UnkeyableError('an instance of a class of typed arrays');
    fits(value.byteLength);
    bare(value, value.length, 'a typed array');
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    this.#count(bytes.length);
    return `y${name.length + 1 + bytes.length}:${name}:${bytes}`;
  }

  #record(value: Record<string, unknown>, depth: number): string {
    const keys = Object.keys(value);
    fits(keys.length);
    rejectHidingProxy(value, keys.length);
    const own = Reflect.ownKeys(value);
    if (own.length !== keys.length) {
      const symbols = own.some((key) => typeof key === 'symbol');
      throw new UnkeyableError(
        symbols ? 'an object with symbols for keys' : 'an object with hidden properties',
      );
    }
    let text = '';
    for (const key of keys.sort()) {
      const item = value[key];
      if (item !== undefined) text += this.#tagged('k', key) + this.encode(item, depth);
    }
    return text;
  }
}

/** What a proxy answers with need not be among its properties, and may be anybody's. */
function rejectHidingProxy(value: object, shown: number): void {
  if (shown === 0 && types.isProxy(value)) throw new UnkeyableError('a proxy');
}

function fits(length: number): void {
  if (length > LONGEST) throw new UnkeyableError('more than 64 KiB of arguments');
}

/** An object of the language with properties of its own is more than its contents tell. */
function bare(value: object, own: number, what: string): void {
  if (Reflect.ownKeys(value).length !== own) throw new UnkeyableError(`${what} with properties of its own`);
}

const isSparse = (value: readonly unknown[]): boolean =>
  Reflect.ownKeys(value).every((key) => key === 'length' || String(Number(key) >>> 0) === key);
