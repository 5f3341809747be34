import { types } from 'node:util';
import { findLive } from './live.js';
import { isDense, isPlain, isPlainArray } from './plain.js';

/** How copies of a value are made: not at all, or part by part, minding shared parts and special objects or not. */
export type Copying = 'none' | 'tree' | 'graph';

/** What can be done with a result. */
export interface Nature {
  readonly copying: Copying;
  /** Why it must be neither stored nor shared: it can be used only once. */
  readonly live?: string | undefined;
  /** What in it no store brings back as it is. */
  readonly foreign?: string | undefined;
  /** Whether JSON tells all of it. */
  readonly json: boolean;
  /** The parts that copies share, because only their makers could copy them. */
  readonly kept: ReadonlySet<object>;
}

const NOTHING_KEPT: ReadonlySet<object> = new Set();
const JSON_DATA: Nature = { copying: 'none', json: true, kept: NOTHING_KEPT };
const JSON_TREE: Nature = { copying: 'tree', json: true, kept: NOTHING_KEPT };

/** Tells what can be done with a result. Never throws: what cannot even be looked at is left to its caller alone. */
export function natureOf(value: unknown): Nature {
  if (value === null || typeof value === 'boolean' || (Number.isFinite(value) && !Object.is(value, -0)))
    return JSON_DATA;
  const inspection = new Inspection();
  try {
    inspection.visit(value, 0);
  } catch {
    return { ...JSON_DATA, live: 'an object that cannot be looked at' };
  }
  return inspection.result();
}

/** Not every store keeps what is no text in Unicode. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Beyond that many levels parts are kept as they are. */
const DEEPEST = 1_000;
/** Own properties of longer typed arrays are not looked for: that would make a string for each byte. */
const LONGEST_BYTES = 4_096;

const plainViews = new Map<object, string>(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    Buffer,
  ].map((type) => [type.prototype as object, type.name]),
);

/** The name of a typed array's own class, `Buffer` included; `undefined` for a subclass. */
export const viewName = (view: object): string | undefined =>
  plainViews.get(Object.getPrototypeOf(view) as object);

class Inspection {
  readonly #seen = new Set<object>();
  #kept: Set<object> | undefined;
  #live: string | undefined;
  #foreign: string | undefined;
  #json = true;
  #frozen = true;
  #graph = false;

  result(): Nature {
    const copying = this.#frozen ? 'none' : this.#graph ? 'graph' : 'tree';
    const live = this.#live;
    const foreign = this.#foreign;
    const json = this.#json && live === undefined && foreign === undefined;
    // Most results are like this, and share one object that says so.
    if (json && copying === 'tree') return JSON_TREE;
    return { copying, json, live, foreign, kept: this.#kept ?? NOTHING_KEPT };
  }

  visit(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        if (LONE_SURROGATE.test(value)) this.#json = false;
        return;
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.#json = false;
        return;
      case 'function':
        this.#live ??= 'a function';
        return;
      case 'symbol':
        this.#foreign ??= 'a symbol';
        return;
      case 'object':
        if (value !== null) this.#object(value, depth);
        return;
      default:
        this.#json = false;
    }
  }

  #object(value: object, depth: number): void {
    if (this.#seen.has(value)) {
      this.#json = false;
      this.#graph = true;
      return;
    }
    this.#seen.add(value);
    if (depth >= DEEPEST) return this.#keep(value, `more than ${DEEPEST} levels`);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) this.#array(value, prototype, depth + 1);
    else if (isPlain(prototype)) this.#record(value, prototype, depth + 1);
    else this.#special(value, prototype, depth + 1);
  }

  #array(value: unknown[], prototype: unknown, depth: number): void {
    if (!isPlainArray(prototype)) return this.#keep(value, 'an array of a class of its own');
    const dense = isDense(value);
    if (!dense) {
      this.#json = false;
      this.#graph = true;
      const foreign = Reflect.ownKeys(value).some((name) => name !== 'length' && !isIndex(name));
      if (foreign) return this.#keep(value, 'an array with properties of its own');
    }
    this.#mind(value);
    for (const index of dense ? value.keys() : Object.keys(value)) this.visit(value[Number(index)], depth);
  }

  #record(value: object, prototype: unknown, depth: number): void {
    const contents: unknown[] = [];
    let odd: string | undefined;
    for (const name of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name)!;
      if (typeof name === 'symbol') odd = 'an object with symbols for keys';
      else if (!('value' in property)) odd = 'an object with getters';
      else if (!property.enumerable || name === '__proto__') odd = 'an object with hidden properties';
      else if (!property.writable && Object.isExtensible(value)) odd = 'an object with read-only properties';
      else if (name === 'toJSON') this.#json = false;
      if ('value' in property) contents.push(property.value);
    }
    if (odd) return this.#keep(value, odd);
    if (prototype === null) {
      this.#json = false;
      this.#graph = true;
    }
    this.#mind(value);
    for (const item of contents) this.visit(item, depth);
  }

  /** A frozen part of something that is not frozen stays frozen in copies. */
  #mind(value: object): void {
    if (Object.isFrozen(value)) this.#graph = true;
    else this.#frozen = false;
    if (!Object.isExtensible(value) && !Object.isFrozen(value)) this.#graph = true;
  }

  #special(value: object, prototype: unknown, depth: number): void {
    if (!isCopyable(value, prototype)) return this.#instance(value);
    this.#json = false;
    this.#frozen = false;
    this.#graph = true;
    if (types.isRegExp(value) && value.lastIndex !== 0) this.#foreign ??= 'a pattern with a position';
    if (types.isMap(value)) for (const entry of value) for (const item of entry) this.visit(item, depth);
    else if (types.isSet(value)) for (const item of value) this.visit(item, depth);
  }

  #instance(value: object): void {
    this.#keep(value, nameOf(value));
  }

  #keep(value: object, what: string): void {
    this.#foreign ??= what;
    this.#graph = true;
    (this.#kept ??= new Set()).add(value);
    this.#live ??= findLive(value) ?? heldFunction(value);
  }
}

/** Data with functions beside it is meant for one caller; the functions an instance has are its own. */
function heldFunction(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!isPlain(prototype) && !Array.isArray(value)) return undefined;
  const own = Reflect.ownKeys(value).map((name) => Object.getOwnPropertyDescriptor(value, name)!);
  return own.some((property) => typeof property.value === 'function') ? 'a function' : undefined;
}

function isIndex(name: PropertyKey): boolean {
  return typeof name === 'string' && String(Number(name) >>> 0) === name;
}

/** Objects of the language that are copied by their contents. */
function isCopyable(value: object, prototype: unknown): boolean {
  if (types.isTypedArray(value)) {
    const plain = viewName(value) !== undefined && !types.isSharedArrayBuffer(value.buffer);
    return plain && (value.length > LONGEST_BYTES || Reflect.ownKeys(value).length === value.length);
  }
  const own = Reflect.ownKeys(value).length;
  switch (prototype) {
    case Date.prototype:
      return types.isDate(value) && own === 0;
    case RegExp.prototype:
      return types.isRegExp(value) && own === 1;
    case Map.prototype:
      return types.isMap(value) && own === 0;
    case Set.prototype:
      return types.isSet(value) && own === 0;
    case URL.prototype:
      return own === 0;
    case ArrayBuffer.prototype:
      return types.isArrayBuffer(value) && own === 0 && !(value as { resizable?: boolean }).resizable;
    default:
      return false;
  }
}

function nameOf(value: object): string {
  const type = (value as { constructor?: unknown }).constructor;
  return `an instance of ${(typeof type === 'function' && type.name) || 'a class'}`;
}
