import type { AnyMethod } from './undecorated-methods.js';

/**
 * Copies to a replacement function everything that other code reads from a method: name, length, metadata,
 * properties.
 */
export function keepMethodIdentity(wrapped: AnyMethod, method: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(method, key)!;
    Object.defineProperty(wrapped, key, { ...descriptor, configurable: true });
  }
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped);
  }
  // The prototype is what identifies an async function.
  const kind = Object.getPrototypeOf(method) as object | null;
  if (kind !== Function.prototype) Object.setPrototypeOf(wrapped, kind);
  return wrapped;
}
