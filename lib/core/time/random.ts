/** A source of random numbers in [0, 1). Injected so that tests can replace it. */
export type Random = () => number;

/** `Math.random`. */
export const systemRandom: Random = Math.random;

/**
 * Creates a repeatable source: the same seed gives the same numbers. The algorithm is mulberry32 (Tommy Ettinger,
 * public domain).
 *
 * @param seed any whole number; only its lowest 32 bits are used
 * @example
 * OperoModule.forRoot({ random: seededRandom(42) });
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
