import type { SharedResources } from '../core/strategy/index.js';

/** Keeps what is made in `made`. */
export const onceIn = (made: Map<string, unknown>): SharedResources => ({
  once: <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  },
});
