/**
 * Milliseconds in `count` seconds; every duration of this package is in milliseconds.
 *
 * @example
 * @Opero({ timeout: seconds(2) })
 */
export const seconds = (count: number): number => count * 1_000;

/** Milliseconds in `count` minutes. */
export const minutes = (count: number): number => count * 60_000;

/** Milliseconds in `count` hours. */
export const hours = (count: number): number => count * 3_600_000;
