import { types } from 'node:util';
import { isCopyable } from './language-objects.js';
import { findLive } from './single-use.js';
import { isDense, isPlain, isPlainArray } from './plain.js';

/**
 * How a value is copied: `none` shares it, `tree` copies plain data, `graph` also handles shared references and
 * built-in objects.
 */
export type Copying = 'none' | 'tree' | 'graph';

/** How a result can be cached, copied and shared. */
export interface Nature {
  readonly copying: Copying;
  /** Why the result must not be stored or shared: it can be consumed only once. */
  readonly live?: string | undefined;
  /** What in the result cannot be restored from a store. */
  readonly foreign?: string | undefined;
  /** Whether JSON represents the result completely. */
  readonly json: boolean;
  /** The parts that copies share, because this library cannot copy them. */
  readonly kept: ReadonlySet<object>;
}

const NOTHING_KEPT: ReadonlySet<object> = new Set();
const JSON_DATA: Nature = { copying: 'none', json: true, kept: NOTHING_KEPT };
const JSON_TREE: Nature = { copying: 'tree', json: true, kept: NOTHING_KEPT };

/** Inspects a result. Never throws: an object that cannot be inspected is neither stored nor shared. */
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

/** Not every store keeps strings that are not valid Unicode. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Parts nested more deeply than this are shared, not copied. */
const DEEPEST = 1_000;

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
    // The most frequent case shares one object.
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
    if (value.length === 0 && types.isProxy(value)) return this.#keep(value, 'a proxy');
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
    if (contents.length === 0 && types.isProxy(value)) odd = 'a proxy';
    if (odd) return this.#keep(value, odd);
    if (prototype === null) {
      this.#json = false;
      this.#graph = true;
    }
    this.#mind(value);
    for (const item of contents) this.visit(item, depth);
  }

  /** A frozen part of a value that is not frozen stays frozen in copies. */
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

/** Plain data that holds functions is not shared between callers. The functions of an instance do not count. */
function heldFunction(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!isPlain(prototype) && !Array.isArray(value)) return undefined;
  const own = Reflect.ownKeys(value).map((name) => Object.getOwnPropertyDescriptor(value, name)!);
  return own.some((property) => typeof property.value === 'function') ? 'a function' : undefined;
}

function isIndex(name: PropertyKey): boolean {
  return typeof name === 'string' && String(Number(name) >>> 0) === name;
}

function nameOf(value: object): string {
  const type = (value as { constructor?: unknown }).constructor;
  return `an instance of ${(typeof type === 'function' && type.name) || 'a class'}`;
}
