import { isDense, liveKind } from '../../core/values/index.js';
import { hidesFields } from './key-classes.js';

/** A class whose instances are brought back, or a function that makes the result of the plain data it is given. */
export type Revive = (abstract new (...args: never[]) => unknown) | ((plain: never) => unknown);

type Class = { readonly prototype: object };

/** Takes results apart for a store, and puts them together again. */
export interface Reviver {
  /** The plain data of a result; `undefined` when it is nothing that {@link revive} would bring back. */
  flatten(value: unknown): { readonly plain: unknown } | undefined;
  revive(plain: unknown): unknown;
}

export function reviverOf(revive: Revive | undefined): Reviver | undefined {
  if (!revive) return undefined;
  return isClass(revive) ? ofClass(revive) : ofFunction(revive as (plain: unknown) => unknown);
}

const isClass = (revive: Revive): revive is Revive & Class =>
  Object.getOwnPropertyDescriptor(revive, 'prototype')?.writable === false;

/** Instances and lists of instances; the constructor does not run. */
function ofClass({ prototype }: Class): Reviver {
  const allFields = isAllFields(prototype);
  const isOne = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === prototype;
  // Defined, not assigned: a field may hide a setter of the class.
  const bringBack = (plain: unknown): unknown =>
    typeof plain === 'object' && plain !== null
      ? (Object.create(prototype, Object.getOwnPropertyDescriptors(plain)) as unknown)
      : plain;
  return {
    flatten(value) {
      if (!allFields) return undefined;
      if (isOne(value)) return isOpen(value) ? { plain: { ...value } } : undefined;
      if (!Array.isArray(value) || !isDense(value)) return undefined;
      const items = value as unknown[];
      const fits = items.every((item) =>
        isOne(item) ? isOpen(item) : typeof item !== 'object' || item === null,
      );
      return fits ? { plain: items.map((item) => (isOne(item) ? { ...item } : item)) } : undefined;
    },
    revive: (plain) => (Array.isArray(plain) ? plain.map(bringBack) : bringBack(plain)),
  };
}

/** Whether nothing of an instance is hidden: neither private fields, nor what a class of the language keeps inside. */
function isAllFields(prototype: object): boolean {
  let current: object | null = prototype;
  for (; current && current !== Object.prototype; current = Object.getPrototypeOf(current) as object | null) {
    const type: unknown = Object.getOwnPropertyDescriptor(current, 'constructor')?.value;
    const source = typeof type === 'function' ? Function.prototype.toString.call(type) : '';
    if (hidesFields(source) || source.endsWith('{ [native code] }')) return false;
  }
  return true;
}

/** Whatever instances there are become plain objects: the function knows what they were. */
function ofFunction(revive: (plain: unknown) => unknown): Reviver {
  return {
    flatten(value) {
      try {
        return { plain: flatten(value, new Map()) };
      } catch (error) {
        if (error instanceof NotPlain) return undefined;
        throw error;
      }
    },
    revive: (plain) => revive(plain),
  };
}

/** Whether all there is to see of an instance are its fields. */
const isOpen = (instance: object): boolean =>
  Reflect.ownKeys(instance).every((name) => {
    const property = Object.getOwnPropertyDescriptor(instance, name)!;
    return (
      typeof name === 'string' && name !== '__proto__' && property.enumerable === true && 'value' in property
    );
  });

class NotPlain extends Error {}

function flatten(value: unknown, done: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (done.has(value)) return done.get(value);
  const tag = Object.prototype.toString.call(value);
  if (tag !== '[object Object]' && tag !== '[object Array]') return value;
  const isWhole = Array.isArray(value) ? isDense(value) : liveKind(value) === undefined && isOpen(value);
  if (!isWhole) throw new NotPlain();
  const plain = (Array.isArray(value) ? [] : {}) as Record<string, unknown>;
  done.set(value, plain);
  for (const [key, item] of Object.entries(value)) plain[key] = flatten(item, done);
  return plain;
}
