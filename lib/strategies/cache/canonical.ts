import { isTypedArray } from 'node:util/types';

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
 * Throws {@link UnkeyableError} where contents do not tell the whole: functions, symbols, class instances, promises.
 */
export function canonical(values: readonly unknown[]): string {
  const encoder = new Encoder();
  let last = values.length;
  // f() and f(undefined) are one call to the method.
  while (last > 0 && values[last - 1] === undefined) last--;
  let text = '';
  for (let index = 0; index < last; index++) {
    text += encoder.encode(values[index], 0);
    if (text.length > LONGEST) throw new UnkeyableError('more than 64 KiB of arguments');
  }
  return text;
}

class Encoder {
  readonly #path: object[] = [];

  encode(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return tagged('s', value);
      case 'number':
        return `n${Object.is(value, -0) ? 0 : value};`;
      case 'boolean':
        return value ? 't' : 'f';
      case 'undefined':
        return 'u';
      case 'bigint':
        return `b${value};`;
      case 'object':
        return value === null ? '0' : this.#object(value, depth);
      default:
        throw new UnkeyableError(`a ${typeof value}`);
    }
  }

  #object(value: object, depth: number): string {
    const ancestor = this.#path.indexOf(value);
    if (ancestor >= 0) return `^${this.#path.length - ancestor};`;
    if (depth >= DEEPEST) throw new UnkeyableError(`an object of more than ${DEEPEST} levels`);
    this.#path.push(value);
    try {
      return this.#contents(value, depth + 1);
    } finally {
      this.#path.pop();
    }
  }

  #contents(value: object, depth: number): string {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value) && prototype === Array.prototype) {
      let items = '';
      for (const item of value) items += this.encode(item, depth);
      return `a${value.length}[${items}]`;
    }
    if (prototype === Object.prototype || prototype === null)
      return this.#record(value as Record<string, unknown>, depth);
    if (prototype === Date.prototype) return `d${(value as Date).getTime()};`;
    if (prototype === RegExp.prototype) return tagged('r', String(value));
    if (prototype === URL.prototype) return tagged('l', (value as URL).href);
    if (prototype === Map.prototype) {
      const entries = [...(value as Map<unknown, unknown>)].map(
        ([key, item]) => this.encode(key, depth) + this.encode(item, depth),
      );
      return `m${entries.length}[${entries.sort().join('')}]`;
    }
    if (prototype === Set.prototype) {
      const items = [...(value as Set<unknown>)].map((item) => this.encode(item, depth));
      return `e${items.length}[${items.sort().join('')}]`;
    }
    if (isTypedArray(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
      return tagged('y', `${value.constructor.name}:${bytes}`);
    }
    throw new UnkeyableError(`an instance of ${nameOf(prototype)}`);
  }

  #record(value: Record<string, unknown>, depth: number): string {
    if (Object.getOwnPropertySymbols(value).length > 0)
      throw new UnkeyableError('an object with symbols for keys');
    let text = '';
    for (const key of Object.keys(value).sort()) {
      if (value[key] !== undefined) text += tagged('k', key) + this.encode(value[key], depth);
    }
    return `o{${text}}`;
  }
}

const tagged = (tag: string, text: string): string => `${tag}${text.length}:${text}`;

function nameOf(prototype: unknown): string {
  return (prototype as { constructor?: { name?: string } } | null)?.constructor?.name || 'a class';
}
