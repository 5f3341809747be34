/** Anything with properties. */
export type AnyObject = Record<string, unknown>;

export const isObject = (value: unknown): value is AnyObject => typeof value === 'object' && value !== null;

/** Reads from an unknown error; returns `otherwise` if its getters throw. */
export function readSafely<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
