import { isObject, readSafely, type AnyObject } from './safe-read.js';

/** How many errors of a chain are looked at: it may have a cycle. */
const DEEPEST = 8;

/**
 * The first answer of `look` about an error and its causes, outermost first; `undefined` if there is none, or if getters of
 * an error throw.
 */
export function findInCauses<T>(error: unknown, look: (error: AnyObject) => T | undefined): T | undefined {
  return readSafely(() => {
    let current = error;
    for (let depth = 0; depth < DEEPEST && isObject(current); depth++) {
      const found = look(current);
      if (found !== undefined) return found;
      current = current.cause;
    }
    return undefined;
  }, undefined);
}
