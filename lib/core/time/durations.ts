/**
 * Converts seconds to milliseconds, the unit of every duration in this package.
 *
 * @example
 * @Opero({ timeout: seconds(2) })
 * async search(query: string): Promise<Product[]> { return this.client.search(query); }
 */
export const seconds = (count: number): number => count * 1_000;

/**
 * Converts minutes to milliseconds.
 *
 * @example
 * @Opero({ cache: minutes(5) })
 * async rates(): Promise<Rate[]> { return this.client.rates(); }
 */
export const minutes = (count: number): number => count * 60_000;

/**
 * Converts hours to milliseconds.
 *
 * @example
 * @Opero({ cache: hours(1) })
 * async countries(): Promise<string[]> { return this.client.countries(); }
 */
export const hours = (count: number): number => count * 3_600_000;
