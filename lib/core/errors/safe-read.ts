/** Anything with properties. */
export type AnyObject = Record<string, unknown>;

export const isObject = (value: unknown): value is AnyObject => typeof value === 'object' && value !== null;

/** Looks at an error of anybody's: one with getters that throw tells nothing. */
export function readSafely<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
