import type { AnyMethod } from './undecorated-methods.js';

/** Gives a function that stands in for a method everything that others read from the method. */
export function keepMethodIdentity(wrapped: AnyMethod, method: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(method, key)!;
    Object.defineProperty(wrapped, key, { ...descriptor, configurable: true });
  }
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped);
  }
  // What tells an async function from others.
  const kind = Object.getPrototypeOf(method) as object | null;
  if (kind !== Function.prototype) Object.setPrototypeOf(wrapped, kind);
  return wrapped;
}
