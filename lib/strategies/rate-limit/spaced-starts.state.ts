import type { StartTimes } from './start-times.js';

/**
 * Starts that are evenly spaced: after a pause up to `burst` of them at once, then one every `spacing` ms. A half-open
 * interval of `d` ms has at most `ceil(d / spacing) + burst - 1` of them. What is kept does not grow with the limit. Pure:
 * time is an argument.
 *
 * Source: the generic cell rate algorithm in its form as a virtual schedule, ITU-T Recommendation I.371 (03/2004), annex A,
 * with the tolerance of `burst - 1` spacings; https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export class SpacedStarts implements StartTimes {
  /** When the next start is due if all starts were on time. */
  #due = -Infinity;
  #latest = -Infinity;
  #held = 0;

  constructor(
    readonly spacing: number,
    readonly burst: number,
  ) {}

  get held(): number {
    return this.#held;
  }

  tryTake(now: number): boolean {
    if (this.earliestStart(0, now) > now) return false;
    this.#held++;
    return true;
  }

  start(now: number): void {
    this.#held--;
    this.#due = Math.max(this.#due, now) + this.spacing;
    this.#latest = now;
  }

  giveBack(): void {
    this.#held--;
  }

  takeBack(startedAt: number): void {
    // Without an earlier one the starts after it would have to be computed anew; it stays, which permits none too early.
    if (startedAt === this.#latest) this.#due -= this.spacing;
  }

  earliestStart(ahead: number, now: number): number {
    const early = this.burst - 1 - this.#held - ahead;
    return Math.max(now, Math.max(this.#due, now) - early * this.spacing);
  }

  remainingAt(now: number): number {
    const late = (Math.max(this.#due, now) - now) / this.spacing;
    return Math.max(0, Math.floor(this.burst - this.#held - late));
  }

  nextReset(now: number): number {
    const late = Math.max(this.#due, now) - now;
    return now + (late % this.spacing || this.spacing);
  }

  isIdle(now: number): boolean {
    return this.#held === 0 && this.#due <= now;
  }
}

/** Ms whose starts come at once by default: timers are late by one or more of them, and what is late is lost. */
const TIMER_GRAIN = 10;
/** The share of the limit that this may cost. */
const MOST_LOST = 0.1;

/**
 * Spaces `limit` starts per `interval`. Without a `burst` the limit holds in every interval: where starts are closer than
 * timers can keep apart, a few come at once and the spacing is longer to make up for that.
 */
export function spacedStarts(limit: number, interval: number, burst: number | undefined): SpacedStarts {
  if (burst !== undefined) return new SpacedStarts(interval / limit, burst);
  const inGrain = Math.ceil((TIMER_GRAIN * limit) / interval);
  const own = Math.max(1, Math.min(inGrain, 1 + Math.floor(MOST_LOST * limit)));
  return new SpacedStarts(interval / (limit + 1 - own), own);
}
