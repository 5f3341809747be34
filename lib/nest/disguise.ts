import type { AnyMethod } from './method-target.js';

/** Gives a function that stands in for a method everything that others read from the method. */
export function disguise(wrapped: AnyMethod, method: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(method, key)!;
    Object.defineProperty(wrapped, key, { ...descriptor, configurable: true });
  }
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped);
  }
  // What tells an async function from others.
  Object.setPrototypeOf(wrapped, Object.getPrototypeOf(method) as object | null);
  return wrapped;
}
