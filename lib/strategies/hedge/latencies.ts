/** How many answers are remembered. */
const REMEMBERED = 128;
/** How many new answers there must be before the quantile is computed anew. */
const STALE = 8;

/** How long the last answers took, and a quantile of that. Pure. */
export class Latencies {
  readonly #durations = new Float64Array(REMEMBERED);
  #count = 0;
  #computedAt = -Infinity;
  #value = 0;

  constructor(
    private readonly quantile: number,
    private readonly minimum: number,
  ) {}

  add(duration: number): void {
    this.#durations[this.#count++ % REMEMBERED] = duration;
  }

  /** The quantile of the recorded latencies (nearest rank), in ms; `undefined` while there are too few. */
  value(): number | undefined {
    if (this.#count < this.minimum) return undefined;
    if (this.#count - this.#computedAt >= STALE) {
      const sorted = this.#durations.slice(0, Math.min(this.#count, REMEMBERED)).sort();
      this.#value = sorted[Math.ceil(this.quantile * sorted.length) - 1]!;
      this.#computedAt = this.#count;
    }
    return this.#value;
  }
}
