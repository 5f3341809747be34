/** Anything with properties. */
export type Bag = Record<string, unknown>;

export const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null;

/** Looks at an error of anybody's: one with getters that throw tells nothing. */
export function looking<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
