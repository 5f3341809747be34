import type { ModuleRef } from '@nestjs/core';
import type { CacheStore } from '../../core/strategy/index.js';

/**
 * The token of `@nestjs/cache-manager`, the same string in every version, so that the package need not be installed.
 */
const CACHE_MANAGER = 'CACHE_MANAGER';

/** Finds the app's cache in any module, global or not; `undefined` without one. */
export function findCache(reference: ModuleRef, warn: (message: string) => void): CacheStore | undefined {
  let caches: CacheStore[];
  try {
    caches = reference.get<CacheStore>(CACHE_MANAGER, {
      strict: false,
      each: true,
    }) as unknown as CacheStore[];
  } catch {
    return undefined;
  }
  const found = [...new Set(caches)].filter((cache) => typeof cache?.get === 'function');
  if (found.length > 1) {
    warn(
      `found ${found.length} caches and uses the last one; name one with OperoModule.forRoot({ cache: { store } })`,
    );
  }
  return found.at(-1);
}
