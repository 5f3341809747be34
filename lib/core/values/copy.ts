import { types } from 'node:util';
import { natureOf, type Nature } from './values.js';

/** Returns a deep copy. Parts in `kept` are shared, not copied. */
export function copyOf(value: unknown, { copying, kept }: Pick<Nature, 'copying' | 'kept'>): unknown {
  if (copying === 'none') return value;
  return copying === 'tree' ? copyTree(value) : new GraphCopy(kept).of(value);
}

/** Returns a copy for one user of a value that all calls share. A value that cannot be copied is returned itself. */
export function ownCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return copyOf(value, natureOf(value));
  } catch {
    return value;
  }
}

/** Copies plain objects and arrays. Written without helpers, because it runs on every cache hit. */
export function copyTree(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy = value.slice() as unknown[];
    for (let index = 0; index < copy.length; index++) {
      const item = copy[index];
      if (typeof item === 'object' && item !== null) copy[index] = copyTree(item);
    }
    return copy;
  }
  const copy = { ...(value as Record<string, unknown>) };
  for (const key in copy) {
    const item = copy[key];
    if (typeof item === 'object' && item !== null) copy[key] = copyTree(item);
  }
  return copy;
}

/** Freezes plain data deeply. */
export function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const item of Object.values(value)) freeze(item);
}

/** Copies values with shared or circular references, and built-in objects. */
class GraphCopy {
  readonly #copies = new Map<object, object>();

  constructor(private readonly kept: ReadonlySet<object>) {}

  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.kept.has(value)) return value;
    return this.#copies.get(value) ?? this.#object(value);
  }

  #object(value: object): object {
    const own = this.#special(value);
    if (own) {
      this.#copies.set(value, own);
      return own;
    }
    const copy = emptyLike(value) as Record<string, unknown>;
    this.#copies.set(value, copy);
    if (types.isMap(value)) {
      for (const [key, item] of value) (copy as unknown as typeof value).set(this.of(key), this.of(item));
    } else if (types.isSet(value)) {
      for (const item of value) (copy as unknown as typeof value).add(this.of(item));
    } else {
      for (const key of Object.keys(value)) copy[key] = this.of((value as Record<string, unknown>)[key]);
    }
    if (Object.isFrozen(value)) return Object.freeze(copy);
    if (Object.isSealed(value)) return Object.seal(copy);
    return Object.isExtensible(value) ? copy : Object.preventExtensions(copy);
  }

  /** Copies a built-in object without nested values; `undefined` for any other object. */
  #special(value: object): object | undefined {
    if (types.isDate(value)) return new Date(value.getTime());
    if (types.isRegExp(value)) {
      const copy = new RegExp(value.source, value.flags);
      copy.lastIndex = value.lastIndex;
      return copy;
    }
    if (Buffer.isBuffer(value)) return Buffer.from(value);
    if (types.isTypedArray(value)) return value.slice();
    if (types.isArrayBuffer(value)) return value.slice(0);
    return Object.getPrototypeOf(value) === URL.prototype ? new URL((value as URL).href) : undefined;
  }
}

function emptyLike(value: object): object {
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    // Empty slots at the end count, too.
    list.length = value.length;
    return list;
  }
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  return Object.getPrototypeOf(value) === null ? (Object.create(null) as object) : {};
}
